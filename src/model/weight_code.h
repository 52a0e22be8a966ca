/* SPDX-License-Identifier: MIT */
/* Weights of small layers as instructions, for device/engine/fast_code.h. */
#ifndef DIME_MODEL_WEIGHT_CODE_H
#define DIME_MODEL_WEIGHT_CODE_H

#include <stdint.h>
#include <stdio.h>

#include "model/model.h"

/* Bytes of the layer's blocks, or 0 where it cannot have such. */
uint32_t dime_weight_code_bytes(const struct dime_model *model, uint32_t index);

/* Why the layer cannot have such, "it has more than 16 outputs", or NULL where it can. */
const char *dime_weight_code_refusal(const struct dime_model *model, uint32_t index);

/* Which layers become code, bit i layer i: the smallest, as long as they take no more than `room` bytes in
   all, *bytes, and all weights no more than could fit a chip. None in a network that begins with
   convolutions, whose own code wants that room. */
uint32_t dime_weight_code_choose(const struct dime_model *model, uint32_t room, uint32_t *bytes);

/* Instructions of a block, on average; 0 where there are none. */
double dime_weight_code_length(const struct dime_model *model, uint32_t index);

/* Of each input's block; for layers that can have such. */
void dime_weight_code_lengths(const struct dime_model *model, uint32_t index, uint8_t *lengths);

/* Prints the blocks and `layerN_fast`. finish: the end of its run (fast.h). */
void dime_weight_code_print(const struct dime_model *model, uint32_t index, const char *finish, FILE *stream);

#endif
