/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/host_dot.h"
#include "model/model.h"

/* The packed row of one output, each code as its value. */
static void widen_row(const struct dime_format *format, const void *packed, uint32_t inputs, int16_t *row) {
    for (uint32_t k = 0; k < inputs; k++)
        row[k ^ DIME_HOST_SWAP] = format->value(dime_format_code(format, packed, k));
}

/* One block: the rows, then the affine table. */
static void *widen_layer(const struct dime_layer *layer, const struct dime_format *host, size_t rows) {
    size_t from_row = dime_format_row_bytes(layer->format, layer->inputs), to_row = rows / layer->outputs;
    size_t table = layer->affine ? layer->outputs * sizeof *layer->affine : 0;
    uint8_t *block = calloc(1, rows + table);
    if (!block) {
        dime_error_set(DIME_ERROR_MEMORY, "out of memory for %zu bytes of %s weights", rows + table,
                       host->name);
        return NULL;
    }
    for (uint32_t m = 0; m < layer->outputs; m++)
        widen_row(layer->format, (const uint8_t *)layer->weights + m * from_row, layer->inputs,
                  (int16_t *)(void *)(block + m * to_row));
    if (table) memcpy(block + rows, layer->affine, table);
    return block;
}

int dime_runtime_use_host(struct dime_runtime *runtime, const struct dime_format *host) {
    for (uint32_t i = 0; i < runtime->network.layer_count; i++) {
        struct dime_layer *layer = &runtime->layers[i];
        if (!layer->format) continue; /* no weights */
        size_t rows = (size_t)layer->outputs * dime_format_row_bytes(host, layer->inputs);
        uint8_t *block = widen_layer(layer, host, rows);
        if (!block) return DIME_ERROR_MEMORY;
        free(runtime->weights[i]);
        runtime->weights[i] = block;
        if (layer->affine) layer->affine = (const struct dime_affine *)(const void *)(block + rows);
        layer->weights = block;
        layer->format = host;
    }
    return 0;
}
