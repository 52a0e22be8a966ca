/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/host_dot.h"
#include "model/host_maps.h"
#include "model/model.h"

/* The packed row of one output, each code as its value. */
static void widen_row(const struct dime_format *format, const void *packed, uint32_t inputs, int16_t *row) {
    for (uint32_t k = 0; k < inputs; k++)
        row[k ^ DIME_HOST_SWAP] = format->value(dime_format_code(format, packed, k));
}

/* One block: the rows, then the affine table, then what host_maps.h wants of a layer of maps. `layer` is the
   layer in the PC's format, but for its weights. */
static uint8_t *make_block(const struct dime_layer *packed, const struct dime_format *host,
                           struct dime_layer *layer) {
    size_t from_row = dime_format_row_bytes(packed->format, packed->inputs);
    size_t to_row = dime_format_row_bytes(host, packed->inputs), rows = packed->outputs * to_row;
    size_t entries = packed->kind == DIME_LAYER_FC ? 0 : dime_host_map_entries(packed);
    layer->format = host;
    size_t offset = dime_host_map_offset(layer), bytes = offset + entries * sizeof(int32_t);
    uint8_t *block = calloc(1, bytes);
    if (!block) {
        dime_error_set(DIME_ERROR_MEMORY, "out of memory for %zu bytes of %s weights", bytes, host->name);
        return NULL;
    }
    for (uint32_t m = 0; m < packed->outputs; m++)
        widen_row(packed->format, (const uint8_t *)packed->weights + m * from_row, packed->inputs,
                  (int16_t *)(void *)(block + m * to_row));
    if (packed->affine) memcpy(block + rows, packed->affine, packed->outputs * sizeof *packed->affine);
    layer->weights = block;
    if (packed->affine) layer->affine = (const struct dime_affine *)(const void *)(block + rows);
    if (entries) dime_host_map_fill(layer, (int32_t *)(void *)(block + offset));
    return block;
}

int dime_runtime_use_host(struct dime_runtime *runtime, const struct dime_format *host) {
    struct dime_network *network = &runtime->network;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        struct dime_layer packed = runtime->layers[i], layer = packed;
        if (!packed.format) continue; /* no weights */
        uint8_t *block = make_block(&packed, host, &layer);
        if (!block) return DIME_ERROR_MEMORY;
        free(runtime->weights[i]);
        runtime->weights[i] = block;
        runtime->layers[i] = layer;
    }
    if (!network->map_count) return 0;
    network->maps = dime_host_maps();
    uint32_t sums = dime_host_maps_sums(network);
    if (sums > network->sums) network->sums = sums;
    return 0;
}
