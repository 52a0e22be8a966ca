/* SPDX-License-Identifier: MIT */
#include "fast.h"

void dime_fast_finish_none(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                           int32_t largest) {
    (void)layer, (void)sums, (void)activations, (void)largest;
}

void dime_fast_finish_any(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                          int32_t largest) {
    (void)largest;
    dime_layer_requantize(layer, sums, activations);
}

#ifndef __riscv
/* What fast_finish.S does. */
int32_t dime_fast_largest(const int32_t *sums, const int32_t *end) {
    int32_t largest = 0;
    for (; sums < end; sums++)
        if (*sums > largest) largest = *sums;
    return largest;
}

void dime_shift_norm(const int32_t *sums, const int32_t *end, int8_t *activations, uint32_t bits,
                     int32_t largest) {
    uint32_t shift = 0, top = (UINT32_C(1) << bits) - 1;
    while ((uint32_t)largest >> shift > top) shift++;
    uint32_t rounding = UINT32_C(1) << shift >> 1; /* sums are below 2^24 */
    for (; sums < end; sums++) {
        uint32_t value = *sums < 0 ? 0 : ((uint32_t)*sums + rounding) >> shift;
        *activations++ = (int8_t)(value > top ? top : value);
    }
}
#endif

void dime_fast_finish_shift(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                            int32_t largest) {
    dime_shift_norm(sums, sums + layer->outputs, activations, layer->activation_bits - 1u, largest);
}
