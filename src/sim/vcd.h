/* SPDX-License-Identifier: MIT */
/* Pins and what the chip sends as waveforms for GTKWave: value change dump, IEEE 1364-2005, chapter 18. A
   cycle of the core clock is drawn as 1/48 us, whatever the clock is set to. */
#ifndef DIME_SIM_VCD_H
#define DIME_SIM_VCD_H

#include <stdio.h>

#include "sim/chip.h"

struct sim_vcd {
    FILE *stream;
    uint64_t time; /* last one written, in cycles */
    int started;
};

/* Writes the header and listens to pins and bytes; the stream stays the caller's. Errors: MEMORY. */
int sim_vcd_attach(struct sim_vcd *vcd, struct sim_chip *chip, FILE *stream);
void sim_vcd_finish(struct sim_vcd *vcd, uint64_t cycle);

#endif
