/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* -128 .. 127. */
static int16_t value(uint32_t code) {
    return dime_twos_complement_value(code, 8);
}

DIME_DEFINE_BITS_FORMAT(dime_format_8bit, "8bit", 8, 128);
