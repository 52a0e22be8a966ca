/* SPDX-License-Identifier: MIT */
#include "model/host_maps.h"

#include "engine/stage.h"
#include "model/host_dot.h"

dime_host_maps_function dime_host_maps_generic;
#if defined(__x86_64__)
dime_host_maps_function dime_host_maps_avx2, dime_host_maps_avx512;
#endif

dime_host_maps_function *dime_host_maps_variant(uint32_t index) {
    if (!dime_instructions_there((enum dime_instructions)index)) return NULL;
#if defined(__x86_64__)
    if (index == DIME_INSTRUCTIONS_AVX2) return dime_host_maps_avx2;
    if (index >= DIME_INSTRUCTIONS_AVX512) return dime_host_maps_avx512;
#endif
    return dime_host_maps_generic;
}

dime_host_maps_function *dime_host_maps(void) {
    return dime_host_maps_variant(dime_instructions_chosen());
}

size_t dime_host_map_entries(const struct dime_layer *layer) {
    return ((size_t)layer->inputs + (layer->affine ? 4 : 0)) * dime_pad(layer->outputs);
}

void dime_host_map_fill(const struct dime_layer *layer, int32_t *entries) {
    uint32_t wide = dime_pad(layer->outputs);
    size_t row = dime_format_row_bytes(layer->format, layer->inputs) / sizeof(int16_t);
    const int16_t *values = layer->weights;
    int32_t *affine = entries + (size_t)layer->inputs * wide;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        for (uint32_t k = 0; k < layer->inputs; k++)
            entries[(size_t)k * wide + m] = values[m * row + (k ^ DIME_HOST_SWAP)];
        if (!layer->affine) continue;
        affine[m] = layer->affine[m].bias * (1 << layer->bias_shift);
        affine[wide + m] = layer->affine[m].multiplier;
        affine[2 * wide + m] = (int32_t)(UINT32_C(1) << layer->affine[m].shift >> 1);
        affine[3 * wide + m] = layer->affine[m].shift;
    }
}

size_t dime_host_map_offset(const struct dime_layer *layer) {
    size_t rows = (size_t)layer->outputs * dime_format_row_bytes(layer->format, layer->inputs);
    size_t table = layer->affine ? layer->outputs * sizeof *layer->affine : 0;
    return (rows + table + 63) / 64 * 64;
}

struct dime_host_map dime_host_map_of(const struct dime_layer *layer) {
    const uint8_t *block = layer->weights;
    const int32_t *entries = (const int32_t *)(const void *)(block + dime_host_map_offset(layer));
    return (struct dime_host_map){
        entries, layer->affine ? entries + (size_t)layer->inputs * dime_pad(layer->outputs) : NULL};
}

static uint32_t larger(uint32_t a, uint32_t b) {
    return a > b ? a : b;
}

/* Two maps, one of them going in and one coming out. */
uint32_t dime_host_maps_sums(const struct dime_network *network) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < network->map_count; i++) {
        const struct dime_layer *layer = &network->layers[i];
        most = larger(most, (uint32_t)layer->height * layer->width * dime_pad(layer->channels));
        most = larger(most, dime_map_size(layer) * dime_pad(layer->outputs));
    }
    return 2 * most;
}
