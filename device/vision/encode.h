/* SPDX-License-Identifier: MIT */
/* From grey levels (0 black background .. 255 white stroke) to the first layer's int8 activations. Exact
   integer arithmetic, see docs/quantization.md. */
#ifndef DIME_VISION_ENCODE_H
#define DIME_VISION_ENCODE_H

#include <stdint.h>

enum dime_input_encoding {
    /* d = p - 0.1307 * 255, q = d * 127 / max |d| rounded half up: the mean-subtracted input of the peers. */
    DIME_INPUT_MEAN_SUBTRACTED,
    DIME_INPUT_UNSIGNED, /* q = p >> 1: background is exactly 0 */
    DIME_INPUT_BINARY,   /* q = p >= threshold ? 1 : 0 */
};

/* Encodes `count` pixels. threshold: 1..255, used by BINARY only. `pixels` and `output` may be the same
 * memory. */
void dime_encode(enum dime_input_encoding encoding, uint32_t threshold, const uint8_t *pixels, uint32_t count,
                 int8_t *output);

#endif
