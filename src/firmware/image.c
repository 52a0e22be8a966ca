/* SPDX-License-Identifier: MIT */
#include "firmware/image.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define IMAGE_LIMIT ((size_t)64 << 20)

int dime_image_out_of_memory(const struct dime_image *image) {
    return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", image->settings->elf);
}

/* ---- paths ---- */

/* "digits.elf" and ".bin" become "digits.bin". */
static int name_beside(const struct dime_image *image, const char *ending, char **path) {
    const char *elf = image->settings->elf;
    size_t length = strlen(elf), tail = strlen(".elf");
    if (length > tail && strcmp(elf + length - tail, ".elf") == 0) length -= tail;
    if (asprintf(path, "%.*s%s", (int)length, elf, ending) >= 0) return 0;
    *path = NULL;
    return dime_image_out_of_memory(image);
}

/* Objects go to a folder of their own, which is removed at the end. */
static int make_work_folder(struct dime_image *image) {
    char *pattern = dime_path_join(image->sources, ".objects.XXXXXX");
    if (!pattern) return dime_image_out_of_memory(image);
    image->is_new = access(image->sources, F_OK) != 0;
    int code = dime_make_folders(image->sources);
    if (!code && !mkdtemp(pattern)) code = dime_error_set(DIME_ERROR_IO, "%s: %s", pattern, strerror(errno));
    if (!code) image->work = realpath(pattern, NULL);
    if (!code && !image->work) code = dime_error_set(DIME_ERROR_IO, "%s: %s", pattern, strerror(errno));
    free(pattern);
    if (code) return code;
    image->linked = dime_path_join(image->work, "linked");
    return image->linked ? dime_make_folders(image->linked) : dime_image_out_of_memory(image);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

/* ---- life ---- */

int dime_image_open(struct dime_image *image, const struct dime_firmware_settings *settings) {
    *image = (struct dime_image){.settings = settings};
    int code = dime_toolchain_find(&image->toolchain);
    if (!code) code = name_beside(image, ".sources", &image->sources);
    return code ? code : make_work_folder(image);
}

void dime_image_close(struct dime_image *image) {
    if (image->work) nftw(image->work, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    if (image->is_new && !image->is_published) nftw(image->sources, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    dime_toolchain_free(&image->toolchain);
    for (uint32_t i = 0; i < image->object_count; i++) free(image->objects[i].folder);
    free(image->objects);
    free(image->sources);
    free(image->model_folder);
    free(image->firmware_folder);
    free(image->work);
    free(image->linked);
    *image = (struct dime_image){0};
}

int dime_image_build(struct dime_image *image, const struct dime_firmware_settings *chosen,
                     struct dime_firmware_report *report) {
    *report = (struct dime_firmware_report){.chip = dime_firmware_chip(chosen),
                                            .code = chosen->code,
                                            .kernels = chosen->kernels,
                                            .trade = chosen->trade,
                                            .prepared_only = chosen->prepared_only};
    report->compiler = strdup(image->toolchain.version);
    report->sources = strdup(image->sources);
    int code = report->compiler && report->sources ? 0 : dime_image_out_of_memory(image);
    if (!code) code = dime_image_write_drivers(image, chosen);
    if (!code) code = dime_image_write_model(image, chosen);
    report->convolutions = image->convolutions;
    if (!code) code = dime_image_link(image, chosen);
    return code ? code : dime_image_measure(image, report);
}

/* ---- results ---- */

static int copy_file(const char *from, const char *to) {
    uint8_t *bytes = NULL;
    size_t size;
    int code = dime_file_read(from, IMAGE_LIMIT, &bytes, &size);
    if (!code) code = dime_file_write(to, bytes, size);
    free(bytes);
    return code;
}

static int publish(const struct dime_image *image, const char *name, char *target, char **path) {
    char *from = dime_path_join(image->linked, name);
    int code = from && target ? copy_file(from, target) : dime_image_out_of_memory(image);
    free(from);
    if (code)
        free(target);
    else
        *path = target;
    return code;
}

int dime_image_publish(struct dime_image *image, struct dime_firmware_report *report) {
    char *bin, *hex = NULL;
    int code = name_beside(image, ".bin", &bin);
    if (!code) code = publish(image, "image.elf", strdup(image->settings->elf), &report->elf);
    if (code) {
        free(bin);
        return code;
    }
    code = publish(image, "image.bin", bin, &report->bin);
    if (!code) code = name_beside(image, ".hex", &hex);
    if (!code) code = publish(image, "image.hex", hex, &report->hex);
    image->is_published = !code;
    return code;
}

void dime_firmware_report_free(struct dime_firmware_report *report) {
    free(report->elf);
    free(report->bin);
    free(report->hex);
    free(report->sources);
    free(report->compiler);
    dime_space_free(&report->space);
    *report = (struct dime_firmware_report){0};
}
