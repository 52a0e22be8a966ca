/* SPDX-License-Identifier: MIT */
/* Which stages of a network's layers of maps become code for the chip, and that code. */
#ifndef DIME_MODEL_CONV_STAGE_H
#define DIME_MODEL_CONV_STAGE_H

#include <stdint.h>
#include <stdio.h>

#include "model/conv_code.h"
#include "model/model.h"

enum dime_conv_method {
    DIME_CONV_REFERENCE, /* weight by weight */
    DIME_CONV_PAIRS,     /* two outputs at once (fast_conv.h) */
    DIME_CONV_WIDE,      /* a map at once */
};

struct dime_conv_stage_plan {
    uint32_t first, last; /* layers */
    enum dime_conv_method method;
    uint32_t bytes; /* of code; 0 for the reference */
};

struct dime_conv_plan {
    struct dime_conv_stage_plan stages[DIME_MAX_LAYERS];
    uint32_t count;
    uint32_t bytes; /* of all code */
    uint32_t sums;  /* entries of the scratch buffer `sums` */
};

/* Takes the stages that save most for their bytes, as long as all their code stays within `room`. network:
   the runtime's. */
struct dime_conv_plan dime_conv_plan_make(const struct dime_model *model, const struct dime_network *network,
                                          uint32_t room);

/* The stage of layer `index`, or NULL where it is fully connected. */
const struct dime_conv_stage_plan *dime_conv_plan_stage(const struct dime_conv_plan *plan, uint32_t index);

/* Writes the code of all stages as assembly, and the table of stages `conv_stages` and the function
   `run_maps` for dime_network.maps as C. */
void dime_conv_plan_write(const struct dime_conv_plan *plan, const struct dime_model *model,
                          const struct dime_network *network, FILE *assembly, FILE *c);

#endif
