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

static void lay_out_map(struct arena *arena, struct dime_chunk *chunk,
                        const struct dime_network_state *network, uint32_t index, int with_gradients) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_map *map = &chunk->maps[index];
    size_t in = (size_t)layer->shape.height * layer->shape.width * DIME_CHUNK_MOST;
    size_t out = (size_t)layer->shape.out_height * layer->shape.out_width * DIME_CHUNK_MOST;
    int normalizes = dime_maps_normalizes(network, index);
    in *= dime_maps_channels_in(network, index);
    out *= dime_maps_channels_out(network, index);
    map->input = take_floats(arena, in);
    map->exact = NULL;
    if (layer->shape.wide_inputs && dime_maps_inexact(network, layer->shape.input_largest))
        map->exact = take(arena, in, sizeof *map->exact);
    if (normalizes || !dime_kind_is_pool(layer->shape.kind)) map->sums = take_floats(arena, out);
    if (normalizes || dime_maps_inexact(network, layer->shape.largest_sum))
        map->values = take(arena, out, sizeof *map->values);
    map->inverse = take_floats(arena, DIME_CHUNK_MOST);
    map->centre = take_floats(arena, DIME_CHUNK_MOST);
    map->unscale = take_floats(arena, DIME_CHUNK_MOST);
    chunk->layers[index].highest = take_floats(arena, layer->padded_outputs);
    if (layer->mean) lay_out_norm(arena, &chunk->layers[index], layer);
    if (!with_gradients) return;
    map->gradient = take_floats(arena, out);
    lay_out_parameters(arena, &chunk->layers[index], layer);
}

static void lay_out_maps(struct arena *arena, struct dime_chunk *chunk,
                         const struct dime_network_state *network, int with_gradients) {
    uint32_t count = network->map_count;
    for (uint32_t i = 0; i < count; i++) lay_out_map(arena, chunk, network, i, with_gradients);
    if (!count) return;
    const struct dime_train_layer *flat = &network->layers[count];
    chunk->mask = take_floats(arena, DIME_CHUNK_MOST);
    chunk->maps[count].input = take_floats(arena, (size_t)flat->inputs * DIME_CHUNK_MOST);
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
    size_t classes = network->layers[network->layer_count - 1].padded_outputs;
    chunk->input_scale = take_floats(arena, DIME_CHUNK_MOST);
    chunk->logit_unit = take_floats(arena, DIME_CHUNK_MOST);
    chunk->logits = take(arena, DIME_CHUNK_MOST * classes, sizeof *chunk->logits);
    chunk->real_logits = take_floats(arena, DIME_CHUNK_MOST * classes);
    if (!with_gradients || !network->config.teacher_count) return;
    chunk->soft = take_floats(arena, DIME_CHUNK_MOST * classes);
    chunk->tempered = take_floats(arena, 2 * DIME_CHUNK_MOST * classes);
}

int dime_chunk_create(struct dime_chunk *chunk, const struct dime_network_state *network,
                      int with_gradients) {
    struct arena arena = {0};
    memset(chunk, 0, sizeof *chunk);
    lay_out(&arena, chunk, network, with_gradients);
    size_t size = (arena.used + 63) / 64 * 64;
    chunk->memory = aligned_alloc(64, size);
    if (!chunk->memory)
        return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a batch: %zu bytes", size);
    memset(chunk->memory, 0, size); /* padded columns stay zero */
    arena = (struct arena){chunk->memory, 0};
    lay_out(&arena, chunk, network, with_gradients);
    return 0;
}

void dime_chunk_free(struct dime_chunk *chunk) {
    free(chunk->memory);
    memset(chunk, 0, sizeof *chunk);
}
