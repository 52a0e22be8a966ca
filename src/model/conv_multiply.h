/* SPDX-License-Identifier: MIT */
/* Stages of wide activations for a chip with a multiplier (device/engine/fast_conv_multiply.h): the loops of
   their convolutions and the tables. */
#ifndef DIME_MODEL_CONV_MULTIPLY_H
#define DIME_MODEL_CONV_MULTIPLY_H

#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"

/* The stages first .. last here are those that dime_conv_channel_refusal (conv_channel.h) lets pass;
   values[i]: integer weights of layer first + i. */

/* Entries of `sums` that the stage needs. */
uint32_t dime_conv_multiply_sums(const struct dime_layer *first, const struct dime_layer *last);

/* Bytes of flash for its weights, tables and loops, about. */
uint32_t dime_conv_multiply_bytes(const struct dime_layer *first, const struct dime_layer *last);

/* Writes the loops as assembly, and a descriptor `layerN_multiply`, N = number, as C. least, most: inputs to
   be expected, least <= 0 <= most; channels whose sums are large for them are paired with each other. */
void dime_conv_multiply_print(const struct dime_layer *first, const struct dime_layer *last,
                              const int16_t *const *values, int32_t least, int32_t most, uint32_t number,
                              FILE *assembly, FILE *c);

#endif
