/* SPDX-License-Identifier: MIT */
/* dime_encode() where flash is scarcer than time: the same values. */
#ifndef DIME_VISION_ENCODE_SMALL_H
#define DIME_VISION_ENCODE_SMALL_H

#include "encode.h"

/* A quarter of the code of dime_encode_mean_subtracted(), 256 bytes more stack, up to three times the time.
 */
void dime_encode_mean_subtracted_small(const uint8_t *pixels, uint32_t count, int8_t *output);

static inline void dime_encode_small(enum dime_input_encoding encoding, uint32_t threshold,
                                     const uint8_t *pixels, uint32_t count, int8_t *output) {
    if (encoding == DIME_INPUT_MEAN_SUBTRACTED)
        dime_encode_mean_subtracted_small(pixels, count, output);
    else
        dime_encode(encoding, threshold, pixels, count, output);
}

#endif
