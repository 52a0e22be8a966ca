/* SPDX-License-Identifier: MIT */
/* Reset and clock control (chapter 3). */
#ifndef DIME_SIM_PERIPHERAL_RCC_H
#define DIME_SIM_PERIPHERAL_RCC_H

#include <stdint.h>

struct sim_peripherals;

/* Offsets of the clock enables, which name a block's clock in struct sim_block. */
enum { SIM_RCC_AHBPCENR = 0x14, SIM_RCC_APB2PCENR = 0x18, SIM_RCC_APB1PCENR = 0x1C };

/* Causes of a reset, as RSTSCKR shows them. */
enum {
    SIM_RESET_PIN = 1 << 26,
    SIM_RESET_POWER = 1 << 27,
    SIM_RESET_SOFTWARE = 1 << 28,
    SIM_RESET_IWDG = 1 << 29,
    SIM_RESET_WWDG = 1 << 30,
};

struct sim_rcc {
    uint32_t ctlr, cfgr0, intr;
    uint32_t apb2prstr, apb1prstr;
    uint32_t ahbpcenr, apb2pcenr, apb1pcenr;
    uint32_t rstsckr;
    uint32_t crystal; /* Hz; 0 where none is fitted */
};

int sim_rcc_clock_enabled(const struct sim_peripherals *all, uint32_t clock_register, uint32_t bit);
/* Resets the chip and remembers why. */
void sim_rcc_reset_chip(struct sim_peripherals *all, uint32_t cause);
/* The independent watchdog switches the low-speed oscillator on and keeps it on. */
void sim_rcc_force_lsi(struct sim_peripherals *all);

#endif
