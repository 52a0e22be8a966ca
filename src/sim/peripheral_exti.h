/* SPDX-License-Identifier: MIT */
/* External interrupts (section 6.4). */
#ifndef DIME_SIM_PERIPHERAL_EXTI_H
#define DIME_SIM_PERIPHERAL_EXTI_H

#include <stdint.h>

#include "sim/peripheral_gpio.h"

struct sim_exti {
    uint32_t intenr, evenr, rtenr, ftenr, swievr, intfr;
};

void sim_exti_pin_changed(struct sim_peripherals *all, struct sim_pin pin, int level);

#endif
