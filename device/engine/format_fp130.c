/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* Sign, then a 3-bit exponent: 1, 2, 4 .. 128 with sign. A product is a shift. */
static int16_t value(uint32_t code) {
    return (int16_t)((code & 8) ? -(1 << (code & 7)) : 1 << (code & 7));
}

DIME_DEFINE_BITS_FORMAT(dime_format_fp130, "FP130", 4, 128);
