/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"
#include "fast_conv_channel.h"
#include "stage.h"
#include "steps.h"

enum { TAPS = 9 };

static void spread(const int8_t *weights, int32_t spread[TAPS]) {
    for (uint32_t i = 0; i < TAPS; i++) spread[i] = weights[i];
}

static void pool_map(const struct dime_layer *pool, const int32_t *map, int32_t *output) {
    for (uint32_t y = 0; y < pool->out_height; y++, map += 2 * pool->width, output += pool->out_width)
        dime_channel_pool(map, map + pool->width, output, pool->out_width);
}

/* All layers behind the first on one channel; weights: of the second convolution. */
static void run_channel(const struct dime_multiply *multiply, const struct dime_layer *layer,
                        const struct dime_layer *last, const void *from, int32_t *between, int32_t *target,
                        const int8_t *weights) {
    const struct dime_multiply_step *step = multiply->steps;
    int32_t nine[TAPS];
    while (layer <= last) {
        uint32_t count = dime_is_pool(layer) ? 1 : step->layers;
        int32_t *to = layer + count > last ? target : between;
        if (dime_is_pool(layer)) {
            pool_map(layer, from, to);
        } else {
            spread(weights, nine);
            step++->run(from, to, nine);
            weights += TAPS;
        }
        layer += count;
        from = to;
    }
}

/* The first convolution of channels with these weights, two where `other` is not NULL, to the halves of
   `map`. */
static void run_first(const struct dime_multiply *multiply, const int8_t *input, const int8_t *weights,
                      const int8_t *other, const struct dime_channel_range *range, int16_t *map) {
    int32_t nine[TAPS];
    spread(weights, nine);
    if (other && dime_channel_fits_half(weights, range) && dime_channel_fits_half(other, range)) {
        for (uint32_t i = 0; i < TAPS; i++) nine[i] += (int32_t)((uint32_t)other[i] << 16);
        multiply->pairs(input, map, nine);
        return;
    }
    multiply->single(input, map, nine);
    if (!other) return;
    spread(other, nine);
    multiply->single(input, map + 1, nine);
}

/* `sums` holds the stage's output, then the first convolution's map, then one channel between the others. */
void dime_conv_multiply_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                            const struct dime_layer *last, const int8_t *input, int32_t *sums,
                            int8_t *output) {
    const struct dime_multiply *multiply = stage->multiply;
    uint32_t size = dime_map_size(last), count = last->outputs * size, stride = TAPS * multiply->convolutions;
    int32_t *map = sums + count, *between = map + dime_map_size(first);
    struct dime_channel_range range = dime_channel_range_of(input, (uint32_t)first->height * first->width);
    const int8_t *weights = multiply->weights;
    for (uint32_t m = 0; m < first->outputs; m += 2) {
        const int8_t *other = m + 1 < first->outputs ? weights + stride : NULL;
        run_first(multiply, input, weights, other, &range, (int16_t *)(void *)map);
        for (uint32_t half = 0; half < 2 && m + half < first->outputs; half++, weights += stride)
            run_channel(multiply, first + 1, last, (const int16_t *)(const void *)map + half, between,
                        sums + multiply->order[m + half] * size, weights + TAPS);
    }
    dime_values_requantize(last, sums, count, output);
}
