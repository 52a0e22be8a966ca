/* SPDX-License-Identifier: MIT */
#include "model/chip.h"

#include <stddef.h>
#include <string.h>

const struct dime_chip dime_chips[] = {
    {.name = "v003", .full_name = "CH32V003", .flash_bytes = 16384, .ram_bytes = 2048, .wait_states = 1},
    {.name = "v002",
     .full_name = "CH32V002",
     .flash_bytes = 16384,
     .ram_bytes = 4096,
     .wait_states = 2,
     .has_multiplier = 1},
    {.name = NULL},
};

const struct dime_chip *dime_chip_find(const char *name) {
    for (const struct dime_chip *chip = dime_chips; chip->name; chip++)
        if (strcmp(chip->name, name) == 0) return chip;
    return NULL;
}
