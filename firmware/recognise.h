/* SPDX-License-Identifier: MIT */
/* What the network reads in a picture. */
#ifndef FIRMWARE_RECOGNISE_H
#define FIRMWARE_RECOGNISE_H

#include <stdint.h>

#include "model.h"
#include "reading.h"

/* A picture's grey levels lie at the beginning, until they are encoded in place. */
struct recognise_scratch {
    union {
        _Alignas(4) uint8_t grey[DIME_MODEL_INPUTS];
        int8_t activations[DIME_MODEL_ROOM];
    };
    _Alignas(4) int32_t sums[DIME_MODEL_SUMS];
};

#define RECOGNISE_BYTES (DIME_MODEL_ROOM + 4 * DIME_MODEL_SUMS) /* of that, where both are multiples of 4 */

/* Grey levels, 0 background, are encoded and go through the network. */
void recognise(struct recognise_scratch *scratch, struct dime_reading *reading);

#endif
