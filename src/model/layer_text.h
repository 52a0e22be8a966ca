/* SPDX-License-Identifier: MIT */
/* Layers in words, for people. */
#ifndef DIME_MODEL_LAYER_TEXT_H
#define DIME_MODEL_LAYER_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

/* "256 inputs, 64 outputs"; "conv2d 3x3, 1x16x16 to 8x14x14", with stride and padding where they are not the
   usual ones. */
void dime_layer_text(const struct dime_model_layer *layer, char *text, size_t size);
/* The whole network: "256-64-64-10"; "16x16-c8-m2-c24-d-a2-32-10", where c8 is a convolution of 8 channels, d
   a depthwise one, m2 and a2 are max and average pooling of 2x2. */
void dime_model_text(const struct dime_model *model, char *text, size_t size);
#define DIME_MODEL_TEXT_BYTES 160

/* Multiplications of one inference; 0 for pooling. */
uint64_t dime_layer_products(const struct dime_model_layer *layer);

#endif
