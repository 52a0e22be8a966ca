/* SPDX-License-Identifier: MIT */
/* Convolution and pooling, the reference: written to be read. docs/quantization.md specifies it. */
#include "engine.h"
#include "stage.h"
#include "steps.h"

/* A program may say what none of its layers has, and is spared the code. */
#ifdef DIME_ENGINE_NO_WIDE
#define IS_WIDE(layer) 0
#else
#define IS_WIDE(layer) ((layer)->requantize == DIME_REQUANTIZE_WIDE)
#endif
#ifdef DIME_ENGINE_NO_AVERAGE
#define AVERAGES(layer) 0
#else
#define AVERAGES(layer) ((layer)->kind == DIME_LAYER_AVG_POOL)
#endif

/* The pooling that changes nothing. */
static const struct dime_layer no_pool = {.kind = DIME_LAYER_MAX_POOL, .kernel = 1, .stride = 1};

/* Copies what the kernel covers at output (y, x) of `count` channels from `input` on, 0 outside the maps. */
static void gather(const struct dime_layer *layer, const int8_t *input, uint32_t count, uint32_t y,
                   uint32_t x, int8_t *patch) {
    int32_t top = (int32_t)(y * layer->stride) - layer->padding;
    int32_t left = (int32_t)(x * layer->stride) - layer->padding;
    uint32_t size = layer->kernel;
    for (uint32_t c = 0; c < count; c++, input += (uint32_t)layer->height * layer->width)
        for (uint32_t i = 0; i < size; i++)
            for (uint32_t j = 0; j < size; j++) {
                uint32_t row = (uint32_t)top + i, column = (uint32_t)left + j; /* above and left: huge */
                int inside = row < layer->height && column < layer->width;
                *patch++ = inside ? input[row * layer->width + column] : (int8_t)0;
            }
}

static const void *weight_row(const struct dime_layer *layer, uint32_t m) {
    return (const uint8_t *)layer->weights + m * dime_format_row_bytes(layer->format, layer->inputs);
}

/* The value of output channel m at the gathered place, behind the affine step. |sum| < 2^24, or < 2^31 with
   wide outputs, as whoever built the network has checked. */
static int32_t patch_value(const struct dime_layer *layer, uint32_t m, const int8_t *patch) {
    int32_t sum = layer->format->dot(weight_row(layer, m), patch, layer->inputs);
    return layer->affine ? dime_affine_apply(sum, &layer->affine[m], layer->bias_shift) : sum;
}

static int32_t clamp(const struct dime_layer *layer, int32_t value) {
    int32_t top = (1 << (layer->activation_bits - 1)) - 1;
    if (value < 0) return 0;
    return value > top ? top : value;
}

/* (total + floor(n / 2)) / n rounded towards minus infinity, n = kernel * kernel. |total| <= 127 * 256, or <
   2^31 with wide inputs, where it is not negative and the rounding fits 32 unsigned bits. */
static int32_t average(const struct dime_layer *pool, int32_t total) {
    int32_t count = pool->kernel * pool->kernel;
    if (total >= 0) return (int32_t)(((uint32_t)total + (uint32_t)count / 2) / (uint32_t)count);
    return -((-total + (count - 1) / 2) / count);
}

/* One more value into an accumulator of a pooled window. */
static void pool_value(const struct dime_layer *pool, int first, int32_t value, int32_t *into) {
    if (!first && AVERAGES(pool))
        *into += value;
    else if (first || value > *into)
        *into = value;
}

/* Pools what all output channels of a convolution give in the window of pooled place (y, x), that of channel
   m into target[m * step]. */
static void convolve_window(const struct dime_layer *layer, const struct dime_layer *pool,
                            const int8_t *input, uint32_t y, uint32_t x, int8_t *patch, int32_t *target,
                            uint32_t step) {
    int dense = layer->kind == DIME_LAYER_CONV2D;
    uint32_t map = (uint32_t)layer->height * layer->width;
    for (uint32_t i = 0; i < pool->kernel; i++)
        for (uint32_t j = 0; j < pool->kernel; j++) {
            uint32_t row = y * pool->stride + i, column = x * pool->stride + j;
            if (dense) gather(layer, input, layer->channels, row, column, patch);
            for (uint32_t m = 0; m < layer->outputs; m++) {
                if (!dense) gather(layer, input + m * map, 1, row, column, patch);
                int32_t value = patch_value(layer, m, patch);
                if (layer->requantize == DIME_REQUANTIZE_FIXED) value = clamp(layer, value);
                pool_value(pool, i + j == 0, value, &target[m * step]);
            }
        }
}

/* Each place is finished by itself: `sums` holds one value a channel, then the patch. */
static void convolve_fixed(const struct dime_layer *layer, const struct dime_layer *pool,
                           const struct dime_layer *last, const int8_t *input, int32_t *sums,
                           int8_t *output) {
    int8_t *patch = (int8_t *)(sums + layer->outputs);
    uint32_t map = dime_map_size(last), place = 0;
    for (uint32_t y = 0; y < last->out_height; y++)
        for (uint32_t x = 0; x < last->out_width; x++, place++) {
            convolve_window(layer, pool, input, y, x, patch, sums, 1);
            for (uint32_t m = 0; m < layer->outputs; m++) {
                int32_t value = AVERAGES(pool) ? average(pool, sums[m]) : sums[m];
                output[m * map + place] = (int8_t)value;
            }
        }
}

/* The shift follows from the whole tensor, so `sums` holds all of it, then the patch. */
static void convolve_shift(const struct dime_layer *layer, const struct dime_layer *pool,
                           const struct dime_layer *last, const int8_t *input, int32_t *sums,
                           int8_t *output) {
    uint32_t map = dime_map_size(last), count = layer->outputs * map, place = 0;
    int8_t *patch = (int8_t *)(sums + count);
    for (uint32_t y = 0; y < last->out_height; y++)
        for (uint32_t x = 0; x < last->out_width; x++, place++)
            convolve_window(layer, pool, input, y, x, patch, sums + place, map);
    dime_values_requantize(layer, sums, count, output);
}

/* ---- wide activations: a channel at a time ---- */

/* max(0, sum) >> DIME_WIDE_SHIFT where the layer's outputs are wide. */
static int32_t wide_value(const struct dime_layer *layer, int32_t sum) {
    if (layer->requantize != DIME_REQUANTIZE_WIDE) return sum;
    return sum < 0 ? 0 : sum >> DIME_WIDE_SHIFT;
}

/* Output channel m of the stage's first layer. */
static void wide_first(const struct dime_layer *layer, uint32_t m, const int8_t *input, int8_t *patch,
                       int32_t *map) {
    int dense = layer->kind == DIME_LAYER_CONV2D;
    if (!dense) input += m * layer->height * layer->width;
    for (uint32_t y = 0; y < layer->out_height; y++)
        for (uint32_t x = 0; x < layer->out_width; x++) {
            gather(layer, input, dense ? layer->channels : 1, y, x, patch);
            *map++ = wide_value(layer, patch_value(layer, m, patch));
        }
}

/* The window of a depthwise kernel or pooling whose top left is at `from`. */
static int32_t wide_window(const struct dime_layer *layer, uint32_t m, const int32_t *from) {
    int32_t total = 0;
    for (uint32_t i = 0, k = 0; i < layer->kernel; i++, from += layer->width)
        for (uint32_t j = 0; j < layer->kernel; j++, k++) {
            if (dime_is_pool(layer))
                pool_value(layer, k == 0, from[j], &total);
            else
                total +=
                    layer->format->value(dime_format_code(layer->format, weight_row(layer, m), k)) * from[j];
        }
    if (AVERAGES(layer)) return average(layer, total);
    return wide_value(layer, total);
}

/* One channel of a depthwise convolution or pooling. In place too: without padding, what is written never
   comes before what is still to be read, since a row that goes out is no longer than one that came in. */
static void wide_next(const struct dime_layer *layer, uint32_t m, const int32_t *map, int32_t *output) {
    for (uint32_t y = 0; y < layer->out_height; y++)
        for (uint32_t x = 0; x < layer->out_width; x++)
            *output++ = wide_window(layer, m, map + (y * layer->width + x) * layer->stride);
}

/* `sums` holds the stage's output, then the map of one channel, then the patch. */
static void convolve_wide(const struct dime_layer *first, const struct dime_layer *last, const int8_t *input,
                          int32_t *sums, int8_t *output) {
    uint32_t size = dime_map_size(last), count = last->outputs * size;
    int32_t *map = sums + count;
    int8_t *patch = (int8_t *)(map + dime_map_size(first));
    for (uint32_t m = 0; m < last->outputs; m++) {
        wide_first(first, m, input, patch, map);
        for (const struct dime_layer *layer = first + 1; layer <= last; layer++)
            wide_next(layer, m, map, layer == last ? sums + m * size : map);
    }
    dime_values_requantize(last, sums, count, output);
}

/* ---- pooling by itself ---- */

static int8_t pool_window(const struct dime_layer *layer, const int8_t *from) {
    int32_t total = 0;
    for (uint32_t i = 0; i < layer->kernel; i++, from += layer->width)
        for (uint32_t j = 0; j < layer->kernel; j++) pool_value(layer, i + j == 0, from[j], &total);
    return (int8_t)(AVERAGES(layer) ? average(layer, total) : total);
}

static void pool_maps(const struct dime_layer *layer, const int8_t *input, int8_t *output) {
    for (uint32_t m = 0; m < layer->outputs; m++, input += (uint32_t)layer->height * layer->width)
        for (uint32_t y = 0; y < layer->out_height; y++)
            for (uint32_t x = 0; x < layer->out_width; x++)
                *output++ = pool_window(layer, input + (y * layer->width + x) * layer->stride);
}

/* ---- the network ---- */

void dime_stage_run(const struct dime_layer *first, const struct dime_layer *last, const int8_t *input,
                    int32_t *sums, int8_t *output) {
    const struct dime_layer *pool = last == first ? &no_pool : last;
    if (dime_is_pool(first))
        pool_maps(first, input, output);
    else if (IS_WIDE(first))
        convolve_wide(first, last, input, sums, output);
    else if (DIME_HAS_SHIFT(first))
        convolve_shift(first, pool, last, input, sums, output);
    else
        convolve_fixed(first, pool, last, input, sums, output);
}

/* Tensors lie at either end of `activations` in turn, so that a stage's input and output do not meet. */
const int8_t *dime_maps_run(const struct dime_network *network, const int8_t *input, int32_t *sums,
                            int8_t *activations) {
    const int8_t *current = input;
    for (uint32_t first = 0, end; first < network->map_count; first = end) {
        end = dime_stage_end(network, first);
        const struct dime_layer *last = &network->layers[end - 1];
        int8_t *output = activations;
        if (current == activations) output += network->activations - last->outputs * dime_map_size(last);
        dime_stage_run(&network->layers[first], last, current, sums, output);
        current = output;
    }
    return current;
}
