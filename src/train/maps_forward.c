/* SPDX-License-Identifier: MIT */
/* The engine's integers of layers of maps, a channel at a time where channels do not meet. */
#include <math.h>
#include <string.h>

#include "train/maps.h"

/* Smallest size that normalisation divides by. */
#define TINY 1e-12f

static uint32_t out_pixels(const struct dime_train_layer *layer) {
    return layer->shape.out_height * layer->shape.out_width;
}

static struct dime_map map_of(const struct dime_train_layer *layer, const struct dime_chunk *chunk) {
    return (struct dime_map){out_pixels(layer), chunk->lanes, chunk->images, chunk->mask};
}

/* ---- convolution ---- */

/* Output channels first .. first + count - 1. Those of one channel, too, are taken one by one. */
static void convolve(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                     uint32_t first, uint32_t count) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_map *map = &chunk->maps[index];
    size_t wide = layer->padded_outputs;
    int apart = layer->shape.kind == DIME_LAYER_DEPTHWISE || index < network->chain_count;
    size_t in = dime_maps_step_in(network, chunk, index), out = dime_maps_step_out(network, chunk, index);
    struct dime_conv_gather gather = {
        .list = &layer->plan->forward,
        .lanes = chunk->lanes,
        .channels = apart ? count : layer->shape.channels,
        .rows = count,
        .weights = layer->values + first,
        .weight_tap = wide,
        .weight_channel = (size_t)layer->shape.kernel * layer->shape.kernel * wide,
        .in = map->input,
        .in_plane = in,
        .out = map->sums + first * out,
        .out_plane = out,
    };
    if (apart) {
        gather.in += first * in;
        network->conv->depthwise(&gather);
    } else {
        network->conv->gather(&gather);
    }
}

/* Channel c of a depthwise convolution of 32-bit activations whose sums floats might not hold: into
   map->values, and rounded into map->sums. |sum| < 2^31, see layer_shape.h. */
static void convolve_exactly(const struct dime_network_state *network, struct dime_chunk *chunk,
                             uint32_t index, uint32_t c) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_map *map = &chunk->maps[index];
    size_t in = dime_maps_step_in(network, chunk, index), out = dime_maps_step_out(network, chunk, index);
    network->conv->exact_channel(&layer->plan->forward, chunk->lanes, layer->plan->weights.count,
                                 layer->values + c, layer->padded_outputs, map->input + c * in,
                                 map->exact ? map->exact + c * in : NULL, map->values + c * out,
                                 map->sums + c * out);
}

/* ---- BatchNorm ---- */

/* Statistics of this chunk, and the integers that they fold into, so that training sees the rounding. */
static void measure(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    struct dime_map map = map_of(layer, chunk);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        float mean, variance, scale = (float)layer->sum_scale[m];
        network->conv->statistics(&map, chunk->maps[index].sums + (size_t)m * map.pixels * map.lanes, &mean,
                                  &variance);
        buffers->batch_mean[m] = mean * scale;
        buffers->batch_variance[m] = variance * scale * scale;
    }
    if (!network->quantized) return;
    struct dime_norm_view norm = {
        layer->gain.value, layer->offset.value, buffers->batch_mean, buffers->batch_variance,
        layer->sum_scale,  layer->outputs,      buffers->unit};
    uint8_t bias_shift;
    dime_affine_from_norm(&norm, buffers->affine, &bias_shift);
    dime_affine_spread(buffers->affine, bias_shift, layer->outputs, layer->padded_outputs,
                       buffers->affine_row, NULL);
}

static void use_running_statistics(const struct dime_network_state *network, struct dime_chunk *chunk,
                                   uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    memcpy(buffers->batch_mean, layer->mean, layer->outputs * sizeof(float));
    memcpy(buffers->batch_variance, layer->variance, layer->outputs * sizeof(float));
    if (network->quantized)
        memcpy(buffers->affine_row, layer->affine_row, 4 * layer->padded_outputs * sizeof(int32_t));
}

static void activate_channel(const struct dime_network_state *network, struct dime_chunk *chunk,
                             uint32_t index, uint32_t m) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    struct dime_map map = map_of(layer, chunk);
    struct dime_map_activity activity = {0};
    size_t place = (size_t)m * map.pixels * map.lanes, wide = layer->padded_outputs;
    const float *sums = chunk->maps[index].sums + place;
    float *next = chunk->maps[index + 1].input + place;
    if (network->quantized) {
        const int32_t *row = buffers->affine_row + m;
        struct dime_map_affine affine = {row[0], row[wide], row[2 * wide], row[3 * wide],
                                         (1 << (layer->shape.activation_bits - 1)) - 1};
        network->conv->activate(&map, sums, &affine, next, &activity);
    } else {
        float slope = layer->gain.value[m] * buffers->inverse_deviation[m];
        float offset = layer->offset.value[m] - buffers->batch_mean[m] * slope;
        float unit = 1 / (float)buffers->unit;
        network->conv->activate_real(&map, sums, slope * (float)layer->sum_scale[m] * unit, offset * unit,
                                     next, &activity);
    }
    buffers->highest[m] = activity.highest;
    chunk->active += activity.active;
}

static void batch_norm(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                       int training) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    buffers->unit = dime_activation_unit(&network->config, index + 1);
    if (training)
        measure(network, chunk, index);
    else
        use_running_statistics(network, chunk, index);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        buffers->inverse_deviation[m] = 1 / sqrtf(buffers->batch_variance[m] + DIME_BATCHNORM_EPSILON);
        activate_channel(network, chunk, index, m);
    }
    for (uint32_t n = 0; n < chunk->count; n++) chunk->input_scale[n] = (float)buffers->unit;
}

/* ---- RMS, Lin and LayerNorm: ShiftNorm over all outputs of an image ---- */

/* Integer values behind the affine step, where they are not there yet. */
static void make_values(const struct dime_train_layer *layer, struct dime_chunk_map *map, uint32_t lanes) {
    size_t size = (size_t)out_pixels(layer) * lanes, wide = layer->padded_outputs;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        const float *sums = map->sums + m * size;
        int32_t *values = map->values + m * size;
        if (!layer->affine) {
            for (size_t i = 0; i < size; i++) values[i] = (int32_t)sums[i];
            continue;
        }
        const int32_t *row = layer->affine_row + m;
        for (size_t i = 0; i < size; i++)
            values[i] = (((int32_t)sums[i] + row[0]) * row[wide] + row[2 * wide]) >> row[3 * wide];
    }
}

/* Rectifies the sums; sizes of each lane. */
static void measure_lanes(const struct dime_train_layer *layer, const struct dime_network_state *network,
                          struct dime_chunk *chunk, struct dime_chunk_map *map, float *shift_scale) {
    uint32_t lanes = chunk->lanes, outputs = dime_shape_outputs(&layer->shape);
    float sum[DIME_CHUNK_MOST] = {0}, square[DIME_CHUNK_MOST] = {0}, count = (float)outputs;
    for (size_t at = 0; at < (size_t)outputs * lanes; at += lanes) {
        for (uint32_t n = 0; n < lanes; n++) {
            float v = network->quantized ? (float)map->values[at + n] : map->sums[at + n];
            v = v > 0 ? v : 0;
            map->sums[at + n] = v;
            sum[n] += v;
            square[n] += v * v;
        }
    }
    enum dime_norm norm = network->config.norm;
    for (uint32_t n = 0; n < lanes; n++) {
        float mean = sum[n] / count, power = square[n] / count;
        float size = norm == DIME_NORM_LIN     ? mean
                     : norm == DIME_NORM_LAYER ? sqrtf(fmaxf(power - mean * mean, 0))
                                               : sqrtf(power);
        map->inverse[n] = size > TINY ? 1 / size : 0;
        map->centre[n] = norm == DIME_NORM_LAYER ? mean : 0;
        map->unscale[n] = 1 / shift_scale[n];
        chunk->input_scale[chunk->first + n] = map->inverse[n] * shift_scale[n];
    }
}

static void shift_lanes(const struct dime_train_layer *layer, struct dime_chunk_map *map, uint32_t lanes,
                        float *shift_scale, float *next) {
    size_t size = (size_t)dime_shape_outputs(&layer->shape) * lanes;
    int32_t largest[DIME_CHUNK_MOST] = {0}, top = (1 << (layer->shape.activation_bits - 1)) - 1;
    uint32_t shift[DIME_CHUNK_MOST], rounding[DIME_CHUNK_MOST];
    for (size_t at = 0; at < size; at += lanes)
        for (uint32_t n = 0; n < lanes; n++)
            largest[n] = map->values[at + n] > largest[n] ? map->values[at + n] : largest[n];
    for (uint32_t n = 0; n < lanes; n++) {
        shift[n] = dime_shift_norm_shift(largest[n], layer->shape.activation_bits);
        rounding[n] = UINT32_C(1) << shift[n] >> 1;
        shift_scale[n] = ldexpf(1, (int)shift[n]);
    }
    for (size_t at = 0; at < size; at += lanes) {
        for (uint32_t n = 0; n < lanes; n++) {
            uint32_t v = map->values[at + n] > 0 ? (uint32_t)map->values[at + n] : 0;
            int32_t y = (int32_t)((v + rounding[n]) >> shift[n]);
            next[at + n] = (float)(y > top ? top : y);
        }
    }
}

static void centre_lanes(const struct dime_train_layer *layer, uint32_t lanes, int quantized, float *next) {
    uint32_t outputs = dime_shape_outputs(&layer->shape);
    size_t size = (size_t)outputs * lanes;
    float sum[DIME_CHUNK_MOST] = {0}; /* whole numbers below 2^24 */
    for (size_t at = 0; at < size; at += lanes)
        for (uint32_t n = 0; n < lanes; n++) sum[n] += next[at + n];
    for (uint32_t n = 0; n < lanes; n++)
        sum[n] = quantized ? (float)(((uint32_t)sum[n] + outputs / 2) / outputs) : sum[n] / (float)outputs;
    for (size_t at = 0; at < size; at += lanes)
        for (uint32_t n = 0; n < lanes; n++) next[at + n] -= sum[n];
}

static void note_activity(const struct dime_train_layer *layer, struct dime_chunk *chunk, uint32_t index,
                          const float *next) {
    size_t size = (size_t)out_pixels(layer) * chunk->lanes;
    for (uint32_t m = 0; m < layer->outputs; m++, next += size) {
        float highest = 0;
        for (size_t i = 0; i < size; i++) {
            highest = next[i] > highest ? next[i] : highest;
            chunk->active += next[i] > 0;
        }
        chunk->layers[index].highest[m] = fmaxf(chunk->layers[index].highest[m], highest);
    }
}

/* In: map->sums, and map->values where they are beyond floats. */
static void shift_norm(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                       int values_made) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_map *map = &chunk->maps[index];
    float shift_scale[DIME_CHUNK_MOST], *next = chunk->maps[index + 1].input;
    for (uint32_t n = 0; n < chunk->lanes; n++) shift_scale[n] = 1;
    if (network->quantized && !values_made) make_values(layer, map, chunk->lanes);
    if (network->quantized) shift_lanes(layer, map, chunk->lanes, shift_scale, next);
    measure_lanes(layer, network, chunk, map, shift_scale);
    if (!network->quantized)
        memcpy(next, map->sums, (size_t)dime_shape_outputs(&layer->shape) * chunk->lanes * sizeof *next);
    if (!dime_kind_is_pool(layer->shape.kind)) note_activity(layer, chunk, index, next);
    if (network->config.norm == DIME_NORM_LAYER) centre_lanes(layer, chunk->lanes, network->quantized, next);
}

/* ---- 32-bit activations ---- */

static void widen_channel(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                          uint32_t m, struct dime_map_activity *activity) {
    const struct dime_train_layer *layer = &network->layers[index];
    const struct dime_chunk_map *map = &chunk->maps[index], *next = map + 1;
    struct dime_map whole = map_of(layer, chunk);
    size_t size = (size_t)whole.pixels * whole.lanes, at = m * dime_maps_step_out(network, chunk, index);
    if (dime_maps_inexact(network, layer->shape.largest_sum))
        network->conv->widen_exact(map->values + at, size, next->input + at,
                                   next->exact ? next->exact + at : NULL, activity);
    else if (network->quantized)
        network->conv->widen(map->sums + at, size, next->input + at, activity);
    else
        network->conv->activate_real(&whole, map->sums + at, 1.0f / (1 << DIME_WIDE_SHIFT), 0,
                                     next->input + at, activity);
}

static void widen_noted(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                        uint32_t m) {
    struct dime_map_activity activity = {0};
    widen_channel(network, chunk, index, m, &activity);
    chunk->layers[index].highest[m] = fmaxf(chunk->layers[index].highest[m], activity.highest);
    chunk->active += activity.active;
}

/* As many channels at a time as stay in the cache between the two steps. */
#define CHANNELS_AT_ONCE 12u

static void wide_layer(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                       int inexact) {
    const struct dime_train_layer *layer = &network->layers[index];
    uint32_t most = layer->shape.kind == DIME_LAYER_DEPTHWISE ? 1 : CHANNELS_AT_ONCE;
    for (uint32_t first = 0, count; first < layer->outputs; first += count) {
        count = layer->outputs - first < most ? layer->outputs - first : most;
        if (!inexact) convolve(network, chunk, index, first, count);
        for (uint32_t m = first; m < first + count; m++) widen_noted(network, chunk, index, m);
    }
}

/* ---- pooling ---- */

static void pool_exactly(const struct dime_network_state *network, const struct dime_train_layer *layer,
                         const int32_t *in, uint32_t lanes, int32_t *out) {
    const struct dime_conv_list *list = &layer->plan->forward;
    int64_t taps = (int64_t)layer->shape.kernel * layer->shape.kernel;
    if (layer->shape.kind == DIME_LAYER_MAX_POOL) {
        network->conv->pool_largest_exact(list, lanes, in, out);
        return;
    }
    for (uint32_t p = 0; p < list->count; p++, out += lanes) {
        for (uint32_t n = 0; n < lanes; n++) {
            int64_t sum = 0; /* nothing here is negative */
            for (uint32_t i = list->start[p]; i < list->start[p + 1]; i++)
                sum += in[(size_t)list->items[i].pixel * lanes + n];
            out[n] = (int32_t)((sum + taps / 2) / taps);
        }
    }
}

static void pool_average(const struct dime_train_layer *layer, int quantized, const float *in, uint32_t lanes,
                         float *out) {
    const struct dime_conv_list *list = &layer->plan->forward;
    uint32_t taps = layer->shape.kernel * layer->shape.kernel;
    for (uint32_t p = 0; p < list->count; p++, out += lanes) {
        for (uint32_t n = 0; n < lanes; n++) {
            double sum = 0; /* of whole numbers below 2^31: exact */
            for (uint32_t i = list->start[p]; i < list->start[p + 1]; i++)
                sum += in[(size_t)list->items[i].pixel * lanes + n];
            out[n] = (float)(quantized ? floor((sum + taps / 2) / taps) : sum / taps);
        }
    }
}

static void pool_channel(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                         uint32_t c) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_map *map = &chunk->maps[index];
    size_t in = c * dime_maps_step_in(network, chunk, index),
           out = c * dime_maps_step_out(network, chunk, index);
    int normalizes = dime_maps_normalizes(network, index);
    float *target = normalizes ? map->sums : map[1].input;
    if (layer->shape.kind == DIME_LAYER_MAX_POOL)
        network->conv->pool_largest(&layer->plan->forward, chunk->lanes, map->input + in, target + out);
    else
        pool_average(layer, network->quantized, map->input + in, chunk->lanes, target + out);
    if (map->exact)
        pool_exactly(network, layer, map->exact + in, chunk->lanes,
                     (normalizes ? map->values : map[1].exact) + out);
}

static void pool_layer(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index) {
    for (uint32_t c = 0; c < network->layers[index].outputs; c++) pool_channel(network, chunk, index, c);
}

/* ---- */

static void convolution_layer(const struct dime_network_state *network, struct dime_chunk *chunk,
                              uint32_t index, int training) {
    const struct dime_train_layer *layer = &network->layers[index];
    int inexact = dime_maps_inexact(network, layer->shape.largest_sum);
    if (inexact)
        for (uint32_t c = 0; c < layer->outputs; c++) convolve_exactly(network, chunk, index, c);
    else if (!layer->shape.wide_outputs)
        convolve(network, chunk, index, 0, layer->outputs);
    if (layer->mean)
        batch_norm(network, chunk, index, training);
    else if (layer->shape.wide_outputs)
        wide_layer(network, chunk, index, inexact);
    else
        shift_norm(network, chunk, index, inexact);
}

/* Channel m of a layer of the chain, without its activation. */
static void chain_sums(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                       uint32_t m) {
    if (dime_kind_is_pool(network->layers[index].shape.kind))
        pool_channel(network, chunk, index, m);
    else if (dime_maps_inexact(network, network->layers[index].shape.largest_sum))
        convolve_exactly(network, chunk, index, m);
    else
        convolve(network, chunk, index, m, 1);
}

static void chain_forward(const struct dime_network_state *network, struct dime_chunk *chunk) {
    for (uint32_t m = 0; m < network->layers[0].outputs; m++) {
        for (uint32_t i = 0; i < network->chain_count; i++) {
            chain_sums(network, chunk, i, m);
            if (!dime_kind_is_pool(network->layers[i].shape.kind)) widen_noted(network, chunk, i, m);
        }
    }
}

void dime_maps_recompute(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t m) {
    for (uint32_t i = 0; i + 1 < network->chain_count; i++) {
        chain_sums(network, chunk, i, m);
        if (!dime_kind_is_pool(network->layers[i].shape.kind)) widen_channel(network, chunk, i, m, NULL);
    }
}

/* What follows when all channels are there. */
static void finish_layer(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    if (!dime_kind_is_pool(layer->shape.kind))
        chunk->activations += (uint64_t)chunk->images * dime_shape_outputs(&layer->shape);
    else if (dime_maps_normalizes(network, index))
        shift_norm(network, chunk, index, chunk->maps[index].exact != NULL);
}

void dime_maps_to_lanes(const struct dime_network_state *network, const struct dime_chunk *chunk,
                        const float *from, size_t from_row, uint32_t inputs, float *to) {
    size_t lanes = chunk->lanes;
    network->kernels->transpose(from + chunk->first * from_row, from_row, chunk->images, inputs, to, lanes);
    for (uint32_t k = 0; k < inputs && chunk->images < lanes; k++)
        for (size_t n = chunk->images; n < lanes; n++) to[k * lanes + n] = 0;
}

static void group_forward(const struct dime_network_state *network, struct dime_chunk *chunk, int training) {
    const struct dime_train_layer *flat = &network->layers[network->map_count];
    dime_maps_to_lanes(network, chunk, chunk->layers[0].input, network->padded_inputs, network->inputs,
                       chunk->maps[0].input);
    if (network->chain_count) chain_forward(network, chunk);
    for (uint32_t i = 0; i < network->map_count; i++) {
        if (i >= network->chain_count && dime_kind_is_pool(network->layers[i].shape.kind))
            pool_layer(network, chunk, i);
        else if (i >= network->chain_count)
            convolution_layer(network, chunk, i, training);
        finish_layer(network, chunk, i);
    }
    float *rows = chunk->layers[network->map_count].input + (size_t)chunk->first * flat->padded_inputs;
    network->kernels->transpose(chunk->maps[network->map_count].input, chunk->lanes, flat->inputs,
                                chunk->images, rows, flat->padded_inputs);
}

void dime_maps_forward(const struct dime_network_state *network, struct dime_chunk *chunk, int training) {
    if (!network->map_count) return;
    for (uint32_t i = 0; i < network->map_count; i++)
        memset(chunk->layers[i].highest, 0, network->layers[i].outputs * sizeof(float));
    for (uint32_t g = 0; g < dime_maps_groups(network, chunk); g++) {
        dime_maps_select(network, chunk, g);
        group_forward(network, chunk, training);
    }
}
