/* SPDX-License-Identifier: MIT */
/* The layers of maps on the PC: the reference's answers (device/engine/maps.c) bit for bit, with sixteen
   channels in a vector. Values lie pixel by pixel there, the channels innermost, padded to DIME_LANES. */
#ifndef DIME_MODEL_HOST_MAPS_H
#define DIME_MODEL_HOST_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "base/processor.h"
#include "engine/engine.h"

/* What a layer of maps has beside its rows, Mp being M padded: weights, K x Mp, then bias, multiplier,
   rounding and shift of the affine step, Mp each. */
struct dime_host_map {
    const int32_t *weights;
    const int32_t *affine; /* 4 x Mp, or NULL */
};

/* Entries of that for one layer of maps with weights. */
size_t dime_host_map_entries(const struct dime_layer *layer);
/* Fills them. The layer's weights are in the PC's format, see host_dot.h; its affine step is its own. */
void dime_host_map_fill(const struct dime_layer *layer, int32_t *entries);
/* Where a layer in the PC's format keeps them: behind its rows and its affine entries, see runtime_host.c. */
size_t dime_host_map_offset(const struct dime_layer *layer);
struct dime_host_map dime_host_map_of(const struct dime_layer *layer);

/* Entries of `sums` that the following needs. */
uint32_t dime_host_maps_sums(const struct dime_network *network);

/* For dime_network.maps where dime_runtime_use_host has been. */
typedef const int8_t *dime_host_maps_function(const struct dime_network *network, const int8_t *input,
                                              int32_t *sums, int8_t *activations);
dime_host_maps_function *dime_host_maps(void);
/* By instruction set, as of enum dime_instructions; NULL where this processor cannot run it. */
dime_host_maps_function *dime_host_maps_variant(uint32_t index);

#endif
