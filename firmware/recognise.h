/* SPDX-License-Identifier: MIT */
/* What the network reads in a picture. */
#ifndef FIRMWARE_RECOGNISE_H
#define FIRMWARE_RECOGNISE_H

#include <stdint.h>

#include "model.h"

/* The network's input; grey levels until they are encoded in place. */
union recognise_picture {
    _Alignas(4) uint8_t grey[DIME_MODEL_INPUTS];
    int8_t input[DIME_MODEL_INPUTS];
};

struct recognise_scratch {
    int32_t sums[DIME_MODEL_SUMS];
    _Alignas(4) int8_t activations[DIME_MODEL_ACTIVATIONS];
};

/* A digit leads by more than this part, 1/32, of the range of all logits; or the answer is a guess. */
#define RECOGNISE_MARGIN_SHIFT 5

struct recognised {
    uint32_t best;  /* the likeliest class */
    uint32_t sure;  /* 1: no guess */
    int32_t margin; /* the logit of the best less the second largest */
};

/* Grey levels, 0 background, are encoded and go through the network. sums: DIME_MODEL_SUMS; activations:
   DIME_MODEL_ACTIVATIONS, or DIME_MODEL_ROOM with the picture at their beginning. */
void recognise(union recognise_picture *picture, int32_t *sums, int8_t *activations, struct recognised *read);

#endif
