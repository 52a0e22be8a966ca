/* SPDX-License-Identifier: MIT */
/* Where the cycles go: each instruction's count and cycles, and who called whom. */
#ifndef DIME_SIM_PROFILE_H
#define DIME_SIM_PROFILE_H

#include <stdio.h>

#include "sim/chip.h"

struct sim_profile;

/* Errors: MEMORY. */
int sim_profile_create(struct sim_profile **profile);
void sim_profile_free(struct sim_profile *profile);

/* To be called by an observer of the chip. */
void sim_profile_after(struct sim_profile *profile, struct sim_chip *chip, uint32_t pc, uint32_t instruction,
                       uint64_t cycles);
void sim_profile_interrupt(struct sim_profile *profile, struct sim_chip *chip);
/* Functions that still run are closed. */
void sim_profile_finish(struct sim_profile *profile, struct sim_chip *chip);

/* A source line, found by the caller. */
struct sim_line {
    const char *file;
    uint32_t line;
};
typedef struct sim_line sim_line_finder(void *context, uint32_t address);

/* Addresses at which something was executed, ascending; returns how many there are and writes at most `most`.
 */
size_t sim_profile_addresses(const struct sim_profile *profile, uint32_t *addresses, size_t most);

/* Tables of functions (own cycles, cycles with what they called, instructions, calls) and of the `most` most
   expensive source lines; lines only where `find` is not NULL. */
void sim_profile_write_table(const struct sim_profile *profile, const struct sim_chip *chip,
                             sim_line_finder *find, void *context, size_t most, FILE *stream);
/* Callgrind format, version 1, as KCachegrind reads it: events Cycles and Instructions. */
void sim_profile_write_callgrind(const struct sim_profile *profile, const struct sim_chip *chip,
                                 const char *elf, sim_line_finder *find, void *context, FILE *stream);

#endif
