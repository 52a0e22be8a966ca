/* SPDX-License-Identifier: MIT */
/* Instructions as text, and a line for each one executed. */
#ifndef DIME_SIM_TRACE_H
#define DIME_SIM_TRACE_H

#include <stdio.h>

#include "sim/chip.h"

/* "addi a0,a0,1": the instruction that compressed ones abbreviate. Returns text. */
const char *sim_disassemble(uint32_t bits, uint32_t pc, enum sim_model model, char *text, size_t size);

/* Cycle, pc, symbol, encoding, instruction, and the register that it changed. */
struct sim_trace {
    FILE *stream;
    uint64_t cycle;
    uint32_t registers[16];
};
void sim_trace_before(struct sim_trace *trace, struct sim_chip *chip);
void sim_trace_after(struct sim_trace *trace, struct sim_chip *chip, uint32_t pc, uint32_t instruction);
void sim_trace_interrupt(struct sim_trace *trace, struct sim_chip *chip, uint32_t line);

#endif
