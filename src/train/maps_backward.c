/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/maps.h"

static uint32_t in_pixels(const struct dime_train_layer *layer) {
    return layer->shape.height * layer->shape.width;
}

static uint32_t out_pixels(const struct dime_train_layer *layer) {
    return layer->shape.out_height * layer->shape.out_width;
}

static struct dime_map map_of(const struct dime_train_layer *layer, const struct dime_chunk *chunk) {
    return (struct dime_map){out_pixels(layer), chunk->lanes, chunk->images, chunk->mask};
}

/* In: d loss / d integer output; out: d loss / d z, z = sum * sum_scale. */
static void batch_norm_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                                uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    struct dime_map map = map_of(layer, chunk);
    size_t size = (size_t)map.pixels * map.lanes;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        float scale = (float)layer->sum_scale[m], inverse = buffers->inverse_deviation[m];
        struct dime_map_norm norm = {
            .scale = scale * inverse,
            .centre = -buffers->batch_mean[m] * inverse,
            .range = network->quantized
                         ? (float)dime_activation_range(&network->config, layer->shape.activation_bits)
                         : INFINITY,
            .per_unit = 1 / (float)buffers->unit,
            .back = layer->gain.value[m] * inverse,
        };
        norm.slope = norm.scale * layer->gain.value[m];
        norm.offset = layer->offset.value[m] + norm.centre * layer->gain.value[m];
        network->conv->norm_gradient(&map, chunk->maps[index].sums + m * size, &norm,
                                     chunk->maps[index].gradient + m * size, &buffers->gain_gradient[m],
                                     &buffers->offset_gradient[m]);
    }
}

/* The formulas stand with the fully connected layers' normalisation; here a row is a lane. In: d loss / d
   integer output; out: d loss / d (sum after affine). */
static void shift_norm_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                                uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_map *map = &chunk->maps[index];
    uint32_t lanes = chunk->lanes, outputs = dime_shape_outputs(&layer->shape);
    float dot[DIME_CHUNK_MOST] = {0}, sum[DIME_CHUNK_MOST] = {0}, count = (float)outputs;
    float slope[DIME_CHUNK_MOST], mean[DIME_CHUNK_MOST];
    enum dime_norm norm = network->config.norm;
    for (size_t at = 0; at < (size_t)outputs * lanes; at += lanes) {
        for (uint32_t n = 0; n < lanes; n++) {
            dot[n] += map->gradient[at + n] * map->sums[at + n];
            sum[n] += map->gradient[at + n];
        }
    }
    for (uint32_t n = 0; n < lanes; n++) {
        slope[n] = (dot[n] - map->centre[n] * sum[n]) * map->inverse[n] / count;
        mean[n] = norm == DIME_NORM_LAYER ? sum[n] / count : 0;
    }
    for (size_t at = 0; at < (size_t)outputs * lanes; at += lanes) {
        for (uint32_t n = 0; n < lanes; n++) {
            float positive = map->sums[at + n];
            float unit = norm == DIME_NORM_LIN ? 1 : (positive - map->centre[n]) * map->inverse[n];
            float through = map->gradient[at + n] - mean[n] - unit * slope[n];
            map->gradient[at + n] = positive > 0 ? through * map->unscale[n] : 0;
        }
    }
}

/* From the output channels first .. first + count - 1. */
static void weight_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                            uint32_t index, uint32_t first, uint32_t count) {
    const struct dime_train_layer *layer = &network->layers[index];
    size_t wide = layer->padded_outputs;
    int depthwise = layer->shape.kind == DIME_LAYER_DEPTHWISE;
    size_t out = dime_maps_step_out(network, chunk, index);
    struct dime_conv_weights weights = {
        .plan = layer->plan,
        .adds = chunk->first > 0,
        .lanes = chunk->lanes,
        .channels = depthwise ? count : layer->shape.channels,
        .rows = count,
        .in = chunk->maps[index].input,
        .in_plane = dime_maps_step_in(network, chunk, index),
        .gradient = chunk->maps[index].gradient + first * out,
        .gradient_plane = out,
        .weights = chunk->layers[index].weight_gradient + first,
        .weight_tap = wide,
        .weight_channel = (size_t)layer->shape.kernel * layer->shape.kernel * wide,
    };
    if (depthwise) {
        weights.in += first * weights.in_plane;
        network->conv->depthwise_gradient(&weights);
    } else {
        network->conv->weight_gradient(&weights);
    }
}

/* Of all channels of a dense convolution, of first .. first + count - 1 of a depthwise one. */
static void input_gradient(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                           uint32_t first, uint32_t count) {
    const struct dime_train_layer *layer = &network->layers[index];
    size_t padded = dime_pad(layer->shape.channels);
    int depthwise = layer->shape.kind == DIME_LAYER_DEPTHWISE;
    struct dime_conv_gather gather = {
        .list = &layer->plan->backward,
        .lanes = chunk->lanes,
        .channels = depthwise ? count : layer->outputs,
        .rows = layer->shape.channels,
        .weights = layer->values_back,
        .weight_tap = depthwise ? padded : layer->outputs * padded,
        .weight_channel = padded,
        .in = chunk->maps[index].gradient,
        .in_plane = dime_maps_step_out(network, chunk, index),
        .out = chunk->maps[index - 1].gradient,
        .out_plane = dime_maps_step_in(network, chunk, index),
    };
    if (depthwise) {
        gather.in += first * gather.in_plane;
        gather.out += first * gather.out_plane;
        gather.weights += first;
        network->conv->depthwise(&gather);
    } else {
        network->conv->gather(&gather);
    }
}

static void pool_average_gradient(const struct dime_train_layer *layer, uint32_t lanes, const float *gradient,
                                  float *to) {
    const struct dime_conv_list *list = &layer->plan->forward;
    float share = 1 / (float)(layer->shape.kernel * layer->shape.kernel);
    for (uint32_t p = 0; p < list->count; p++)
        for (uint32_t i = list->start[p]; i < list->start[p + 1]; i++)
            for (uint32_t n = 0; n < lanes; n++)
                to[(size_t)list->items[i].pixel * lanes + n] += gradient[(size_t)p * lanes + n] * share;
}

/* The sums that a ShiftNorm behind max pooling works on are the pooled values, all at least 0. */
static void pool_gradient(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                          uint32_t c) {
    const struct dime_train_layer *layer = &network->layers[index];
    const struct dime_chunk_map *map = &chunk->maps[index];
    size_t in = c * dime_maps_step_in(network, chunk, index),
           out = c * dime_maps_step_out(network, chunk, index);
    const float *pooled = dime_maps_normalizes(network, index) ? map->sums : map[1].input;
    float *to = chunk->maps[index - 1].gradient + in;
    memset(to, 0, (size_t)in_pixels(layer) * chunk->lanes * sizeof *to);
    if (layer->shape.kind == DIME_LAYER_MAX_POOL)
        network->conv->pool_largest_gradient(&layer->plan->forward, chunk->lanes, map->input + in,
                                             pooled + out, map->gradient + out, to);
    else
        pool_average_gradient(layer, chunk->lanes, map->gradient + out, to);
}

/* Channel m, as far as it does not meet others: a channel stays in the cache for all of its steps. */
static void channel_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                             uint32_t index, uint32_t m) {
    const struct dime_train_layer *layer = &network->layers[index];
    int depthwise = layer->shape.kind == DIME_LAYER_DEPTHWISE;
    size_t size = (size_t)out_pixels(layer) * chunk->lanes,
           at = m * dime_maps_step_out(network, chunk, index);
    if (dime_kind_is_pool(layer->shape.kind)) {
        if (index > 0) pool_gradient(network, chunk, index, m);
        return;
    }
    if (layer->shape.wide_outputs)
        network->conv->widen_gradient(chunk->maps[index].sums + at, size, chunk->maps[index].gradient + at);
    if (depthwise || layer->shape.channels == 1) weight_gradient(network, chunk, index, m, 1);
    if (depthwise && index > 0) input_gradient(network, chunk, index, m, 1);
}

static void layer_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                           uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    if (dime_maps_normalizes(network, index)) shift_norm_gradient(network, chunk, index);
    if (layer->mean) batch_norm_gradient(network, chunk, index);
    for (uint32_t m = 0; m < layer->outputs; m++) channel_gradient(network, chunk, index, m);
    if (layer->shape.kind != DIME_LAYER_CONV2D) return;
    if (layer->shape.channels > 1) weight_gradient(network, chunk, index, 0, layer->outputs);
    if (index > 0) input_gradient(network, chunk, index, 0, layer->outputs);
}

static void chain_gradient(const struct dime_network_state *network, struct dime_chunk *chunk) {
    uint32_t last = network->chain_count - 1;
    if (dime_maps_normalizes(network, last)) shift_norm_gradient(network, chunk, last);
    for (uint32_t m = 0; m < network->layers[0].outputs; m++) {
        dime_maps_recompute(network, chunk, m);
        for (uint32_t i = last + 1; i-- > 0;) channel_gradient(network, chunk, i, m);
    }
}

static void group_backward(const struct dime_network_state *network, struct dime_chunk *chunk) {
    uint32_t last = network->map_count - 1;
    const struct dime_train_layer *flat = &network->layers[network->map_count];
    dime_maps_to_lanes(network, chunk, chunk->layers[last].gradient, flat->padded_inputs, flat->inputs,
                       chunk->maps[last].gradient);
    for (uint32_t i = network->map_count; i-- > network->chain_count;) layer_gradient(network, chunk, i);
    if (network->chain_count) chain_gradient(network, chunk);
}

void dime_maps_backward(const struct dime_network_state *network, struct dime_chunk *chunk) {
    for (uint32_t g = 0; network->map_count && g < dime_maps_groups(network, chunk); g++) {
        dime_maps_select(network, chunk, g);
        group_backward(network, chunk);
    }
}
