/* SPDX-License-Identifier: MIT */
/* Independent and window watchdog (chapters 4 and 5). */
#ifndef DIME_SIM_PERIPHERAL_WATCHDOG_H
#define DIME_SIM_PERIPHERAL_WATCHDOG_H

#include <stdint.h>

struct sim_peripherals;

struct sim_iwdg {
    uint32_t pscr, rldr;
    int unlocked, running;
    uint64_t deadline; /* cycle of HCLK at which the counter reaches 0 */
};

struct sim_wwdg {
    uint32_t cfgr;
    int running, early; /* early: STATR.EWIF */
    uint32_t count;     /* 7 bits, as of ... */
    uint64_t base;      /* ... this cycle */
};

/* The watchdog counts the low-speed oscillator, so its deadline in cycles of HCLK moves with HCLK. */
void sim_iwdg_clock_changed(struct sim_peripherals *all, uint32_t before, uint32_t after);

#endif
