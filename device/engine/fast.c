/* SPDX-License-Identifier: MIT */
#include "fast.h"

void dime_fast_finish_none(const struct dime_layer *layer, int32_t *sums, int8_t *activations) {
    (void)layer, (void)sums, (void)activations;
}

void dime_fast_finish_any(const struct dime_layer *layer, int32_t *sums, int8_t *activations) {
    dime_layer_requantize(layer, sums, activations);
}

void dime_fast_finish_shift(const struct dime_layer *layer, int32_t *sums, int8_t *activations) {
    const int32_t *end = sums + layer->outputs;
    int32_t largest = 0, top = (1 << (layer->activation_bits - 1)) - 1;
    for (const int32_t *sum = sums; sum < end; sum++)
        if (*sum > largest) largest = *sum;
    uint32_t shift = 0;
    while (largest >> shift > top) shift++;
    int32_t rounding = 1 << shift >> 1; /* sums are below 2^24 */
    while (sums < end) {
        int32_t value = *sums++;
        value = value < 0 ? 0 : (value + rounding) >> shift;
        *activations++ = (int8_t)(value > top ? top : value);
    }
}
