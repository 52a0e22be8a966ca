/* SPDX-License-Identifier: MIT */
/* TIM1 and TIM2 (chapters 10 and 11). */
#ifndef DIME_SIM_PERIPHERAL_TIMER_H
#define DIME_SIM_PERIPHERAL_TIMER_H

#include <stdint.h>

#include "sim/peripheral_gpio.h"

enum { SIM_TIMER_CHANNELS = 4 };

struct sim_timer {
    uint32_t ctlr1, ctlr2, smcfgr, dmaintenr, intfr, chctlr[2], ccer;
    uint32_t psc, atrlr, rptcr, ccr[SIM_TIMER_CHANNELS]; /* as written */
    uint32_t bdtr, dmacfgr;
    /* As in force: taken over at an update event where preloading is on. */
    uint32_t psc_now, atrlr_now, ccr_now[SIM_TIMER_CHANNELS];
    uint32_t repeats_left;                 /* turns until the next update event */
    uint64_t base;                         /* the cycle at which the counter became ... */
    uint32_t count;                        /* ... this */
    uint8_t reference[SIM_TIMER_CHANNELS]; /* OCxREF of the modes that keep it */
    uint32_t edges[SIM_TIMER_CHANNELS];    /* captured edges, for the input prescaler */
};

void sim_timers_install(struct sim_peripherals *all);
void sim_timers_pin_changed(struct sim_peripherals *all, struct sim_pin pin, int level);
/* Around a change of the remap. */
void sim_timers_release_pins(struct sim_peripherals *all);
void sim_timers_claim_pins(struct sim_peripherals *all);

#endif
