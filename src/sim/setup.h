/* SPDX-License-Identifier: MIT */
/* A board come to life: chips with their images, and the parts at their pins. */
#ifndef DIME_SIM_SETUP_H
#define DIME_SIM_SETUP_H

#include <stddef.h>
#include <stdint.h>

#include "sim/board.h"
#include "sim/button.h"
#include "sim/shift_register.h"
#include "sim/world.h"

/* A firmware image for one chip of the board. */
struct sim_image {
    const char *name; /* for messages */
    const uint8_t *bytes;
    size_t size;
};

/* Something that shines: a display's segments or an LED (bit 0). */
struct sim_light {
    uint8_t lit;
    uint64_t since; /* ps: the last change */
};

struct sim_setup {
    struct sim_board board; /* a copy without file names */
    struct sim_world world;
    struct sim_chip *chips[SIM_WORLD_CHIPS];
    struct sim_ov7670 *cameras[SIM_BOARD_PARTS];
    struct sim_button buttons[SIM_BOARD_PARTS];
    struct sim_display displays[SIM_BOARD_PARTS];
    struct sim_shift_register registers[SIM_BOARD_PARTS];
    struct sim_serial_wire wires[SIM_WORLD_WIRES];
    struct sim_light shown[SIM_BOARD_PARTS], leds[SIM_BOARD_PARTS];
};

/* Makes chips and parts; `images` are in the order of the board's chips. Everything is at power-on. Errors:
   MALFORMED, UNSUPPORTED (images), MEMORY. *setup is NULL then. */
int sim_setup_create(struct sim_setup **setup, const struct sim_board *board, const struct sim_image *images);
void sim_setup_free(struct sim_setup *setup); /* NULL is allowed */

/* One slice of time further (sim_world_run); lights are up to date afterwards. */
int sim_setup_run(struct sim_setup *setup);
/* Presses a button now, for so many milliseconds. */
void sim_setup_press(struct sim_setup *setup, uint32_t button, uint32_t milliseconds);

#endif
