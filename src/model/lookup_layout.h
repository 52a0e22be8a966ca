/* SPDX-License-Identifier: MIT */
/* Weights of 3x3 convolutions for look-up (device/engine/fast_lookup.h). Private to src/model. */
#ifndef DIME_MODEL_LOOKUP_LAYOUT_H
#define DIME_MODEL_LOOKUP_LAYOUT_H

#include <stdint.h>
#include <stdio.h>

#include "engine/engine.h"

/* Bytes of flash of the words and what describes them. */
uint32_t dime_lookup_bytes(const struct dime_layer *layer);

/* Prints the words and a struct dime_lookup `layerN_lookup`, N = number. values: M x K, all -1, 0 or 1. */
void dime_lookup_print(const struct dime_layer *layer, const int16_t *values, uint32_t number, FILE *stream);

#endif
