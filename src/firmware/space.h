/* SPDX-License-Identifier: MIT */
/* What takes flash and RAM in a linked program, from `nm`. */
#ifndef DIME_FIRMWARE_SPACE_H
#define DIME_FIRMWARE_SPACE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model/chip.h"

#define DIME_CHIP_RAM_BASE 0x20000000u

struct dime_space_item {
    char *name;
    uint32_t flash, ram; /* bytes; initialised data and code that runs from RAM take both */
};

struct dime_space {
    struct dime_space_item *items; /* the largest first */
    size_t count;
    uint32_t ram; /* bytes of static RAM: up to the symbol _end */
};

/* Reads `nm -S --defined-only`. Errors: MEMORY, MALFORMED (no symbol _end). */
int dime_space_parse(const char *text, struct dime_space *space);
void dime_space_free(struct dime_space *space);

/* A table of the largest `most` items, what is left, and totals beside what the chip has. flash: bytes of the
   image; stack: worst case. */
void dime_space_print(const struct dime_space *space, const struct dime_chip *chip, uint32_t flash,
                      uint32_t stack, size_t most, FILE *stream);

#endif
