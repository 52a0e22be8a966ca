/* SPDX-License-Identifier: MIT */
/* Layers of maps - convolution and pooling - in training. A chunk's images lie innermost there, see
   conv_kernels.h. Letters: C channels in, M out, HW and OHW pixels in and out, L lanes.

   A chain is a run of layers at the start of the network whose channels do not meet: a convolution of one
   channel, depthwise convolutions and pooling, with nothing between them that needs all channels. Each
   channel goes through the whole chain before the next one does, with sixteen images at a time, in memory
   that stays in the first cache, and again at the start of its way back: computing twice costs less than
   storing. Only what leaves the chain is kept for all channels and images. */
#ifndef DIME_TRAIN_MAPS_H
#define DIME_TRAIN_MAPS_H

#include "train/network.h"

/* Plan of a layer of maps and its weights the other way round; nothing for a fully connected one. Errors:
 * MEMORY.
 */
int dime_maps_prepare(struct dime_train_layer *layer);
void dime_maps_release(struct dime_train_layer *layer);
/* Recomputes layer->values_back for weights of input rows first .. last-1. */
void dime_maps_refresh(const struct dime_train_layer *layer, uint32_t first, uint32_t last);

/* Layers of the chain that a network begins with. */
uint32_t dime_maps_chain(const struct dime_network_state *network);
/* Channels of layer `index` that have room of their own, going in and coming out; floats from one to the
 * next. */
uint32_t dime_maps_channels_in(const struct dime_network_state *network, uint32_t index);
uint32_t dime_maps_channels_out(const struct dime_network_state *network, uint32_t index);
size_t dime_maps_step_in(const struct dime_network_state *network, const struct dime_chunk *chunk,
                         uint32_t index);
size_t dime_maps_step_out(const struct dime_network_state *network, const struct dime_chunk *chunk,
                          uint32_t index);

/* Groups that the images of a chunk form; makes one of them the present one. */
uint32_t dime_maps_groups(const struct dime_network_state *network, const struct dime_chunk *chunk);
void dime_maps_select(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t group);

/* ShiftNorm follows layer `index`, over all of its outputs. */
int dime_maps_normalizes(const struct dime_network_state *network, uint32_t index);
/* Values of this magnitude may not fit floats; 32-bit integers are computed beside them. */
int dime_maps_inexact(const struct dime_network_state *network, int64_t largest);

/* From the pictures in chunk->layers[0].input to the input of the first fully connected layer. */
void dime_maps_forward(const struct dime_network_state *network, struct dime_chunk *chunk, int training);
/* K x L from N rows of K inputs, those of the present group; lanes without an image are 0. */
void dime_maps_to_lanes(const struct dime_network_state *network, const struct dime_chunk *chunk,
                        const float *from, size_t from_row, uint32_t inputs, float *to);
/* Brings the maps inside the chain to channel m again, on its way back. */
void dime_maps_recompute(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t m);
/* From the gradient of that input, in the gradient buffer of the last layer of maps, to all gradients of
   parameters. */
void dime_maps_backward(const struct dime_network_state *network, struct dime_chunk *chunk);

#endif
