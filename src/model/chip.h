/* SPDX-License-Identifier: MIT */
/* The chips that firmware is built for: what they have room for. docs/firmware.md says what is certain of
 * each. */
#ifndef DIME_MODEL_CHIP_H
#define DIME_MODEL_CHIP_H

#include <stdint.h>

struct dime_chip {
    const char *name;                /* as options have it: "v003" */
    const char *full_name;           /* "CH32V003" */
    uint32_t flash_bytes, ram_bytes; /* what an image may take; RAM with the stack */
    uint32_t wait_states;            /* of the flash at 48 MHz */
    int has_multiplier;              /* 1: Zmmul, one cycle a product */
};

/* The first is the default; ends with a NULL name. */
extern const struct dime_chip dime_chips[];
const struct dime_chip *dime_chip_find(const char *name); /* NULL: unknown */

/* The same for an option --chip. Errors: USAGE (unknown: the message has the known ones). */
int dime_chip_choose(const char *name, const struct dime_chip **chip);

#endif
