/* SPDX-License-Identifier: MIT */
/* A layer that is computed in another way than the reference, with the same result. The layouts are made by
   the exporter; docs/chip-kernels.md has the methods. */
#ifndef DIME_FAST_H
#define DIME_FAST_H

#include "engine.h"

/* dime_layer.fast points to one of these; the kernel's own description of the weights follows it.
   run: sums and requantization of the layer: what dime_layer_sums and dime_layer_requantize do, with `sums`
   and `activations` of the network's widest layer, rounded up to a multiple of 8, and x aligned to 4. */
struct dime_fast {
    void (*run)(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);
    /* The end of run: one of the functions below, as the layer needs. largest: of the sums, or 0. */
    void (*finish)(const struct dime_layer *layer, int32_t *sums, int8_t *activations, int32_t largest);
};

void dime_fast_finish_none(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                           int32_t largest); /* the last */
void dime_fast_finish_shift(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                            int32_t largest); /* ShiftNorm */
void dime_fast_finish_any(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                          int32_t largest); /* all else */

/* The smallest activation or 0, if that is less. */
int32_t dime_fast_smallest(const int8_t *x, uint32_t inputs);

/* Adds c * total, c < 0, and returns the largest sum or 0. fast_finish.S on the chip, like the next two. */
int32_t dime_fast_correct(int32_t *sums, const int32_t *end, const int16_t *totals, int32_t c);

/* The largest of the sums up to `end`, or 0. */
int32_t dime_fast_largest(const int32_t *sums, const int32_t *end);

/* ShiftNorm of the sums up to `end`, of which `largest` is the largest, or 0; activations have `bits` bits,
   1..7. */
void dime_shift_norm(const int32_t *sums, const int32_t *end, int8_t *activations, uint32_t bits,
                     int32_t largest);

#endif
