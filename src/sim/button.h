/* SPDX-License-Identifier: MIT */
/* A push button between a pin and ground (or supply). Its contacts bounce, the same way each time. */
#ifndef DIME_SIM_BUTTON_H
#define DIME_SIM_BUTTON_H

#include <stdint.h>

#include "sim/device.h"

struct sim_button {
    struct sim_chip *chip;
    uint32_t port, number;
    enum sim_pin_drive closed; /* what the pin sees while the button is pressed */
    enum sim_pin_drive open;   /* and while it is not: FLOATING, or an outside pull-up; may be set */
    uint32_t bounce_us;        /* how long the contacts bounce; 0: not at all */
    int pressed;
    uint32_t bounces_left;
    uint64_t release; /* cycle at which it is let go */
    uint32_t presses; /* so far, the one under way included */
};

/* `button` must outlive the chip. The pin needs a pull-up (pull-down), in the chip or outside. */
void sim_button_attach(struct sim_button *button, struct sim_chip *chip, uint32_t port, uint32_t number,
                       enum sim_pin_drive closed, uint32_t bounce_us);
/* Presses at cycle `at` (no earlier than now) and lets go `cycles` later. A second press before the end of
   the first takes its place. */
void sim_button_press(struct sim_button *button, uint64_t at, uint64_t cycles);

#endif
