/* SPDX-License-Identifier: MIT */
/* What a model takes of the chip and how long an inference takes, without running anything. */
#ifndef DIME_CLI_CHIP_PREDICTION_H
#define DIME_CLI_CHIP_PREDICTION_H

#include <stdint.h>

#include "cli/typical.h"
#include "model/chip.h"

/* Ways to build it; the first is the fastest. */
enum {
    CLI_CHIP_FAST_RAM,
    CLI_CHIP_FAST_FLASH,
    CLI_CHIP_REFERENCE_RAM,
    CLI_CHIP_REFERENCE_FLASH,
    CLI_CHIP_WAYS
};
const char *cli_chip_way_name(int way); /* "fast kernels, inner loops in RAM" */

struct cli_chip_prediction {
    const struct dime_chip *chip;
    uint32_t flash_bytes;         /* weights, tables and code that is made from weights, with fast kernels */
    double cycles[CLI_CHIP_WAYS]; /* from grey levels to the digit, mean, compiled for speed; 0: not known */
    double best;                  /* of what `dime firmware` takes, or would by `assumed`; likewise */
    char plan[200];               /* that */
    char assumed[200];            /* why that is assumed, and what about it; empty: it was built */
    enum cli_typical_origin origin;
};

/* is_built: 1 to build the firmware "testset", where there is a compiler, and so to know what `dime firmware`
   takes. data: a dataset on whose pictures activations are counted, or NULL. Errors: those of
   cli_typical_find. */
int cli_chip_predict(const struct dime_model *model, const struct dime_chip *chip, int is_built,
                     const char *data, const char *folder, struct cli_chip_prediction *prediction);

#endif
