/* SPDX-License-Identifier: MIT */
/* A board file: which chips there are, and what is wired to their pins. docs/hardware.md has the format. */
#ifndef DIME_SIM_BOARD_H
#define DIME_SIM_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "sim/display.h"
#include "sim/ov7670.h"
#include "sim/serial_wire.h"
#include "sim/world.h"

enum { SIM_BOARD_PARTS = 4, SIM_BOARD_NAME = 32, SIM_BOARD_LARGEST_FILE = 1 << 16 };

struct sim_board_chip {
    char name[SIM_BOARD_NAME];
    char application[SIM_BOARD_NAME]; /* what `dime firmware --app` builds for it; "" where not said */
    char *firmware;                   /* an ELF file beside the board file, or NULL */
    int32_t ppm;                      /* its oscillator's error, -30000 .. 30000 millionths */
};

struct sim_board_camera {
    uint32_t chip; /* index */
    struct sim_ov7670_settings settings;
};

struct sim_board_button {
    uint32_t chip;
    struct sim_pin pin;
    int closes_high; /* to the supply instead of to ground */
    uint32_t bounce_us;
};

struct sim_board_led {
    uint32_t chip;
    struct sim_pin pin;
};

struct sim_board_display {
    uint32_t chip;
    int shifted; /* 1: through a 74HC595, A..G at QA..QG */
    struct sim_pin segments[SIM_DISPLAY_SEGMENTS];
    struct sim_pin data, clock, latch;
};

struct sim_board_wire {
    uint32_t from, to; /* chips */
    struct sim_pin tx, rx;
    uint32_t baud;
    struct sim_damage damage;
};

struct sim_board {
    struct sim_board_chip chips[SIM_WORLD_CHIPS];
    struct sim_board_camera cameras[SIM_BOARD_PARTS];
    struct sim_board_button buttons[SIM_BOARD_PARTS];
    struct sim_board_led leds[SIM_BOARD_PARTS];
    struct sim_board_display displays[SIM_BOARD_PARTS];
    struct sim_board_wire wires[SIM_WORLD_WIRES];
    uint32_t chip_count, camera_count, button_count, led_count, display_count, wire_count;
};

/* Reads a board file. Messages name file, line and key. Errors: IO, MALFORMED (not YAML), CONFIG, MEMORY.
   Free the board in every case. */
int sim_board_read(const char *path, struct sim_board *board);
/* The same from memory; `name` is used in messages, and firmware files are looked for beside it. */
int sim_board_parse(const char *name, const char *text, size_t size, struct sim_board *board);
void sim_board_free(struct sim_board *board);
/* Index of a chip, or -1. */
int sim_board_find_chip(const struct sim_board *board, const char *name);

#endif
