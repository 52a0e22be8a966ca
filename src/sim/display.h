/* SPDX-License-Identifier: MIT */
/* A 7-segment display with common anode: a segment is lit while its pin is low. */
#ifndef DIME_SIM_DISPLAY_H
#define DIME_SIM_DISPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "sim/chip.h"

enum {
    SIM_DISPLAY_MOST = 65536, /* digits remembered */
    SIM_DISPLAY_SEGMENTS = 7,
};

struct sim_display {
    uint8_t lit;            /* bit 0 segment A .. bit 6 segment G */
    uint64_t since;         /* cycle of the last change */
    uint32_t settle_cycles; /* a pattern counts as shown when it stays so long */
    uint8_t *shown;         /* patterns shown, in order; blanks are left out */
    size_t count;
    struct sim_pin pins[SIM_DISPLAY_SEGMENTS];
};

/* Listens to the chip's pins: segments A..G on PC0..PC6. */
void sim_display_attach(struct sim_display *display, struct sim_chip *chip, uint32_t settle_cycles);
/* The same, on pins A..G of the caller's choice. */
void sim_display_attach_pins(struct sim_display *display, struct sim_chip *chip,
                             const struct sim_pin pins[SIM_DISPLAY_SEGMENTS], uint32_t settle_cycles);
/* For a display behind something else than pins: what is lit from `cycle` on. Set settle_cycles first. */
void sim_display_light(struct sim_display *display, uint64_t cycle, uint8_t lit);
/* The run is over: what is lit now is shown. */
void sim_display_finish(struct sim_display *display, uint64_t cycle);
void sim_display_free(struct sim_display *display);

/* 0..9 of a pattern, or -1. */
int sim_display_digit(uint8_t lit);
enum { SIM_DISPLAY_ROWS = 3, SIM_DISPLAY_COLUMNS = 3 };
/* Row 0..2 of a drawn pattern: three characters and a zero byte. */
void sim_display_row(uint8_t lit, int row, char text[SIM_DISPLAY_COLUMNS + 1]);

#endif
