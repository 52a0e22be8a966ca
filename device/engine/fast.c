/* SPDX-License-Identifier: MIT */
#include "fast.h"

void dime_fast_finish_none(const struct dime_layer *layer, int32_t *sums, int8_t *activations) {
    (void)layer, (void)sums, (void)activations;
}

void dime_fast_finish_any(const struct dime_layer *layer, int32_t *sums, int8_t *activations) {
    dime_layer_requantize(layer, sums, activations);
}

#ifndef __riscv
/* What fast_finish.S does. */
void dime_shift_norm(const int32_t *sums, const int32_t *end, int8_t *activations, uint32_t bits) {
    uint32_t seen = 0, shift = 0, top = (UINT32_C(1) << bits) - 1;
    for (const int32_t *sum = sums; sum < end; sum++)
        if (*sum > 0) seen |= (uint32_t)*sum;
    while (seen >> shift > top) shift++;
    uint32_t rounding = UINT32_C(1) << shift >> 1; /* sums are below 2^24 */
    for (; sums < end; sums++) {
        uint32_t value = *sums < 0 ? 0 : ((uint32_t)*sums + rounding) >> shift;
        *activations++ = (int8_t)(value > top ? top : value);
    }
}
#endif

void dime_fast_finish_shift(const struct dime_layer *layer, int32_t *sums, int8_t *activations) {
    dime_shift_norm(sums, sums + layer->outputs, activations, layer->activation_bits - 1u);
}
