/* SPDX-License-Identifier: MIT */
/* Ternary weights of up to 32 outputs, all at once: for each input a word of the outputs that add it and a
   word of those that subtract it. The sums are sliced: word l holds bit l of all sums, two's complement, so
   adding 2^b of an input is a carry that ripples from word b on through all outputs together. */
#ifndef DIME_FAST_SLICES_H
#define DIME_FAST_SLICES_H

#include "fast.h"

enum { DIME_SLICES = 19, DIME_SLICED_OUTPUTS = 32 }; /* K * 127 < 2^17, beside a bias below 2^17 */

struct dime_slice_masks {
    uint32_t plus, minus; /* bit m: output m */
};

struct dime_fast_slices {
    struct dime_fast fast;
    const struct dime_slice_masks *masks; /* K */
};

/* Activations are 0 .. 127. */
void dime_slices_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
