/* SPDX-License-Identifier: MIT */
#include "sim/button.h"

enum {
    BUTTON_ORDER = SIM_ORDER_OUTSIDE + 1,
    BOUNCES = 4, /* times that the contact opens again before it stays closed, and the other way round */
};

static void set_contact(const struct sim_button *button, int closed) {
    sim_chip_pin_drive(button->chip, button->port, button->number, closed ? button->closed : button->open);
}

/* The contact changes 2 * BOUNCES times in bounce_us, and ends as it should. */
static uint64_t bounce_cycles(const struct sim_button *button) {
    return (uint64_t)button->bounce_us * sim_chip_clock(button->chip) / 1000000 / (2 * BOUNCES);
}

static void bounce(struct sim_chip *chip, void *state) {
    struct sim_button *button = state;
    button->bounces_left--;
    set_contact(button, button->bounces_left % 2 == 0 ? button->pressed : !button->pressed);
    if (button->bounces_left > 0) {
        sim_chip_schedule(chip, sim_chip_now(chip) + bounce_cycles(button), BUTTON_ORDER, bounce, button);
    }
}

static void move_contact(struct sim_button *button, int pressed) {
    button->pressed = pressed;
    button->bounces_left = 0;
    set_contact(button, pressed);
    if (bounce_cycles(button) > 0) {
        button->bounces_left = 2 * BOUNCES;
        sim_chip_schedule(button->chip, sim_chip_now(button->chip) + bounce_cycles(button), BUTTON_ORDER,
                          bounce, button);
    }
}

static void let_go(struct sim_chip *chip, void *state) {
    (void)chip;
    move_contact(state, 0);
}

static void press(struct sim_chip *chip, void *state) {
    struct sim_button *button = state;
    button->presses++;
    move_contact(button, 1);
    sim_chip_schedule(chip, button->release, BUTTON_ORDER, let_go, button);
}

void sim_button_attach(struct sim_button *button, struct sim_chip *chip, uint32_t port, uint32_t number,
                       enum sim_pin_drive closed, uint32_t bounce_us) {
    *button = (struct sim_button){
        .chip = chip,
        .port = port,
        .number = number,
        .closed = closed,
        .bounce_us = bounce_us,
    };
}

void sim_button_press(struct sim_button *button, uint64_t at, uint64_t cycles) {
    button->release = at + cycles;
    sim_chip_schedule(button->chip, at, BUTTON_ORDER, press, button);
}
