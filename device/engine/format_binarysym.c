/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* A set bit is +1: on the chip the same as Binary; the formats differ in how training chooses the sign. */
static int16_t value(uint32_t code) {
    return (int16_t)(code ? 1 : -1);
}

DIME_DEFINE_BITS_FORMAT(dime_format_binarysym, "BinarySym", 1, 1);
