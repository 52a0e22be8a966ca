/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* Odd numbers -31 .. 31; codes run across word boundaries. */
static int16_t value(uint32_t code) {
    return dime_sign_magnitude_value(code, 5);
}

DIME_DEFINE_BITS_FORMAT(dime_format_5bitsym, "5bitsym", 5, 31);
