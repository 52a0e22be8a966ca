/* SPDX-License-Identifier: MIT */
/* Stages of wide activations by code that the chip writes for itself (device/engine/fast_conv_written.h): the
   loops around it and the tables. */
#ifndef DIME_MODEL_CONV_WRITTEN_H
#define DIME_MODEL_CONV_WRITTEN_H

#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"

/* Why the stage first .. last cannot be computed so, or NULL. values[i]: integer weights of layer first + i.
 */
const char *dime_conv_written_refusal(const struct dime_layer *first, const struct dime_layer *last,
                                      const int16_t *const *values);

/* Entries of `sums` that the stage needs, with the code. */
uint32_t dime_conv_written_sums(const struct dime_layer *first, const struct dime_layer *last,
                                const int16_t *const *values);

/* Bytes of flash for its weights, tables and loops, about. */
uint32_t dime_conv_written_bytes(const struct dime_layer *first, const struct dime_layer *last);

/* Writes the loops as assembly, and a descriptor `layerN_written`, N = number, as C. */
void dime_conv_written_print(const struct dime_layer *first, const struct dime_layer *last,
                             const int16_t *const *values, uint32_t number, FILE *assembly, FILE *c);

#endif
