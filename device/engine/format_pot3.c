/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* Sign, then 0, 1, 2 or 4: a product is a shift or nothing. Code 4 is 0 a second time and never written. */
static int16_t value(uint32_t code) {
    uint32_t power = code & 3;
    int32_t size = power ? 1 << (power - 1) : 0;
    return (int16_t)((code & 4) ? -size : size);
}

#ifdef DIME_ENGINE_COMPACT
int32_t dime_dot_pot3(const void *row, const int8_t *activations, uint32_t inputs);
DIME_DEFINE_BITS_FORMAT_WITH(dime_format_pot3, "PoT3", 3, 4, dime_dot_pot3);
#else
DIME_DEFINE_BITS_FORMAT(dime_format_pot3, "PoT3", 3, 4);
#endif
