/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* Sign, then a 3-bit exponent: 1, 2, 4 .. 128 with sign. A product is a shift. */
static int16_t value(uint32_t code) {
    return (int16_t)((code & 8) ? -(1 << (code & 7)) : 1 << (code & 7));
}

#ifdef DIME_ENGINE_COMPACT
int32_t dime_dot_fp130(const void *row, const int8_t *activations, uint32_t inputs);
DIME_DEFINE_BITS_FORMAT_WITH(dime_format_fp130, "FP130", 4, 128, dime_dot_fp130);
#else
DIME_DEFINE_BITS_FORMAT(dime_format_fp130, "FP130", 4, 128);
#endif
