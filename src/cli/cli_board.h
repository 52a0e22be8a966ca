/* SPDX-License-Identifier: MIT */
/* `dime sim --board`: several chips with a camera, a button and a display. */
#ifndef DIME_CLI_BOARD_H
#define DIME_CLI_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "sim/board.h"
#include "sim/setup.h"

struct cli_board_settings {
    const char *board, *model;
    const char **photos;   /* ends with NULL; or NULL */
    const char **firmware; /* NAME=FILE.elf, ends with NULL; or NULL */
    const char *frames;    /* folder for what the camera put out of each photograph; or NULL */
    const char *damage;    /* percent of bytes, or NULL */
    int seed;              /* of damage and noise; -1: the board file's */
    int press_ms;          /* -1: when the LED says that the camera is ready */
    int hold_ms;           /* how long the button is held */
    int limit_ms;          /* how long to wait for readiness, and for a digit */
    int json;
};

/* Returns an exit status. */
int cli_board_run(const struct cli_board_settings *settings);

/* ---- cli_board_images.c -------------------------------------------------------------------------------- */

/* The image of each chip: from --firmware, from the board file, or built for its application from --model. */
struct cli_board_images {
    struct sim_image images[SIM_WORLD_CHIPS];
    char *names[SIM_WORLD_CHIPS];
    uint8_t *bytes[SIM_WORLD_CHIPS];
};
int cli_board_images_open(struct cli_board_images *images, const struct cli_board_settings *settings,
                          const struct sim_board *board);
void cli_board_images_close(struct cli_board_images *images);

#endif
