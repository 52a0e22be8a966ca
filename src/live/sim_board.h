/* SPDX-License-Identifier: MIT */
/* The predictor board, simulated: a CH32V003 that runs the predictor's firmware image, its serial line and
   its 7-segment display. */
#ifndef DIME_LIVE_SIM_BOARD_H
#define DIME_LIVE_SIM_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "live/port.h"

struct dime_sim_board;

/* Loads the image and lets it start. baud: of the serial line. Errors: MEMORY, MALFORMED, UNSUPPORTED (no
   image for this chip), IO (the chip stopped). */
int dime_sim_board_create(struct dime_sim_board **board, const char *name, const uint8_t *elf, size_t size,
                          uint32_t baud);
void dime_sim_board_free(struct dime_sim_board *board); /* NULL is allowed */
/* The board's end of the line; lives as long as the board. */
struct dime_live_port dime_sim_board_port(struct dime_sim_board *board);
uint64_t dime_sim_board_cycles(const struct dime_sim_board *board); /* since reset */

#endif
