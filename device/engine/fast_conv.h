/* SPDX-License-Identifier: MIT */
/* Layers of maps by fast kernels: the exporter writes code or tables for each layer, and a table of stages;
   what is here runs them. docs/chip-convolutions.md has the methods.

   Networks of dense convolutions keep their maps place by place, the channels of a place side by side, so
   that the fully connected layer behind them takes its inputs in that order. Others keep them channel by
   channel, as the reference does. */
#ifndef DIME_FAST_CONV_H
#define DIME_FAST_CONV_H

#include "engine.h"
#include "fast_conv_multiply.h"
#include "fast_conv_written.h"
#include "fast_lookup.h"
#include "fast_planes.h"

/* Sums of all output channels at two neighbouring places of a row: sums[m] = left + (right << 16), modulo
   2^32, both within 16 signed bits. input: the top left of the left place's window in the first channel. */
typedef void dime_conv_pair(const int8_t *input, uint32_t *sums);

/* Activations of M channels from such sums. A convolution by itself: of two places, output[m] and output[M +
   m]. With 2x2 max pooling: from the sums of two pairs, the upper and, M words behind, the lower one, at one
   place. Code of the exporter, or one of the two below. */
typedef void dime_conv_finish(const uint32_t *sums, int8_t *output, const struct dime_layer *layer);
dime_conv_finish dime_conv_scale_pair, dime_conv_scale_window; /* by layer->affine: fast_conv_scale.S */

/* One channel of a 3x3 convolution: a whole map of int8 or int32 to a map of int32, which may lie in its
 * place. */
typedef void dime_conv_map(const void *input, int32_t *output);

/* One stage (stage.h): layers first .. last. */
struct dime_conv_stage {
    /* One of the functions below; `sums` as the exporter's plan says. */
    void (*run)(const struct dime_conv_stage *stage, const struct dime_layer *first,
                const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);
    dime_conv_pair *pair; /* of dime_conv_pairs_run, as is `finish` */
    dime_conv_finish *finish;
    dime_conv_map *const *map; /* of dime_conv_wide_run: the convolutions of channel 0, of channel 1, ... */
    const struct dime_planes *planes;     /* of dime_conv_planes_run */
    const struct dime_lookup *lookup;     /* of dime_conv_lookup_run */
    const struct dime_multiply *multiply; /* of dime_conv_multiply_run */
    const struct dime_written *written;   /* of dime_conv_written_run */
};

/* Channel by channel. */
void dime_conv_reference_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                             const struct dime_layer *last, const int8_t *input, int32_t *sums,
                             int8_t *output);
/* Place by place: a dense convolution with FIXED outputs, by itself or with 2x2 max pooling behind it. */
void dime_conv_pairs_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                         const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);
/* Place by place: such a convolution by itself, its weights in planes. */
void dime_conv_planes_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                          const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);
/* Place by place: such a 3x3 convolution by itself with weights -1, 0, 1 and at least two places, by look-up.
 */
void dime_conv_lookup_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                          const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);
/* Channel by channel: a stage with wide activations, 3x3 convolutions and max pooling. */
void dime_conv_wide_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                        const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);

/* The same with multiplications: fast_conv_multiply.h. */
void dime_conv_multiply_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                            const struct dime_layer *last, const int8_t *input, int32_t *sums,
                            int8_t *output);

/* The same by code that is written meanwhile: fast_conv_written.h. `output` does not meet `input`. */
void dime_conv_written_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                           const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output);

/* What dime_maps_run does, by one entry of `stages` for each stage. `activations` and network->activations
   are multiples of 4, and so is the address that it returns. The picture may lie at the beginning of
   `activations`. A stage that runs place by place may write over the rows of its input that it has done with:
   those above where its output lies before its input, those below where it lies behind. */
const int8_t *dime_conv_run(const struct dime_network *network, const struct dime_conv_stage *stages,
                            const int8_t *input, int32_t *sums, int8_t *activations);

/* 1 where a stage goes from the last row to the first. */
static inline int dime_conv_is_upward(const int8_t *input, const int8_t *output) {
    return (uintptr_t)output > (uintptr_t)input;
}

#endif
