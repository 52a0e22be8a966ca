/* SPDX-License-Identifier: MIT */
/* How each stage of a network's layers of maps runs on the chip, and its code or tables. */
#ifndef DIME_MODEL_CONV_STAGE_H
#define DIME_MODEL_CONV_STAGE_H

#include <stdint.h>
#include <stdio.h>

#include "model/chip.h"
#include "model/conv_code.h"
#include "model/model.h"

enum dime_conv_method {
    DIME_CONV_REFERENCE, /* weight by weight */
    DIME_CONV_PAIRS,     /* code, two outputs at once (fast_conv.h) */
    DIME_CONV_SUMS,      /* the same, but the affine step by a table */
    DIME_CONV_LOOKUP,    /* three look-ups for two outputs (fast_lookup.h) */
    DIME_CONV_PLANES,    /* weights in planes, one place at a time (fast_planes.h) */
    DIME_CONV_WIDE,      /* code, a map at once */
    DIME_CONV_WRITTEN,   /* code that is written meanwhile, a map at once (fast_conv_written.h) */
    DIME_CONV_MULTIPLY,  /* a map at once with multiplications (fast_conv_multiply.h) */
    DIME_CONV_METHODS
};

struct dime_conv_stage_plan {
    uint32_t first, last; /* layers */
    enum dime_conv_method method;
    uint32_t bytes;                     /* of code or tables; 0 for the reference */
    uint32_t offers[DIME_CONV_METHODS]; /* bytes of each method; 0: it does not suit, or the reference */
    const char
        *why; /* why the method is not a faster one: "its padding is not 0"; NULL where there is none */
};

struct dime_conv_plan {
    struct dime_conv_stage_plan stages[DIME_MAX_LAYERS];
    uint32_t count;
    uint32_t bytes;       /* of all code and tables */
    uint32_t sums;        /* entries of the scratch buffer `sums` */
    uint32_t activations; /* bytes of `activations`, a multiple of 4, with the picture at its beginning */
    int is_by_places;     /* maps lie place by place, also for the fully connected layer behind them */
    uint32_t code_layers; /* bit i: the fully connected layer i is code (weight_code.h), part of `bytes` */
};

/* Chooses the fastest methods on this chip whose code and tables stay within `room`. network: the runtime's.
 */
struct dime_conv_plan dime_conv_plan_make(const struct dime_model *model, const struct dime_network *network,
                                          const struct dime_chip *chip, uint32_t room);

/* The least input to be expected of pictures whose mean is subtracted. */
enum { DIME_CONV_BLANK = -20 };

/* The stage of layer `index`, or NULL where it is fully connected. */
const struct dime_conv_stage_plan *dime_conv_plan_stage(const struct dime_conv_plan *plan, uint32_t index);

/* Bytes that hold input and output of a stage that runs place by place at either end, so that no row of
   outputs is written over rows of inputs that are still to be read, its own included. is_upward: input at the
   beginning, output at the end, last row first. */
uint32_t dime_conv_overlapped(const struct dime_layer *first, const struct dime_layer *last, int is_upward);

/* "code for pairs of outputs", to be printed. */
const char *dime_conv_method_name(enum dime_conv_method method);

/* Writes the code of all stages as assembly, and the tables, the stages `conv_stages` and the function
   `run_maps` for dime_network.maps as C. */
void dime_conv_plan_write(const struct dime_conv_plan *plan, const struct dime_model *model,
                          const struct dime_network *network, FILE *assembly, FILE *c);

#endif
