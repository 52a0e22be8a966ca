/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* -3, -1, 1, 3: two levels on each side of zero, zero itself cannot be said. */
static int16_t value(uint32_t code) {
    return dime_sign_magnitude_value(code, 2);
}

#ifdef DIME_ENGINE_COMPACT
int32_t dime_dot_2bitsym(const void *row, const int8_t *activations, uint32_t inputs);
DIME_DEFINE_BITS_FORMAT_WITH(dime_format_2bitsym, "2bitsym", 2, 3, dime_dot_2bitsym);
#else
DIME_DEFINE_BITS_FORMAT(dime_format_2bitsym, "2bitsym", 2, 3);
#endif
