/* SPDX-License-Identifier: MIT */
/* A small whole number in signed binary digits, of which no two neighbours are nonzero (the non-adjacent
   form: Reitwiesner, Binary Arithmetic, 1960): the fewest additions and subtractions of shifted values.
   Private to src/model. */
#ifndef DIME_MODEL_SIGNED_DIGITS_H
#define DIME_MODEL_SIGNED_DIGITS_H

#include <stdint.h>

#include "model/bits.h"

enum { DIME_DIGITS = 10 }; /* enough for -511 .. 511 */

struct dime_digits {
    uint16_t plus, minus; /* bit p: digit +1 or -1 of weight 2^p */
};

static inline struct dime_digits dime_digits_of(int32_t value) {
    struct dime_digits digits = {0, 0};
    for (uint32_t plane = 0; value && plane < DIME_DIGITS; plane++) {
        int32_t digit = value & 1 ? 2 - (value & 3) : 0;
        if (digit > 0) digits.plus |= (uint16_t)(1u << plane);
        if (digit < 0) digits.minus |= (uint16_t)(1u << plane);
        value = (value - digit) / 2;
    }
    return digits;
}

/* How many of the digits of value >= 0 are not 0: those places where 3 value and value differ. */
static inline uint32_t dime_digit_count(uint32_t value) {
    uint32_t half = value >> 1;
    return dime_ones(half ^ (value + half));
}

static inline int dime_digit(const struct dime_digits *digits, uint32_t plane) {
    return (int)(digits->plus >> plane & 1) - (int)(digits->minus >> plane & 1);
}

#endif
