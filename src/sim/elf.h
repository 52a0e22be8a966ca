/* SPDX-License-Identifier: MIT */
/* Reads 32-bit little-endian RISC-V executables. Trusts nothing in them. */
#ifndef DIME_SIM_ELF_H
#define DIME_SIM_ELF_H

#include <stddef.h>
#include <stdint.h>

#include "sim/symbols.h"

enum { SIM_SEGMENTS_MOST = 16 };

struct sim_segment {
    uint32_t address; /* where it is loaded: its physical address */
    const uint8_t *bytes;
    uint32_t size;
};

struct sim_elf {
    struct sim_segment segments[SIM_SEGMENTS_MOST]; /* that have bytes in the file, in its order */
    uint32_t segment_count;
    struct sim_symbols symbols;
};

/* `bytes` must outlive the segments; `name` is for messages. Errors: MALFORMED, UNSUPPORTED (another machine,
   not an executable), MEMORY; nothing is left to free then. */
int sim_elf_read(struct sim_elf *elf, const char *name, const uint8_t *bytes, size_t size);
void sim_elf_free(struct sim_elf *elf);

#endif
