/* SPDX-License-Identifier: MIT */
#include "model/chip.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

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

static void list_chips(char *text, size_t room) {
    int used = 0;
    for (const struct dime_chip *chip = dime_chips; chip->name; chip++)
        used += snprintf(text + used, room - (size_t)used, "%s%s", used ? ", " : "", chip->name);
}

int dime_chip_choose(const char *name, const struct dime_chip **chip) {
    char chips[100];
    *chip = dime_chip_find(name);
    if (*chip) return 0;
    list_chips(chips, sizeof chips);
    return dime_error_set(DIME_ERROR_USAGE, "--chip %s: unknown; it is one of %s", name, chips);
}
