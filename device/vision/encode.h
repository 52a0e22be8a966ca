/* SPDX-License-Identifier: MIT */
/* From grey levels (0 black background .. 255 white stroke) to the first layer's int8 activations. Exact
   integer arithmetic, see docs/quantization.md. */
#ifndef DIME_VISION_ENCODE_H
#define DIME_VISION_ENCODE_H

#include <stdint.h>

enum dime_input_encoding {
    /* d = p - 0.1307 * 255, q = d * 127 / max |d| rounded half up: the mean-subtracted input of the peers. */
    DIME_INPUT_MEAN_SUBTRACTED,
    DIME_INPUT_UNSIGNED,  /* q = p >> 1: background is exactly 0 */
    DIME_INPUT_BINARY,    /* q = p >= threshold ? 1 : 0 */
    DIME_INPUT_UNSIGNED4, /* q = p >> 4: half the bits, half the time of a layer whose cost is set bits */
};

/* One function an encoding: firmware carries only that of its network. `pixels` and `output` may be the same
   memory; fastest where both are aligned to 4. */
void dime_encode_mean_subtracted(const uint8_t *pixels, uint32_t count, int8_t *output);
void dime_encode_unsigned(const uint8_t *pixels, uint32_t count, int8_t *output);
void dime_encode_unsigned4(const uint8_t *pixels, uint32_t count, int8_t *output);
void dime_encode_binary(uint32_t threshold, const uint8_t *pixels, uint32_t count, int8_t *output);

/* Encodes `count` pixels. threshold: 1..255, used by BINARY only. */
static inline void dime_encode(enum dime_input_encoding encoding, uint32_t threshold, const uint8_t *pixels,
                               uint32_t count, int8_t *output) {
    if (encoding == DIME_INPUT_MEAN_SUBTRACTED)
        dime_encode_mean_subtracted(pixels, count, output);
    else if (encoding == DIME_INPUT_UNSIGNED)
        dime_encode_unsigned(pixels, count, output);
    else if (encoding == DIME_INPUT_UNSIGNED4)
        dime_encode_unsigned4(pixels, count, output);
    else
        dime_encode_binary(threshold, pixels, count, output);
}

#endif
