/* SPDX-License-Identifier: MIT */
/* Ports A, C and D, and the alternate function remap (chapter 7). */
#ifndef DIME_SIM_PERIPHERAL_GPIO_H
#define DIME_SIM_PERIPHERAL_GPIO_H

#include <stdint.h>

#include "sim/device.h"
#include "sim/peripherals.h"

struct sim_peripherals;

/* Who may drive a pin that is configured as an alternate function output. */
enum sim_alternate { SIM_ALTERNATE_USART, SIM_ALTERNATE_TIM1, SIM_ALTERNATE_TIM2, SIM_ALTERNATES };

struct sim_gpio_port {
    uint32_t cfglr, outdr;
    uint32_t lckr, lock_step;
    int locked;
    uint8_t outside[SIM_PORT_PINS];                  /* enum sim_pin_drive */
    int8_t alternate[SIM_PORT_PINS][SIM_ALTERNATES]; /* level, or -1 where that peripheral does not drive */
    int8_t level[SIM_PORT_PINS];                     /* -1: nothing drives the pin */
};

struct sim_gpio {
    struct sim_gpio_port ports[SIM_PORTS];
    uint32_t pcfr1; /* AFIO remap */
    uint32_t exticr;
};

void sim_gpio_install(struct sim_peripherals *all);
/* What a peripheral wants on a pin: 0, 1, or -1 to let go. */
void sim_gpio_alternate(struct sim_peripherals *all, struct sim_pin pin, enum sim_alternate who, int level);
/* 1 where the pin is configured as an alternate function output. */
int sim_gpio_is_alternate(const struct sim_peripherals *all, struct sim_pin pin);
int sim_gpio_is_output(const struct sim_peripherals *all, struct sim_pin pin);
int sim_gpio_is_open_drain(const struct sim_peripherals *all, struct sim_pin pin);
/* Level that an input sees: 0 or 1; a floating pin reads 0. */
int sim_gpio_level(const struct sim_peripherals *all, struct sim_pin pin);
/* Bits of AFIO_PCFR1. */
uint32_t sim_gpio_remap(const struct sim_peripherals *all);

#endif
