/* SPDX-License-Identifier: MIT */
/* Ternary weights of up to 32 outputs, all at once: for each input a word of the outputs that add it and a
   word of those that subtract it. The sums are sliced: word l holds bit l of all sums, two's complement, so
   adding 2^b of an input is a carry that ripples from word b on through all outputs together. */
#ifndef DIME_FAST_SLICES_H
#define DIME_FAST_SLICES_H

#include "fast.h"

/* Sums and what they begin with, 0x15555, stay within 0 .. 2^18 - 1: 680 * 127 < 0x15555. */
enum { DIME_SLICES = 18, DIME_SLICED_OUTPUTS = 32, DIME_SLICED_INPUTS = 680 };

struct dime_slice_masks {
    uint32_t plus, minus; /* bit m: output m */
};

struct dime_fast_slices {
    struct dime_fast fast;
    const struct dime_slice_masks *masks; /* K */
};

/* Adds the inputs' activations, 0 .. 127, to the slices. fast_slices_add.S on the chip. */
void dime_slices_add(const struct dime_slice_masks *masks, const int8_t *x, const int8_t *end,
                     uint32_t *slices);

/* Activations are 0 .. 127. */
void dime_slices_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
