/* SPDX-License-Identifier: MIT */
/* Layers of maps whose weights have become instructions: the exporter writes a function for each layer, or
   for each channel, and a table of stages; what is here calls them. docs/chip-convolutions.md has the method.
 */
#ifndef DIME_FAST_CONV_H
#define DIME_FAST_CONV_H

#include "engine.h"

/* Sums of all output channels at two neighbouring places of a row: sums[m] = left + (right << 16), modulo
   2^32, both within 16 signed bits. input: the top left of the left place's window in the first channel. */
typedef void dime_conv_pair(const int8_t *input, uint32_t *sums);

/* Activations from such sums. A convolution by itself: at two places of each channel, output[0] and
   output[1], and likewise in the other channels' maps behind it. With 2x2 max pooling: from the sums of two
   pairs, the upper and, M words behind, the lower one, at one place. */
typedef void dime_conv_finish(const uint32_t *sums, int8_t *output);

/* One channel of a 3x3 convolution: a whole map of int8 or int32 to a map of int32, which may lie in its
 * place. */
typedef void dime_conv_map(const void *input, int32_t *output);

/* One stage (stage.h): layers first .. last. */
struct dime_conv_stage {
    /* dime_conv_reference_run, dime_conv_pairs_run or dime_conv_wide_run; `sums` as dime_conv_sums says. */
    void (*run)(const struct dime_conv_stage *stage, const struct dime_layer *first,
                const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);
    dime_conv_pair *pair; /* of dime_conv_pairs_run, as is `finish` */
    dime_conv_finish *finish;
    dime_conv_map *const *map; /* of dime_conv_wide_run: the convolutions of channel 0, of channel 1, ... */
};

void dime_conv_reference_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                             const struct dime_layer *last, const int8_t *input, int32_t *sums,
                             int8_t *output);
/* A dense convolution with FIXED outputs, by itself or with 2x2 max pooling behind it. */
void dime_conv_pairs_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                         const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);
/* A stage with wide activations: 3x3 convolutions and max pooling, a channel at a time. */
void dime_conv_wide_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                        const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);

/* What dime_maps_run does, by one entry of `stages` for each stage. `activations` and network->activations
   are multiples of 4, and so is the address that it returns. */
const int8_t *dime_conv_run(const struct dime_network *network, const struct dime_conv_stage *stages,
                            const int8_t *input, int32_t *sums, int8_t *activations);

#endif
