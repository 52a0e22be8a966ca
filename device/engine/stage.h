/* SPDX-License-Identifier: MIT */
/* How layers of maps are taken together. Private to device/engine; the memory that a network needs follows
   from it, so a faster dime_network.maps keeps to it or brings its own dime_network_scratch. */
#ifndef DIME_STAGE_H
#define DIME_STAGE_H

#include <stdint.h>

#include "engine.h"

/* A stage turns one tensor of int8 activations into the next; nothing between is stored as a whole.
   - A convolution with WIDE outputs and everything behind it up to the ShiftNorm that makes int8 again: one
     channel at a time, since all behind the first treat channels separately.
   - A convolution and the pooling behind it, where clamping commutes with the pooling: FIXED with either
   kind, SHIFT with max pooling, since a maximum is the same before and behind rounding and clamping. Centring
     needs the mean of the whole tensor first.
   - Any other layer by itself. */
static inline int dime_is_pool(const struct dime_layer *layer) {
    return layer->kind == DIME_LAYER_MAX_POOL || layer->kind == DIME_LAYER_AVG_POOL;
}

/* The index behind the last layer of the stage that begins with layer `first`. */
static inline uint32_t dime_stage_end(const struct dime_network *network, uint32_t first) {
    const struct dime_layer *layer = &network->layers[first], *next = layer + 1;
    uint32_t end = first + 1;
    if (layer->requantize == DIME_REQUANTIZE_WIDE) {
        while (network->layers[end].requantize != DIME_REQUANTIZE_SHIFT) end++;
        return end + 1;
    }
    if (dime_is_pool(layer) || end == network->map_count || !dime_is_pool(next)) return end;
    if (layer->requantize == DIME_REQUANTIZE_FIXED) return end + 1;
    return next->kind == DIME_LAYER_MAX_POOL && !layer->centre ? end + 1 : end;
}

/* The reference for one stage. */
void dime_stage_run(const struct dime_layer *first, const struct dime_layer *last, const int8_t *input,
                    int32_t *sums, int8_t *output);

static inline uint32_t dime_map_size(const struct dime_layer *layer) { /* of one channel that comes out */
    return (uint32_t)layer->out_height * layer->out_width;
}

/* int32_t entries that hold a gathered patch of int8 activations. */
static inline uint32_t dime_patch_entries(const struct dime_layer *layer) {
    return ((uint32_t)layer->inputs + 3) / 4;
}

#endif
