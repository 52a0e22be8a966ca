/* SPDX-License-Identifier: MIT */
/* What kernels share that compute a stage of wide activations channel by channel and keep its weights as
   data: conv_multiply.c, conv_written.c. Private to src/model. */
#ifndef DIME_MODEL_CONV_CHANNEL_H
#define DIME_MODEL_CONV_CHANNEL_H

#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"

enum { DIME_CHANNEL_TAPS = 9 };

/* 1 for max pooling of 2x2, stride 2. */
int dime_is_plain_pool(const struct dime_layer *layer);

/* Why the stage first .. last cannot be computed so, or NULL. values[i]: integer weights of layer first + i.
 */
const char *dime_conv_channel_refusal(const struct dime_layer *first, const struct dime_layer *last,
                                      const int16_t *const *values);

uint32_t dime_conv_channel_convolutions(const struct dime_layer *first, const struct dime_layer *last);

/* Prints the weights of all channels as C: `layerN_taps`, N = number. order: of the channels, or NULL. */
void dime_conv_channel_print_weights(const struct dime_layer *first, const struct dime_layer *last,
                                     const int16_t *const *values, const uint8_t *order, uint32_t number,
                                     FILE *c);

#endif
