/* SPDX-License-Identifier: MIT */
#include "cli/firmware_image.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "firmware/build.h"

#define ELF_LIMIT ((size_t)64 << 20)

static int build_in(const char *folder, const struct dime_firmware_settings *settings,
                    struct dime_firmware_report *report, struct cli_firmware_image *image) {
    struct dime_firmware_settings complete = *settings;
    char *elf = dime_path_join(folder, "image.elf");
    if (!elf) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a firmware");
    complete.model_name = "model";
    complete.elf = elf;
    complete.code = DIME_CODE_AUTO;
    int code = dime_firmware_build(&complete, report);
    if (!code && image) code = dime_file_read(elf, ELF_LIMIT, &image->elf, &image->size);
    free(elf);
    return code;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

static int build(const struct dime_firmware_settings *settings, struct dime_firmware_report *report,
                 struct cli_firmware_image *image) {
    char folder[256];
    const char *temporary = getenv("TMPDIR");
    *report = (struct dime_firmware_report){0};
    snprintf(folder, sizeof folder, "%.200s/dime-chip-XXXXXX", temporary && *temporary ? temporary : "/tmp");
    if (!mkdtemp(folder)) return dime_error_set(DIME_ERROR_IO, "%s: cannot be made; set TMPDIR", folder);
    int code = build_in(folder, settings, report, image);
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return code;
}

int cli_firmware_image_build(const struct dime_model *model, const char *app, uint32_t baud,
                             struct cli_firmware_image *image) {
    const struct dime_firmware_settings settings = {
        .app = dime_firmware_app_find(app), .model = model, .baud = baud};
    struct dime_firmware_report report;
    memset(image, 0, sizeof *image);
    if (!settings.app) return dime_error_set(DIME_ERROR_UNSUPPORTED, "no firmware is called %s", app);
    int code = build(&settings, &report, image);
    image->flash_bytes = report.flash_bytes;
    image->ram_bytes = report.ram_bytes;
    image->stack_bytes = report.stack.bytes;
    dime_firmware_report_free(&report);
    return code;
}

int cli_firmware_plan(const struct dime_firmware_settings *settings, struct dime_firmware_report *report) {
    return build(settings, report, NULL);
}

void cli_firmware_image_free(struct cli_firmware_image *image) {
    free(image->elf);
    memset(image, 0, sizeof *image);
}
