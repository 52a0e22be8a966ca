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

/* What the stage's time depends on. */
struct dime_conv_written_work {
    uint32_t cycles;       /* of the loops that are written */
    uint32_t sums;         /* that are written, one for each kernel */
    uint32_t instructions; /* of these sums */
    uint32_t rows;         /* calls of a loop */
    uint32_t outputs;      /* of pooling, and of the stage */
};

/* least, most: inputs to be expected, least <= 0 <= most. */
struct dime_conv_written_work dime_conv_written_work_of(const struct dime_layer *first,
                                                        const struct dime_layer *last,
                                                        const int16_t *const *values, int32_t least,
                                                        int32_t most);

/* Writes the loops as assembly, and a descriptor `layerN_written`, N = number, as C. */
void dime_conv_written_print(const struct dime_layer *first, const struct dime_layer *last,
                             const int16_t *const *values, uint32_t number, FILE *assembly, FILE *c);

#endif
