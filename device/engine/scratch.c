/* SPDX-License-Identifier: MIT */
#include "engine.h"
#include "stage.h"

/* Entries of `sums` that dime_maps_run uses for the stage first .. last. */
static uint32_t stage_sums(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t whole = last->outputs * dime_map_size(last);
    if (dime_is_pool(first)) return 0;
    if (first->requantize == DIME_REQUANTIZE_WIDE)
        return whole + dime_map_size(first) + dime_patch_entries(first);
    return (first->requantize == DIME_REQUANTIZE_SHIFT ? whole : first->outputs) + dime_patch_entries(first);
}

struct dime_scratch dime_network_scratch(const struct dime_network *network) {
    struct dime_scratch scratch = {0, 0};
    for (uint32_t i = network->map_count; i < network->layer_count; i++)
        if (network->layers[i].outputs > scratch.sums) scratch.sums = network->layers[i].outputs;
    scratch.activations = scratch.sums;
    uint32_t before = 0; /* bytes of the stage's input; the picture is the caller's */
    for (uint32_t first = 0, end; first < network->map_count; first = end) {
        end = dime_stage_end(network, first);
        const struct dime_layer *last = &network->layers[end - 1];
        uint32_t sums = stage_sums(&network->layers[first], last), size = last->outputs * dime_map_size(last);
        if (sums > scratch.sums) scratch.sums = sums;
        if (before + size > scratch.activations) scratch.activations = before + size;
        before = size;
    }
    return scratch;
}
