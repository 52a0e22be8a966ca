/* SPDX-License-Identifier: MIT */
#include "train/maps.h"

#include <stdlib.h>

#include "base/aligned.h"
#include "base/error.h"

static uint32_t tap_count(const struct dime_train_layer *layer) {
    return layer->shape.kernel * layer->shape.kernel;
}

static size_t back_count(const struct dime_train_layer *layer) {
    size_t rows = layer->shape.kind == DIME_LAYER_DEPTHWISE ? 1 : layer->outputs;
    return tap_count(layer) * rows * dime_pad(layer->shape.channels);
}

int dime_maps_prepare(struct dime_train_layer *layer) {
    const struct dime_layer_shape *shape = &layer->shape;
    if (shape->kind == DIME_LAYER_FC) return 0;
    struct dime_conv_shape window = {shape->height, shape->width,  shape->out_height, shape->out_width,
                                     shape->kernel, shape->stride, shape->padding};
    layer->plan = malloc(sizeof *layer->plan);
    if (!layer->plan) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a convolution");
    int code = dime_conv_plan_create(layer->plan, &window);
    if (code || dime_kind_is_pool(shape->kind)) return code;
    layer->values_back = dime_aligned_zeros(back_count(layer), sizeof *layer->values_back);
    return layer->values_back ? 0 : dime_error_set(DIME_ERROR_MEMORY, "out of memory for a convolution");
}

void dime_maps_release(struct dime_train_layer *layer) {
    if (layer->plan) dime_conv_plan_free(layer->plan);
    free(layer->plan);
    free(layer->values_back);
}

/* Row k of a dense convolution is tap k % taps of channel k / taps. */
void dime_maps_refresh(const struct dime_train_layer *layer, uint32_t first, uint32_t last) {
    size_t wide = layer->padded_outputs, taps = tap_count(layer), channels = dime_pad(layer->shape.channels);
    int depthwise = layer->shape.kind == DIME_LAYER_DEPTHWISE;
    for (size_t k = first; k < last; k++) {
        const float *values = layer->values + k * wide;
        float *to = depthwise ? layer->values_back + k * channels
                              : layer->values_back + k % taps * layer->outputs * channels + k / taps;
        size_t step = depthwise ? 1 : channels;
        for (uint32_t m = 0; m < layer->outputs; m++) to[m * step] = values[m] * layer->ratio[m];
    }
}

/* Channel m of its outputs comes from channel m of its inputs, or from the only one, and needs nothing else.
 */
static int channels_apart(const struct dime_train_layer *layer, int first) {
    const struct dime_layer_shape *shape = &layer->shape;
    if (dime_kind_is_pool(shape->kind)) return 1;
    if (layer->mean || !shape->wide_outputs) return 0;
    return shape->kind == DIME_LAYER_DEPTHWISE || (first && shape->channels == 1);
}

uint32_t dime_maps_chain(const struct dime_network_state *network) {
    uint32_t count = 0;
    if (network->layers[0].shape.channels != 1) return 0;
    while (count < network->map_count && channels_apart(&network->layers[count], count == 0)) {
        count++;
        if (dime_maps_normalizes(network, count - 1)) break; /* over all channels */
    }
    return count > 1 ? count : 0;
}

uint32_t dime_maps_channels_in(const struct dime_network_state *network, uint32_t index) {
    return index < network->chain_count ? 1 : network->layers[index].shape.channels;
}

uint32_t dime_maps_channels_out(const struct dime_network_state *network, uint32_t index) {
    return index + 1 < network->chain_count ? 1 : network->layers[index].shape.outputs;
}

uint32_t dime_maps_groups(const struct dime_network_state *network, const struct dime_chunk *chunk) {
    return network->chain_count ? dime_pad(chunk->count) / DIME_LANES : 1;
}

void dime_maps_select(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t group) {
    uint32_t most = network->chain_count ? DIME_LANES : DIME_CHUNK_MOST;
    chunk->maps = chunk->groups[group];
    chunk->first = group * most;
    chunk->images = chunk->count - chunk->first < most ? chunk->count - chunk->first : most;
    chunk->lanes = dime_pad(chunk->images);
    for (uint32_t n = 0; n < chunk->lanes; n++) chunk->mask[n] = n < chunk->images ? 1 : 0;
}

size_t dime_maps_step_in(const struct dime_network_state *network, const struct dime_chunk *chunk,
                         uint32_t index) {
    const struct dime_layer_shape *shape = &network->layers[index].shape;
    int one = dime_maps_channels_in(network, index) == 1;
    return one ? 0 : (size_t)shape->height * shape->width * chunk->lanes;
}

size_t dime_maps_step_out(const struct dime_network_state *network, const struct dime_chunk *chunk,
                          uint32_t index) {
    const struct dime_layer_shape *shape = &network->layers[index].shape;
    int one = dime_maps_channels_out(network, index) == 1;
    return one ? 0 : (size_t)shape->out_height * shape->out_width * chunk->lanes;
}

int dime_maps_normalizes(const struct dime_network_state *network, uint32_t index) {
    const struct dime_layer_shape *shape = &network->layers[index].shape;
    if (dime_kind_is_pool(shape->kind)) return shape->wide_inputs && !shape->wide_outputs;
    return network->config.norm != DIME_NORM_BATCH && !shape->wide_outputs;
}

int dime_maps_inexact(const struct dime_network_state *network, int64_t largest) {
    return network->quantized && largest >= DIME_SUM_LIMIT;
}
