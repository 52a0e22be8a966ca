/* SPDX-License-Identifier: MIT */
/* Convolution weights become instructions: for each layer that suits it, RV32EC assembly in which every
   nonzero weight is an addition of one register, run from flash by device/engine/fast_conv.c.

   A convolution with small weights computes two neighbouring outputs at once, in the two halves of a 32-bit
   register: the kernel's window of one input channel becomes (up to) nine registers w[i][j] = x[i][j] +
   (x[i][j + stride] << 16), loaded once and used by every output channel. Weights of more than one binary
   digit go from their highest digits down: sum the taps with a digit, double, go on (Horner's scheme), in
   signed digits. */
#ifndef DIME_MODEL_CONV_CODE_H
#define DIME_MODEL_CONV_CODE_H

#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"

/* What code costs when it runs from flash at one wait state. */
struct dime_code_cost {
    uint32_t bytes, cycles;
};

/* Why a convolution cannot be computed in pairs of 16-bit sums, or NULL where it can be. values: M x K
   integer weights. input_least, input_most: range of the layer's input. */
const char *dime_conv_pairs_refusal(const struct dime_layer *layer, const int16_t *values,
                                    int32_t input_least, int32_t input_most);

/* Writes the function `symbol` of type dime_conv_pair (device/engine/fast_conv.h) for a layer without
   refusal. Returns the cost of one call. */
struct dime_code_cost dime_conv_pairs_write(const struct dime_layer *layer, const int16_t *values,
                                            const char *symbol, FILE *stream);

/* Writes the function `symbol` of type dime_conv_finish that turns what the function above leaves into
   activations. last: the layer itself, or the 2x2 max pooling behind it. Returns the cost of one call where
   half of the sums are positive. */
struct dime_code_cost dime_conv_finish_write(const struct dime_layer *layer, const struct dime_layer *last,
                                             const char *symbol, FILE *stream);

/* Why dime_conv_map_write cannot write a layer, or NULL where it can. */
const char *dime_conv_map_refusal(const struct dime_layer *layer);
/* Writes the function `symbol` of type dime_conv_map for one 3x3 kernel, values[9], over a map of int8 or
   (wide) int32 activations. Wide outputs become max(0, sum) >> DIME_WIDE_SHIFT. Returns the cost of one call.
 */
struct dime_code_cost dime_conv_map_write(const struct dime_layer *layer, const int16_t *values, int wide,
                                          const char *symbol, FILE *stream);

#endif
