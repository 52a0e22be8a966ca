/* SPDX-License-Identifier: MIT */
/* A layer in parts, each of which another kernel computes as a layer of its own: by outputs, where there are
   more than a kernel takes at once; by inputs, where its sums would not hold more; by planes, where weights
   have more bits than a nibble. */
#ifndef DIME_FAST_PARTS_H
#define DIME_FAST_PARTS_H

#include "fast.h"

struct dime_part {
    struct dime_layer layer; /* its finish is dime_fast_finish_none */
    uint16_t input, output;  /* the first of each; input is a multiple of 4 */
    uint8_t adds;            /* 1: adds sums << shift to those of an earlier part; 0: puts them there */
    uint8_t shift;
};

struct dime_fast_parts {
    struct dime_fast fast;
    const struct dime_part *parts;
    uint16_t count;
    uint16_t scratch; /* where in `sums` the sums of parts that add go at first: M rounded up to a multiple of
                         8; there is room for the widest part behind that */
};

void dime_parts_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
