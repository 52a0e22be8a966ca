/* SPDX-License-Identifier: MIT */
/* Bits of whole numbers. Private to src/model. */
#ifndef DIME_MODEL_BITS_H
#define DIME_MODEL_BITS_H

#include <stdint.h>

/* Bits that are set. */
static inline uint32_t dime_ones(uint32_t value) {
    return (uint32_t)__builtin_popcount(value);
}

/* Binary digits as one writes it: 1 for 0 and 1. */
static inline uint32_t dime_bit_length(uint32_t value) {
    return value ? 32 - (uint32_t)__builtin_clz(value) : 1;
}

#endif
