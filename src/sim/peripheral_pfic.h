/* SPDX-License-Identifier: MIT */
/* Programmable fast interrupt controller (sections 6.2 and 6.5.2). */
#ifndef DIME_SIM_PERIPHERAL_PFIC_H
#define DIME_SIM_PERIPHERAL_PFIC_H

#include <stdint.h>

struct sim_peripherals;

enum { SIM_PFIC_NESTING = 2, SIM_PFIC_TABLE_FREE = 2 };

/* Bit n of a 64-bit set is interrupt line n; the chip has lines 2 to 38. */
struct sim_pfic {
    uint64_t enabled, level, latched, active;
    uint8_t priority[64];
    uint32_t threshold;
    uint32_t sctlr;
    int event;                       /* what wfe waits for */
    uint8_t stack[SIM_PFIC_NESTING]; /* active lines, outermost first */
    uint32_t depth;
    uint8_t vtf_line[SIM_PFIC_TABLE_FREE];
    uint32_t vtf_address[SIM_PFIC_TABLE_FREE]; /* bit 0: in use */
};

void sim_pfic_install(struct sim_peripherals *all);
/* An event for wfe (EXTI). */
void sim_pfic_event(struct sim_peripherals *all);

#endif
