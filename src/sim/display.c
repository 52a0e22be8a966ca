/* SPDX-License-Identifier: MIT */
#include "sim/display.h"

#include <stdlib.h>

enum { PORT_C = 1 };

static void keep(struct sim_display *display, uint64_t cycle) {
    if (!display->lit || cycle - display->since < display->settle_cycles ||
        display->count == SIM_DISPLAY_MOST)
        return;
    if ((display->count & (display->count - 1)) == 0) { /* a power of two: full */
        uint8_t *more = realloc(display->shown, display->count ? display->count * 2 : 1);
        if (!more) return;
        display->shown = more;
    }
    display->shown[display->count++] = display->lit;
}

void sim_display_light(struct sim_display *display, uint64_t cycle, uint8_t lit) {
    if (lit == display->lit) return;
    keep(display, cycle);
    display->lit = lit;
    display->since = cycle;
}

static void pin_changed(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct sim_display *display = context;
    for (uint32_t i = 0; i < SIM_DISPLAY_SEGMENTS; i++) {
        if (display->pins[i].port != port || display->pins[i].number != number) continue;
        uint8_t bit = (uint8_t)(1u << i);
        sim_display_light(display, cycle, (uint8_t)(level ? display->lit & ~bit : display->lit | bit));
    }
}

void sim_display_attach_pins(struct sim_display *display, struct sim_chip *chip,
                             const struct sim_pin pins[SIM_DISPLAY_SEGMENTS], uint32_t settle_cycles) {
    *display = (struct sim_display){.settle_cycles = settle_cycles};
    for (uint32_t i = 0; i < SIM_DISPLAY_SEGMENTS; i++) display->pins[i] = pins[i];
    sim_chip_pin_listen(chip, pin_changed, display);
}

void sim_display_attach(struct sim_display *display, struct sim_chip *chip, uint32_t settle_cycles) {
    static const struct sim_pin pins[SIM_DISPLAY_SEGMENTS] = {
        {PORT_C, 0}, {PORT_C, 1}, {PORT_C, 2}, {PORT_C, 3}, {PORT_C, 4}, {PORT_C, 5}, {PORT_C, 6}};
    sim_display_attach_pins(display, chip, pins, settle_cycles);
}

void sim_display_finish(struct sim_display *display, uint64_t cycle) {
    (void)cycle;
    display->settle_cycles = 0;
    keep(display, display->since);
    display->lit = 0;
}

void sim_display_free(struct sim_display *display) {
    free(display->shown);
    *display = (struct sim_display){0};
}

int sim_display_digit(uint8_t lit) {
    /* 6, 7 and 9 are drawn with and without their tails. */
    static const struct {
        uint8_t lit;
        int8_t digit;
    } patterns[] = {{0x3F, 0}, {0x06, 1}, {0x5B, 2}, {0x4F, 3}, {0x66, 4}, {0x6D, 5}, {0x7D, 6},
                    {0x7C, 6}, {0x07, 7}, {0x27, 7}, {0x7F, 8}, {0x6F, 9}, {0x67, 9}};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (patterns[i].lit == lit) return patterns[i].digit;
    return -1;
}

/* Segments: A top, B and C right, D bottom, E and F left, G middle. */
void sim_display_row(uint8_t lit, int row, char text[SIM_DISPLAY_COLUMNS + 1]) {
    static const struct {
        uint8_t left, middle, right;
    } rows[SIM_DISPLAY_ROWS] = {{0, 1 << 0, 0}, {1 << 5, 1 << 6, 1 << 1}, {1 << 4, 1 << 3, 1 << 2}};
    text[0] = lit & rows[row].left ? '|' : ' ';
    text[1] = lit & rows[row].middle ? '_' : ' ';
    text[2] = lit & rows[row].right ? '|' : ' ';
    text[3] = 0;
}
