/* SPDX-License-Identifier: MIT */
/* Memory of one chunk. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/maps.h"

/* Hands out pieces of one block; with base NULL it only counts. */
struct arena {
    char *base;
    size_t used;
};

static void *take(struct arena *arena, size_t count, size_t size) {
    size_t start = (arena->used + 63) / 64 * 64; /* cache lines are not shared between pieces */
    arena->used = start + count * size;
    return arena->base ? arena->base + start : NULL;
}

static float *take_floats(struct arena *arena, size_t count) {
    return take(arena, count, sizeof(float));
}

static void lay_out_norm(struct arena *arena, struct dime_chunk_layer *chunk,
                         const struct dime_train_layer *layer) {
    size_t wide = layer->padded_outputs;
    chunk->batch_mean = take_floats(arena, wide);
    chunk->batch_variance = take_floats(arena, wide);
    chunk->inverse_deviation = take_floats(arena, wide);
    chunk->affine_row = take(arena, 4 * wide, sizeof(int32_t));
    chunk->affine = take(arena, layer->outputs, sizeof(struct dime_affine));
}

static void lay_out_parameters(struct arena *arena, struct dime_chunk_layer *chunk,
                               const struct dime_train_layer *layer) {
    chunk->weight_gradient = take_floats(arena, layer->weight.count);
    chunk->gain_gradient = take_floats(arena, layer->padded_outputs);
    chunk->offset_gradient = take_floats(arena, layer->padded_outputs);
}

/* Maps of one layer for a group of `lanes` images. `shared`: those of the first group, whose memory inside
   the chain serves all; NULL for the first one. */
static void lay_out_group(struct arena *arena, struct dime_chunk_map *map,
                          const struct dime_chunk_map *shared, const struct dime_network_state *network,
                          uint32_t index, size_t lanes) {
    const struct dime_layer_shape *shape = &network->layers[index].shape;
    size_t in = lanes * shape->height * shape->width * dime_maps_channels_in(network, index);
    size_t out = lanes * shape->out_height * shape->out_width * dime_maps_channels_out(network, index);
    int chained = index < network->chain_count, normalizes = dime_maps_normalizes(network, index);
    if (shared && chained) *map = *shared;
    if (!shared || !chained || index == 0) map->input = take_floats(arena, in);
    if ((!shared || !chained) && shape->wide_inputs && dime_maps_inexact(network, shape->input_largest))
        map->exact = take(arena, in, sizeof *map->exact);
    if (shared && index + 1 < network->chain_count) return;
    if (normalizes || !dime_kind_is_pool(shape->kind)) map->sums = take_floats(arena, out);
    if (normalizes || dime_maps_inexact(network, shape->largest_sum))
        map->values = take(arena, out, sizeof *map->values);
    map->inverse = take_floats(arena, lanes);
    map->centre = take_floats(arena, lanes);
    map->unscale = take_floats(arena, lanes);
    map->gradient = take_floats(arena, out);
}

static void lay_out_map(struct arena *arena, struct dime_chunk *chunk,
                        const struct dime_network_state *network, uint32_t index, int with_gradients) {
    const struct dime_train_layer *layer = &network->layers[index];
    int chain = network->chain_count > 0;
    for (uint32_t g = 0; g < (chain ? DIME_CHUNK_MOST / DIME_LANES : 1); g++)
        lay_out_group(arena, &chunk->groups[g][index], g ? &chunk->groups[0][index] : NULL, network, index,
                      chain ? DIME_LANES : DIME_CHUNK_MOST);
    chunk->layers[index].highest = take_floats(arena, layer->padded_outputs);
    if (layer->mean) lay_out_norm(arena, &chunk->layers[index], layer);
    if (with_gradients) lay_out_parameters(arena, &chunk->layers[index], layer);
}

static void lay_out_maps(struct arena *arena, struct dime_chunk *chunk,
                         const struct dime_network_state *network, int with_gradients) {
    uint32_t count = network->map_count;
    for (uint32_t i = 0; i < count; i++) lay_out_map(arena, chunk, network, i, with_gradients);
    if (!count) return;
    const struct dime_train_layer *flat = &network->layers[count];
    chunk->mask = take_floats(arena, DIME_CHUNK_MOST);
    for (uint32_t g = 0; g < DIME_CHUNK_MOST / DIME_LANES;
         g++) /* one group of all is as large as all groups */
        chunk->groups[g][count].input = take_floats(
            arena, (size_t)flat->inputs * (g || network->chain_count ? DIME_LANES : DIME_CHUNK_MOST));
    chunk->layers[0].input = take_floats(arena, (size_t)network->padded_inputs * DIME_CHUNK_MOST);
    if (with_gradients)
        chunk->layers[count - 1].gradient = take_floats(arena, (size_t)flat->padded_inputs * DIME_CHUNK_MOST);
}

static void lay_out_layer(struct arena *arena, struct dime_chunk_layer *chunk,
                          const struct dime_train_layer *layer, int with_gradients) {
    size_t rows = DIME_CHUNK_MOST, wide = layer->padded_outputs;
    chunk->input = take_floats(arena, rows * layer->padded_inputs);
    chunk->sums = take_floats(arena, rows * wide);
    chunk->positive = take_floats(arena, rows * wide);
    chunk->highest = take_floats(arena, wide);
    chunk->unscale = take_floats(arena, rows);
    chunk->inverse = take_floats(arena, rows);
    chunk->centre = take_floats(arena, rows);
    if (layer->mean) lay_out_norm(arena, chunk, layer);
    if (!with_gradients) return;
    chunk->gradient = take_floats(arena, rows * wide);
    chunk->scaled = take_floats(arena, rows * wide);
    lay_out_parameters(arena, chunk, layer);
}

/* Scratch of the whole gradient, for the layers that need most of it. */
static void lay_out_pairs(struct arena *arena, struct dime_chunk *chunk,
                          const struct dime_network_state *network) {
    size_t inputs = 0, outputs = 0, pairs = (DIME_CHUNK_MOST + 1) / 2;
    for (uint32_t i = network->map_count; i < network->layer_count; i++) {
        const struct dime_train_layer *layer = &network->layers[i];
        if (!layer->whole_inputs) continue;
        if (layer->padded_inputs > inputs) inputs = layer->padded_inputs;
        if (layer->padded_outputs > outputs) outputs = layer->padded_outputs;
    }
    chunk->input_pairs = take(arena, pairs * inputs, sizeof *chunk->input_pairs);
    chunk->gradient_pairs = take(arena, pairs * outputs, sizeof *chunk->gradient_pairs);
    chunk->gradient_unit = take_floats(arena, outputs);
}

/* Inputs of the layer with most of them among those that multiply bytes. */
static uint32_t longest_packed(const struct dime_network_state *network) {
    uint32_t longest = 0;
    for (uint32_t i = 0; i < network->layer_count; i++)
        if (network->layers[i].packed && network->layers[i].inputs > longest)
            longest = network->layers[i].inputs;
    return longest;
}

static void lay_out(struct arena *arena, struct dime_chunk *chunk, const struct dime_network_state *network,
                    int with_gradients) {
    lay_out_maps(arena, chunk, network, with_gradients);
    for (uint32_t i = network->map_count; i < network->layer_count; i++)
        lay_out_layer(arena, &chunk->layers[i], &network->layers[i], with_gradients);
    chunk->bytes = take(arena, DIME_WHOLE_ROWS * dime_whole_bytes(longest_packed(network)), 1);
    if (with_gradients) lay_out_pairs(arena, chunk, network);
    size_t classes = network->layers[network->layer_count - 1].padded_outputs;
    chunk->input_scale = take_floats(arena, DIME_CHUNK_MOST);
    chunk->logit_unit = take_floats(arena, DIME_CHUNK_MOST);
    chunk->logits = take(arena, DIME_CHUNK_MOST * classes, sizeof *chunk->logits);
    chunk->real_logits = take_floats(arena, DIME_CHUNK_MOST * classes);
    if (!with_gradients || !network->config.teacher_count) return;
    chunk->soft = take_floats(arena, DIME_CHUNK_MOST * classes);
    chunk->tempered = take_floats(arena, 2 * DIME_CHUNK_MOST * classes);
}

/* Bytes by which the memory of chunks differs within a page: their gradients are added up, and equal places
   would compete for the same part of the first cache. */
#define APART ((size_t)17 * 64)

int dime_chunk_create(struct dime_chunk *chunk, const struct dime_network_state *network,
                      int with_gradients) {
    struct arena arena = {0};
    memset(chunk, 0, sizeof *chunk);
    lay_out(&arena, chunk, network, with_gradients);
    size_t apart = (uintptr_t)chunk / sizeof *chunk % 4 * APART; /* neighbours in an array differ */
    size_t size = (arena.used + apart + 63) / 64 * 64;
    chunk->memory = aligned_alloc(64, size);
    if (!chunk->memory)
        return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a batch: %zu bytes", size);
    memset(chunk->memory, 0, size); /* padded columns stay zero */
    arena = (struct arena){chunk->memory, apart};
    lay_out(&arena, chunk, network, with_gradients);
    return 0;
}

void dime_chunk_free(struct dime_chunk *chunk) {
    free(chunk->memory);
    memset(chunk, 0, sizeof *chunk);
}
