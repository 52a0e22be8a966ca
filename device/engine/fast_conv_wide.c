/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"
#include "stage.h"
#include "steps.h"

static int32_t largest_of_window(const struct dime_layer *pool, const int32_t *from) {
    int32_t largest = *from;
    for (uint32_t i = 0; i < pool->kernel; i++, from += pool->width)
        for (uint32_t j = 0; j < pool->kernel; j++)
            if (from[j] > largest) largest = from[j];
    return largest;
}

/* In place too. */
static void pool_map(const struct dime_layer *pool, const int32_t *map, int32_t *output) {
    for (uint32_t y = 0; y < pool->out_height; y++, map += (uint32_t)pool->stride * pool->width)
        for (uint32_t x = 0; x < pool->out_width; x++)
            *output++ = largest_of_window(pool, map + x * pool->stride);
}

/* `sums` holds the stage's output, then the map of one channel. */
void dime_conv_wide_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                        const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output) {
    uint32_t size = dime_map_size(last), count = last->outputs * size;
    dime_conv_map *const *convolve = stage->map;
    int32_t *map = sums + count;
    for (int32_t *target = sums; target < sums + count; target += size) {
        const void *from = input;
        for (const struct dime_layer *layer = first; layer <= last; layer++) {
            int32_t *to = layer == last ? target : map;
            if (dime_is_pool(layer))
                pool_map(layer, from, to);
            else
                (*convolve++)(from, to);
            from = to;
        }
        if (first->kind == DIME_LAYER_DEPTHWISE) input += (uint32_t)first->height * first->width;
    }
    dime_values_requantize(last, sums, count, output);
}
