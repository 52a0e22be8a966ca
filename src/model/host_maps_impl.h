/* SPDX-License-Identifier: MIT */
/* Body of every variant; the including file defines HOST_MAPS. Bounds of the accumulators are those of the
   reference: the sums are the same. */
#include "base/lanes.h"
#include "engine/stage.h"
#include "model/host_maps.h"

#define BLOCK 4u /* vectors of sums held in registers */

/* The part of a kernel that lies within the maps, for output (y, x). */
struct window {
    int32_t top, left;
    uint32_t first_row, last_row, first_column, last_column; /* last: behind it */
};

static uint32_t first_inside(int32_t start) {
    return start < 0 ? (uint32_t)-start : 0;
}

static uint32_t last_inside(int32_t start, uint32_t kernel, uint32_t size) {
    int32_t left = (int32_t)size - start;
    return left < (int32_t)kernel ? (uint32_t)(left < 0 ? 0 : left) : kernel;
}

static struct window window_at(const struct dime_layer *layer, uint32_t y, uint32_t x) {
    struct window w = {(int32_t)(y * layer->stride) - layer->padding,
                       (int32_t)(x * layer->stride) - layer->padding,
                       0,
                       0,
                       0,
                       0};
    w.first_row = first_inside(w.top);
    w.first_column = first_inside(w.left);
    w.last_row = last_inside(w.top, layer->kernel, layer->height);
    w.last_column = last_inside(w.left, layer->kernel, layer->width);
    return w;
}

/* ---- sums of one pixel ---- */

/* Outputs of a dense convolution from int8 maps, channel by channel as the engine keeps them. */
LANES_INLINE void dense_block(const struct dime_layer *layer, const int8_t *input,
                              const struct window *window, const int32_t *weights, int32_t *sums,
                              const uint32_t vectors) {
    uint32_t wide = dime_pad(layer->outputs), kernel = layer->kernel;
    lanes_int sum[BLOCK];
    for (uint32_t v = 0; v < vectors; v++) sum[v] = lanes_int_all(0);
    for (uint32_t c = 0; c < layer->channels; c++, input += (uint32_t)layer->height * layer->width) {
        for (uint32_t i = window->first_row; i < window->last_row; i++) {
            int32_t row = (window->top + (int32_t)i) * layer->width + window->left;
            for (uint32_t j = window->first_column; j < window->last_column; j++) {
                const int32_t *w = weights + (size_t)((c * kernel + i) * kernel + j) * wide;
                lanes_int x = lanes_int_all(input[row + (int32_t)j]);
                for (uint32_t v = 0; v < vectors; v++) sum[v] += x * lanes_int_load(w + v * DIME_LANES);
            }
        }
    }
    for (uint32_t v = 0; v < vectors; v++) lanes_int_store(sums + v * DIME_LANES, sum[v]);
}

static void dense_pixel(const struct dime_layer *layer, const int8_t *input, const struct window *window,
                        const int32_t *weights, int32_t *sums) {
    uint32_t left = dime_pad(layer->outputs) / DIME_LANES;
    for (; left >= BLOCK; left -= BLOCK, weights += BLOCK * DIME_LANES, sums += BLOCK * DIME_LANES)
        dense_block(layer, input, window, weights, sums, BLOCK);
    if (left == 3) dense_block(layer, input, window, weights, sums, 3);
    if (left == 2) dense_block(layer, input, window, weights, sums, 2);
    if (left == 1) dense_block(layer, input, window, weights, sums, 1);
}

static void depthwise_pixel(const struct dime_layer *layer, const int32_t *maps, const struct window *window,
                            const int32_t *weights, int32_t *sums) {
    uint32_t wide = dime_pad(layer->outputs), kernel = layer->kernel;
    for (uint32_t m = 0; m < wide; m += DIME_LANES) {
        lanes_int sum = lanes_int_all(0);
        for (uint32_t i = window->first_row; i < window->last_row; i++) {
            for (uint32_t j = window->first_column; j < window->last_column; j++) {
                int32_t place = (window->top + (int32_t)i) * layer->width + window->left + (int32_t)j;
                sum += lanes_int_load(weights + (size_t)(i * kernel + j) * wide + m) *
                       lanes_int_load(maps + (size_t)place * wide + m);
            }
        }
        lanes_int_store(sums + m, sum);
    }
}

/* (total + floor(n / 2)) / n rounded towards minus infinity; see the reference. */
static int32_t average(int32_t total, int32_t count) {
    if (total >= 0) return (int32_t)(((uint32_t)total + (uint32_t)count / 2) / (uint32_t)count);
    return -((-total + (count - 1) / 2) / count);
}

static void pool_pixel(const struct dime_layer *layer, const int32_t *from, uint32_t wide, int32_t *to) {
    int adds = layer->kind == DIME_LAYER_AVG_POOL;
    for (uint32_t m = 0; m < wide; m += DIME_LANES) {
        lanes_int value = lanes_int_load(from + m);
        for (uint32_t k = 1; k < (uint32_t)layer->kernel * layer->kernel; k++) {
            uint32_t place = k / layer->kernel * layer->width + k % layer->kernel;
            lanes_int next = lanes_int_load(from + (size_t)place * wide + m);
            value = adds ? value + next : lanes_int_max(value, next);
        }
        lanes_int_store(to + m, value);
    }
    for (uint32_t m = 0; adds && m < wide; m++) to[m] = average(to[m], layer->kernel * layer->kernel);
}

/* ---- whole layers ---- */

/* What follows a sum at once: the affine step, and clamping where it needs nothing but the sum. */
LANES_INLINE void finish_pixel(const struct dime_layer *layer, const int32_t *affine, int32_t *sums) {
    uint32_t wide = dime_pad(layer->outputs);
    lanes_int zero = lanes_int_all(0), top = lanes_int_all((1 << (layer->activation_bits - 1)) - 1);
    for (uint32_t m = 0; m < wide; m += DIME_LANES) {
        lanes_int v = lanes_int_load(sums + m);
        if (affine) {
            v = (v + lanes_int_load(affine + m)) * lanes_int_load(affine + wide + m);
            v = (v + lanes_int_load(affine + 2 * (size_t)wide + m)) >>
                lanes_int_load(affine + 3 * (size_t)wide + m);
        }
        if (layer->requantize == DIME_REQUANTIZE_FIXED) v = lanes_int_min(lanes_int_max(v, zero), top);
        if (layer->requantize == DIME_REQUANTIZE_WIDE) v = lanes_int_max(v, zero) >> DIME_WIDE_SHIFT;
        lanes_int_store(sums + m, v);
    }
}

/* From int8 maps (dense) or values (depthwise) to values. */
static void convolve(const struct dime_layer *layer, const int8_t *input, const int32_t *maps, int32_t *to) {
    struct dime_host_map map = dime_host_map_of(layer);
    for (uint32_t y = 0; y < layer->out_height; y++) {
        for (uint32_t x = 0; x < layer->out_width; x++, to += dime_pad(layer->outputs)) {
            struct window window = window_at(layer, y, x);
            if (layer->kind == DIME_LAYER_CONV2D)
                dense_pixel(layer, input, &window, map.weights, to);
            else
                depthwise_pixel(layer, maps, &window, map.weights, to);
            finish_pixel(layer, map.affine, to);
        }
    }
}

static void pool(const struct dime_layer *layer, const int32_t *from, int32_t *to) {
    uint32_t wide = dime_pad(layer->outputs);
    for (uint32_t y = 0; y < layer->out_height; y++)
        for (uint32_t x = 0; x < layer->out_width; x++, to += wide)
            pool_pixel(layer, from + (size_t)(y * layer->width + x) * layer->stride * wide, wide, to);
}

/* Channel by channel to pixel by pixel, and back. */
static void to_pixels(const struct dime_layer *layer, const int8_t *input, int32_t *maps) {
    uint32_t size = (uint32_t)layer->height * layer->width, wide = dime_pad(layer->channels);
    for (uint32_t p = 0; p < size; p++)
        for (uint32_t c = 0; c < wide; c++)
            maps[(size_t)p * wide + c] = c < layer->channels ? input[c * size + p] : 0;
}

/* The mean of the activations, rounded half up. */
static int32_t mean_of(const int8_t *activations, uint32_t count) {
    int32_t total = (int32_t)(count / 2);
    for (uint32_t i = 0; i < count; i++) total += activations[i];
    return total / (int32_t)count;
}

/* Values of a whole tensor become activations. Padding is 0, which changes no maximum that shifts anything.
 */
static void requantize(const struct dime_layer *layer, const struct dime_layer *last, int32_t *values,
                       int8_t *output) {
    uint32_t size = dime_map_size(last), wide = dime_pad(last->outputs), shift = 0;
    uint32_t top = (UINT32_C(1) << (layer->activation_bits - 1)) - 1, count = size * last->outputs;
    lanes_int largest = lanes_int_all(0);
    for (size_t i = 0; i < (size_t)size * wide; i += DIME_LANES)
        largest = lanes_int_max(largest, lanes_int_load(values + i));
    if (layer->requantize == DIME_REQUANTIZE_SHIFT)
        shift = dime_shift_norm_shift(lanes_int_largest(largest), layer->activation_bits);
    uint32_t rounding = UINT32_C(1) << shift >> 1;
    for (uint32_t p = 0; p < size; p++) {
        for (uint32_t m = 0; m < last->outputs; m++) {
            int32_t v = values[(size_t)p * wide + m];
            uint32_t rounded = v < 0 ? 0 : ((uint32_t)v + rounding) >> shift;
            output[m * size + p] = (int8_t)(rounded > top ? top : rounded);
        }
    }
    if (!layer->centre) return;
    int32_t mean = mean_of(output, count);
    for (uint32_t i = 0; i < count; i++) output[i] = (int8_t)(output[i] - mean);
}

/* One stage, see engine/stage.h. */
static void run_stage(const struct dime_layer *first, const struct dime_layer *last, const int8_t *input,
                      int32_t *here, int32_t *there, int8_t *output) {
    if (first->kind == DIME_LAYER_DEPTHWISE) to_pixels(first, input, there);
    convolve(first, input, there, here);
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++) {
        if (dime_is_pool(layer))
            pool(layer, here, there);
        else
            convolve(layer, NULL, here, there);
        int32_t *swap = here;
        here = there;
        there = swap;
    }
    requantize(first->requantize == DIME_REQUANTIZE_WIDE ? last : first, last, here, output);
}

/* Tensors lie in `activations` as in dime_maps_run. */
const int8_t *HOST_MAPS(const struct dime_network *network, const int8_t *input, int32_t *sums,
                        int8_t *activations) {
    const int8_t *current = input;
    uint32_t half = dime_host_maps_sums(network) / 2;
    for (uint32_t first = 0, end; first < network->map_count; first = end) {
        end = dime_stage_end(network, first);
        const struct dime_layer *last = &network->layers[end - 1];
        int8_t *output = activations;
        if (current == activations) output += network->activations - last->outputs * dime_map_size(last);
        if (dime_is_pool(&network->layers[first]))
            dime_stage_run(&network->layers[first], last, current, sums, output);
        else
            run_stage(&network->layers[first], last, current, sums, sums + half, output);
        current = output;
    }
    return current;
}
