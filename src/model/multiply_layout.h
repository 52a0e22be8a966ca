/* SPDX-License-Identifier: MIT */
/* Weights of a fully connected layer for a chip with a multiplier (device/engine/fast_multiply.h). Private to
   src/model. */
#ifndef DIME_MODEL_MULTIPLY_LAYOUT_H
#define DIME_MODEL_MULTIPLY_LAYOUT_H

#include <stdint.h>
#include <stdio.h>

#include "model/model.h"

struct dime_multiply_shape {
    uint32_t bits, scale, middle; /* bits 2 or 4; w = (u << scale) - middle */
};

/* 1 where the layer's weights have 2 or 4 bits. */
int dime_multiply_shape_of(const struct dime_model_layer *layer, struct dime_multiply_shape *shape);

/* Bytes of flash of the words and what describes them. */
uint32_t dime_multiply_bytes(const struct dime_model_layer *layer, const struct dime_multiply_shape *shape);

/* Prints the words and a descriptor `layerN_fast`, N = number, as C. finish: name of its last step. */
void dime_multiply_print(const struct dime_model_layer *layer, const struct dime_multiply_shape *shape,
                         const char *finish, uint32_t number, FILE *stream);

#endif
