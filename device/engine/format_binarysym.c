/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* A set bit is +1: on the chip the same as Binary; the formats differ in how training chooses the sign. */
static int16_t value(uint32_t code) {
    return (int16_t)(code ? 1 : -1);
}

#ifdef DIME_ENGINE_COMPACT
int32_t dime_dot_binary(const void *row, const int8_t *activations, uint32_t inputs);
DIME_DEFINE_BITS_FORMAT_WITH(dime_format_binarysym, "BinarySym", 1, 1, dime_dot_binary);
#else
DIME_DEFINE_BITS_FORMAT(dime_format_binarysym, "BinarySym", 1, 1);
#endif
