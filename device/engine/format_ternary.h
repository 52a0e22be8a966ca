/* SPDX-License-Identifier: MIT */
/* Ternary packing. Private to device/engine. */
#ifndef DIME_FORMAT_TERNARY_H
#define DIME_FORMAT_TERNARY_H

#include <stdint.h>

#define DIME_TRITS_PER_WORD 10u
#define DIME_TRITS_POWER 59049u /* 3^10 */

/* Ten trits t0 .. t9, t0 most significant, form v = sum t_i 3^(9-i); the word is the 16-bit binary fraction
   ceil(v * 2^16 / 3^10). Multiplying a fraction by three moves the next trit above its 16 bits. */
static inline uint32_t dime_trit_next(uint32_t *fraction) {
    uint32_t tripled = (*fraction << 1) + *fraction;
    *fraction = tripled & 0xFFFF;
    return tripled >> 16;
}

#endif
