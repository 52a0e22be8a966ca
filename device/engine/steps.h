/* SPDX-License-Identifier: MIT */
/* Steps that fully connected layers and layers of maps share. Private to device/engine. */
#ifndef DIME_STEPS_H
#define DIME_STEPS_H

#include <stdint.h>

#include "engine.h"

/* Whether a layer's requantization is ShiftNorm's. A program may say that none is, and is spared the code. */
#ifdef DIME_ENGINE_NO_SHIFT
#define DIME_HAS_SHIFT(layer) 0
#else
#define DIME_HAS_SHIFT(layer) ((layer)->requantize == DIME_REQUANTIZE_SHIFT)
#endif

/* The affine step on one sum, |sum| < 2^24. */
int32_t dime_affine_apply(int32_t sum, const struct dime_affine *affine, uint32_t bias_shift);
/* Requantizes `count` values behind the affine step as one tensor: clamps, after ShiftNorm's shift where the
   layer has it, and centres. Not for DIME_REQUANTIZE_NONE and DIME_REQUANTIZE_WIDE. */
void dime_values_requantize(const struct dime_layer *layer, const int32_t *values, uint32_t count,
                            int8_t *activations);

#endif
