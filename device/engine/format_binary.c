/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* A set bit is +1. */
static int16_t value(uint32_t code) {
    return (int16_t)(code ? 1 : -1);
}

DIME_DEFINE_BITS_FORMAT(dime_format_binary, "Binary", 1, 1);
