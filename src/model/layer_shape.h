/* SPDX-License-Identifier: MIT */
/* The shapes that a list of layers leads to, one after another. Letters as in engine.h. */
#ifndef DIME_MODEL_LAYER_SHAPE_H
#define DIME_MODEL_LAYER_SHAPE_H

#include <stdint.h>

#include "model/config.h"

struct dime_layer_shape {
    enum dime_layer_kind kind;
    uint32_t inputs, outputs;         /* K weights of a row, 0 for pooling; M rows, or channels */
    uint32_t channels, height, width; /* that go in; fully connected: K, 1, 1 */
    uint32_t out_height, out_width;   /* fully connected: 1, 1 */
    uint32_t kernel, stride, padding; /* fully connected: 1, 1, 0 */
    uint32_t activation_bits;         /* of the outputs; of a pooling layer those that go in */
    int wide_inputs, wide_outputs;    /* 32-bit activations go in, come out */
    int64_t input_largest; /* greatest magnitude of an input: 1, 127, 2^(bits-1) - 1; more if wide */
    int64_t largest_sum;   /* greatest magnitude of a sum, whatever the weights; 0: format None, pooling
                              of int8 */
};

/* Sums stay below these; see docs/quantization.md. */
#define DIME_SUM_LIMIT (INT64_C(1) << 24)
#define DIME_WIDE_SUM_LIMIT (INT64_C(1) << 31) /* of layers with wide inputs */

static inline int dime_kind_is_pool(enum dime_layer_kind kind) {
    return kind == DIME_LAYER_MAX_POOL || kind == DIME_LAYER_AVG_POOL;
}
/* Activations that go in and come out: C x H x W, M x OH x OW. */
static inline uint32_t dime_shape_inputs(const struct dime_layer_shape *shape) {
    return shape->channels * shape->height * shape->width;
}
static inline uint32_t dime_shape_outputs(const struct dime_layer_shape *shape) {
    return shape->outputs * shape->out_height * shape->out_width;
}

/* Fills config->layer_count shapes. classes: outputs of the last layer, 0 where not known yet. On an error
   *wrong is the index of the layer that cannot be, and the message speaks of "the layer" without naming it.
   Errors: CONFIG. */
int dime_layer_shapes(const struct dime_config *config, uint32_t classes, struct dime_layer_shape *shapes,
                      uint32_t *wrong);

#endif
