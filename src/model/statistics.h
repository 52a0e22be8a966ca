/* SPDX-License-Identifier: MIT */
/* What the weights of a layer look like: range, moments, histogram, entropy. */
#ifndef DIME_MODEL_STATISTICS_H
#define DIME_MODEL_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

#define DIME_MOST_BINS 256
#define DIME_FLOAT_BINS 32

/* One bar of a histogram: weights w with low <= w <= high (a format's value: low = high), or, for float
   weights, low <= w < high except in the last bin. */
struct dime_bin {
    double low, high;
    uint64_t count;
};

struct dime_layer_statistics {
    uint64_t weights;           /* M x K */
    double minimum, maximum;    /* of the integer weights; of the float weights for format None */
    double mean, deviation;     /* deviation: of the whole population, not an estimate from a sample */
    double entropy;             /* of the weight values, bits a weight; NaN for format None */
    double code_share;          /* entropy / log2(codes): share of the code space used, 0..1; NaN for None */
    uint32_t codes, codes_used; /* 0 for None */
    size_t bytes;               /* packed weights and affine table; 32-bit floats for None */
    uint32_t bin_count;         /* one a level, or DIME_FLOAT_BINS of equal width for None; ascending */
    struct dime_bin bins[DIME_MOST_BINS];
};

/* All zero for pooling, which has no weights. */
void dime_layer_statistics(const struct dime_model_layer *layer, struct dime_layer_statistics *statistics);

#endif
