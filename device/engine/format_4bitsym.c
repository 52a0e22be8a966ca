/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* Odd numbers -15 .. 15. */
static int16_t value(uint32_t code) {
    return dime_sign_magnitude_value(code, 4);
}

#ifdef DIME_ENGINE_COMPACT
int32_t dime_dot_4bitsym(const void *row, const int8_t *activations, uint32_t inputs);
DIME_DEFINE_BITS_FORMAT_WITH(dime_format_4bitsym, "4bitsym", 4, 15, dime_dot_4bitsym);
#else
DIME_DEFINE_BITS_FORMAT(dime_format_4bitsym, "4bitsym", 4, 15);
#endif
