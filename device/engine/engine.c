/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include "fast.h"
#include "steps.h"

/* A program may say what none of its layers has, and is spared the code. */
#ifdef DIME_ENGINE_NO_AFFINE
#define HAS_AFFINE(layer) 0
#else
#define HAS_AFFINE(layer) ((layer)->affine)
#endif
#ifdef DIME_ENGINE_NO_MAPS
#define HAS_MAPS(network) 0
#else
#define HAS_MAPS(network) ((network)->maps)
#endif
#ifdef DIME_ENGINE_NO_CENTRE
#define HAS_CENTRE(layer) 0
#else
#define HAS_CENTRE(layer) ((layer)->centre)
#endif

/* Or that all layers are fast, or none. */
#if defined DIME_ENGINE_ALL_FAST || defined DIME_ENGINE_LEAN
#define IS_FAST(layer) 1
#elif defined DIME_ENGINE_NO_FAST
#define IS_FAST(layer) 0
#else
#define IS_FAST(layer) ((layer)->fast)
#endif

#ifndef DIME_ENGINE_LEAN
void dime_layer_sums(const struct dime_layer *layer, const int8_t *activations, int32_t *sums) {
    const uint8_t *row = layer->weights;
    uint32_t row_bytes = dime_format_row_bytes(layer->format, layer->inputs);
    for (uint32_t m = 0; m < layer->outputs; m++, row += row_bytes)
        sums[m] = layer->format->dot(row, activations, layer->inputs);
}
#endif

/* value * multiplier for multiplier < 64 in shifted additions; |value| < 2^25, so |product| < 2^31. */
static int32_t multiply(int32_t value, uint32_t multiplier) {
    int32_t product = 0;
    for (uint32_t bit = 0; bit < 6; bit++)
        if (multiplier >> bit & 1) product += (int32_t)((uint32_t)value << bit);
    return product;
}

/* With |sum + bias| < 2^25 and shift <= 25 the value before the shift stays below 2^31 - 2^25 + 2^24.
   Right shift rounds towards minus infinity for negative numbers on every compiler that we use (checked by a
   test), which the specification asks for. */
int32_t dime_affine_apply(int32_t sum, const struct dime_affine *affine, uint32_t bias_shift) {
    int32_t bias = (int32_t)((uint32_t)(int32_t)affine->bias << bias_shift);
    int32_t rounding = (int32_t)(UINT32_C(1) << affine->shift >> 1);
    return (multiply(sum + bias, affine->multiplier) + rounding) >> affine->shift;
}

uint32_t dime_shift_norm_shift(int32_t largest, uint32_t activation_bits) {
    uint32_t shift = 0;
    if (largest < 0) return 0;
    for (uint32_t rest = (uint32_t)largest >> (activation_bits - 1); rest > 0; rest >>= 1) shift++;
    return shift;
}

static int32_t largest_of(const int32_t *sums, uint32_t count) {
    int32_t largest = sums[0];
    for (uint32_t i = 1; i < count; i++)
        if (sums[i] > largest) largest = sums[i];
    return largest;
}

/* A positive sum is below 2^31, so adding the rounding (at most 2^29) stays within 32 unsigned bits. */
static void clamp_activations(const int32_t *sums, uint32_t count, uint32_t shift, uint32_t top,
                              int8_t *activations) {
    uint32_t rounding = UINT32_C(1) << shift >> 1;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t value = sums[i] < 0 ? 0 : ((uint32_t)sums[i] + rounding) >> shift;
        activations[i] = (int8_t)(value > top ? top : value);
    }
}

/* Subtracts the mean, rounded half up; activations are 0 .. 127 before, so they stay within int8. count <=
 * 2^20: the total stays below 2^27. */
static void centre_activations(int8_t *activations, uint32_t count) {
    int32_t total = (int32_t)(count / 2);
    for (uint32_t i = 0; i < count; i++) total += activations[i];
    int32_t mean = total / (int32_t)count;
    for (uint32_t i = 0; i < count; i++) activations[i] = (int8_t)(activations[i] - mean);
}

void dime_values_requantize(const struct dime_layer *layer, const int32_t *values, uint32_t count,
                            int8_t *activations) {
    uint32_t shift = 0;
    if (DIME_HAS_SHIFT(layer))
        shift = dime_shift_norm_shift(largest_of(values, count), layer->activation_bits);
    uint32_t top = (UINT32_C(1) << (layer->activation_bits - 1)) - 1;
    clamp_activations(values, count, shift, top, activations);
    if (HAS_CENTRE(layer)) centre_activations(activations, count);
}

void dime_layer_requantize(const struct dime_layer *layer, int32_t *sums, int8_t *activations) {
    if (HAS_AFFINE(layer))
        for (uint32_t m = 0; m < layer->outputs; m++)
            sums[m] = dime_affine_apply(sums[m], &layer->affine[m], layer->bias_shift);
    if (layer->requantize != DIME_REQUANTIZE_NONE)
        dime_values_requantize(layer, sums, layer->outputs, activations);
}

uint32_t dime_argmax(const int32_t *sums, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        if (sums[i] > sums[best]) best = i;
    return best;
}

uint32_t dime_network_infer(const struct dime_network *network, const int8_t *input, int32_t *sums,
                            int8_t *activations) {
    const int8_t *current = HAS_MAPS(network) ? network->maps(network, input, sums, activations) : input;
    uint32_t first = HAS_MAPS(network) ? network->map_count : 0;
    const struct dime_layer *layer = network->layers + first;
    for (uint32_t i = first; i < network->layer_count; i++, layer++) {
        if (IS_FAST(layer)) {
            layer->fast->run(layer, current, sums, activations);
        } else {
            dime_layer_sums(layer, current, sums);
            dime_layer_requantize(layer, sums, activations);
        }
        current = activations;
    }
    return dime_argmax(sums, layer[-1].outputs);
}
