/* SPDX-License-Identifier: MIT */
/* A network's testset image on the simulated chip, with the time that each of its parts takes. */
#ifndef BENCH_CHIP_RUN_H
#define BENCH_CHIP_RUN_H

#include <stdint.h>

#include "firmware/build.h"
#include "model/chip_cost.h"

/* One inference, from grey levels to the digit. */
struct chip_image {
    uint32_t class;
    uint32_t cycles, instructions;
    uint32_t part_count;
    uint32_t parts[DIME_CHIP_MOST_PARTS]; /* cycles, in the order of dime_chip_parts */
};

/* Runs an image of --app testset on `count` pictures of `inputs` grey levels. Errors: IO, MALFORMED,
   UNSUPPORTED (it stops on its own), MEMORY. */
int chip_run(const char *elf, const uint8_t *grey, uint32_t inputs, uint32_t count,
             struct chip_image *images);

/* Builds it in a folder. what: plan; AUTO where dime firmware shall choose. */
int chip_build(const char *folder, const struct dime_model *model, const struct dime_firmware_settings *what,
               struct dime_firmware_report *report);

#endif
