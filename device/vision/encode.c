/* SPDX-License-Identifier: MIT */
#include "encode.h"

/* Mean of the MNIST training images as the peers round it, 0.1307, in units of 1/10000 grey level. */
#define MEAN_TIMES_10000 333285

static int32_t magnitude(int32_t value) {
    return value < 0 ? -value : value;
}

static void encode_mean_subtracted(const uint8_t *pixels, uint32_t count, int8_t *output) {
    int32_t largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t size = magnitude(pixels[i] * 10000 - MEAN_TIMES_10000);
        if (size > largest) largest = size;
    }
    for (uint32_t i = 0; i < count; i++) {
        /* |difference| <= 2216715, so the numerator stays below 127 * 2216715 * 2 + 2216715 < 2^30. */
        int32_t difference = pixels[i] * 10000 - MEAN_TIMES_10000;
        int32_t numerator = 254 * difference + largest, denominator = 2 * largest;
        int32_t quotient = numerator / denominator;
        if (numerator < 0 && quotient * denominator != numerator) quotient--; /* floor */
        output[i] = (int8_t)quotient;
    }
}

void dime_encode(enum dime_input_encoding encoding, uint32_t threshold, const uint8_t *pixels, uint32_t count,
                 int8_t *output) {
    if (encoding == DIME_INPUT_MEAN_SUBTRACTED) {
        encode_mean_subtracted(pixels, count, output);
    } else if (encoding == DIME_INPUT_UNSIGNED) {
        for (uint32_t i = 0; i < count; i++) output[i] = (int8_t)(pixels[i] >> 1);
    } else {
        for (uint32_t i = 0; i < count; i++) output[i] = pixels[i] >= threshold;
    }
}
