/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* Odd numbers -15 .. 15. */
static int16_t value(uint32_t code) {
    return dime_sign_magnitude_value(code, 4);
}

DIME_DEFINE_BITS_FORMAT(dime_format_4bitsym, "4bitsym", 4, 15);
