/* SPDX-License-Identifier: MIT */
/* Weights as unsigned numbers of few bits, as the chip's kernels add them up: w = (u << scale) - middle. */
#ifndef DIME_MODEL_UNSIGNED_WEIGHT_H
#define DIME_MODEL_UNSIGNED_WEIGHT_H

#include "model/formats.h"

struct dime_unsigned_weight {
    uint32_t bits, scale, middle; /* bits of u: 1, 2 or 4 */
};

/* 1 where the format's weights are such numbers of at most four bits; else 0, and *weight is left as it is.
 */
int dime_unsigned_weight_of(enum dime_format_id id, struct dime_unsigned_weight *weight);

#endif
