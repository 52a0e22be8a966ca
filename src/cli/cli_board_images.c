/* SPDX-License-Identifier: MIT */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/cli_board.h"
#include "firmware/build.h"
#include "model/model.h"

enum { IMAGE_MOST = 16 * 1024 * 1024, BAUD = 115200 };

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for the chips' images");
}

/* ---- from files ---------------------------------------------------------------------------------------- */

static int read_image(struct cli_board_images *images, uint32_t chip, const char *path) {
    size_t size;
    images->names[chip] = strdup(path);
    if (!images->names[chip]) return out_of_memory();
    int status = dime_file_read(path, IMAGE_MOST, &images->bytes[chip], &size);
    if (!status) images->images[chip] = (struct sim_image){images->names[chip], images->bytes[chip], size};
    return status;
}

/* --firmware NAME=FILE.elf, each for a chip of the board. */
static int read_given(struct cli_board_images *images, const struct cli_board_settings *settings,
                      const struct sim_board *board) {
    for (const char **given = settings->firmware; given && *given; given++) {
        char name[SIM_BOARD_NAME];
        const char *equals = strchr(*given, '=');
        int chip = -1;
        if (equals && equals - *given < SIM_BOARD_NAME) {
            snprintf(name, sizeof name, "%.*s", (int)(equals - *given), *given);
            chip = sim_board_find_chip(board, name);
        }
        if (chip < 0)
            return dime_error_set(
                DIME_ERROR_USAGE,
                "--firmware %s: expected CHIP=FILE.elf with a chip of %s, such as %s=FILE.elf", *given,
                settings->board, board->chips[0].name);
        if (images->bytes[chip])
            return dime_error_set(DIME_ERROR_USAGE, "--firmware %s: given twice", *given);
        int status = read_image(images, (uint32_t)chip, equals + 1);
        if (status) return status;
    }
    return DIME_OK;
}

/* ---- from a model -------------------------------------------------------------------------------------- */

struct workshop {
    char folder[32];
    struct dime_model model;
    char *model_name;
};

static int build_image(struct cli_board_images *images, uint32_t chip, const struct workshop *workshop,
                       const char *application) {
    struct dime_firmware_report report;
    struct dime_firmware_settings firmware = {
        .app = dime_firmware_app_find(application),
        .model = &workshop->model,
        .model_name = workshop->model_name,
        .input_size = workshop->model.config.input_size,
        .baud = BAUD,
    };
    char *file = NULL, *elf;
    if (!firmware.app)
        return dime_error_set(DIME_ERROR_CONFIG, "application %s: unknown; `dime firmware --help` lists them",
                              application);
    if (asprintf(&file, "%s.elf", application) < 0) return out_of_memory();
    elf = dime_path_join(workshop->folder, file);
    free(file);
    if (!elf) return out_of_memory();
    firmware.elf = elf;
    int status = dime_firmware_build(&firmware, &report);
    if (!status) status = read_image(images, chip, elf);
    dime_firmware_report_free(&report);
    free(elf);
    return status;
}

static int open_workshop(struct workshop *workshop, const char *model) {
    int status = dime_model_read(model, &workshop->model);
    if (status) return status;
    workshop->model_name = dime_model_name_of_path(model);
    snprintf(workshop->folder, sizeof workshop->folder, "/tmp/dime-board-XXXXXX");
    if (!workshop->model_name) status = out_of_memory();
    if (!status && !mkdtemp(workshop->folder))
        status = dime_error_set(DIME_ERROR_IO, "%s: cannot be made", workshop->folder);
    if (status) dime_model_free(&workshop->model);
    return status;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status, (void)kind, (void)place;
    remove(path); /* what cannot be removed stays */
    return 0;
}

static void close_workshop(struct workshop *workshop) {
    nftw(workshop->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(workshop->model_name);
    dime_model_free(&workshop->model);
}

static int missing_image(const struct cli_board_settings *settings, const struct sim_board_chip *chip) {
    if (chip->application[0])
        return dime_error_set(DIME_ERROR_USAGE,
                              "chip %s of %s has no firmware: --model MODEL builds %s for it, --firmware "
                              "%s=FILE.elf takes one that is there",
                              chip->name, settings->board, chip->application, chip->name);
    return dime_error_set(DIME_ERROR_USAGE, "chip %s of %s has no firmware: give --firmware %s=FILE.elf",
                          chip->name, settings->board, chip->name);
}

static int build_rest(struct cli_board_images *images, const struct cli_board_settings *settings,
                      const struct sim_board *board) {
    struct workshop workshop = {0};
    int status = DIME_OK, open = 0;
    for (uint32_t i = 0; !status && i < board->chip_count; i++) {
        const struct sim_board_chip *chip = &board->chips[i];
        if (images->bytes[i]) continue;
        if (chip->firmware) {
            status = read_image(images, i, chip->firmware);
            continue;
        }
        if (!settings->model || !chip->application[0]) {
            status = missing_image(settings, chip);
            continue;
        }
        if (!open) status = open_workshop(&workshop, settings->model);
        open = !status;
        if (!status) status = build_image(images, i, &workshop, chip->application);
    }
    if (open) close_workshop(&workshop);
    return status;
}

int cli_board_images_open(struct cli_board_images *images, const struct cli_board_settings *settings,
                          const struct sim_board *board) {
    *images = (struct cli_board_images){0};
    int status = read_given(images, settings, board);
    return status ? status : build_rest(images, settings, board);
}

void cli_board_images_close(struct cli_board_images *images) {
    for (uint32_t i = 0; i < SIM_WORLD_CHIPS; i++) {
        free(images->names[i]);
        free(images->bytes[i]);
    }
}
