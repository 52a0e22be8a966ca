/* SPDX-License-Identifier: MIT */
/* What the network reads in a picture. */
#ifndef FIRMWARE_RECOGNISE_H
#define FIRMWARE_RECOGNISE_H

#include <stdint.h>

#include "model.h"
#include "reading.h"

/* The network's input; grey levels until they are encoded in place. */
union recognise_picture {
    _Alignas(4) uint8_t grey[DIME_MODEL_INPUTS];
    int8_t input[DIME_MODEL_INPUTS];
};

struct recognise_scratch {
    int32_t sums[DIME_MODEL_SUMS];
    _Alignas(4) int8_t activations[DIME_MODEL_ACTIVATIONS];
};

/* Grey levels, 0 background, are encoded and go through the network. */
void recognise(union recognise_picture *picture, struct recognise_scratch *scratch,
               struct dime_reading *read);

#endif
