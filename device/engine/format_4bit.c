/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* -8 .. 7. */
static int16_t value(uint32_t code) {
    return dime_twos_complement_value(code, 4);
}

DIME_DEFINE_BITS_FORMAT(dime_format_4bit, "4bit", 4, 8);
