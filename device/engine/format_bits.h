/* SPDX-License-Identifier: MIT */
/* Shared by the formats whose codes have a whole number of bits. Private to device/engine. */
#ifndef DIME_FORMAT_BITS_H
#define DIME_FORMAT_BITS_H

#include <stdint.h>

#include "engine.h"

/* Code number `index` of a row: `bits` bits, the first code topmost, across a word boundary where it must. */
static inline uint32_t dime_bits_code(const uint32_t *words, uint32_t index, uint32_t bits) {
    uint32_t position = index * bits; /* K <= 65535 and bits <= 8: below 2^20 */
    uint32_t word = position >> 5, offset = position & 31;
    uint32_t window = words[word] << offset;
    if (offset + bits > 32) window |= words[word + 1] >> (32 - offset);
    return window >> (32 - bits);
}

/* The reference dot product. |sum| < 2^24 by the bound in engine.h. */
static inline int32_t dime_bits_dot(const void *row, const int8_t *activations, uint32_t inputs,
                                    uint32_t bits, int16_t (*value)(uint32_t code)) {
    const uint32_t *words = row;
    int32_t sum = 0;
    for (uint32_t k = 0; k < inputs; k++) sum += value(dime_bits_code(words, k, bits)) * activations[k];
    return sum;
}

/* Sign in the top bit (set = negative), magnitude m below it: value = (2 m + 1) with sign. */
static inline int16_t dime_sign_magnitude_value(uint32_t code, uint32_t bits) {
    uint32_t sign = code >> (bits - 1), magnitude = code & ((1u << (bits - 1)) - 1);
    int32_t odd = (int32_t)(2 * magnitude + 1);
    return (int16_t)(sign ? -odd : odd);
}

/* Two's complement of `bits` bits. */
static inline int16_t dime_twos_complement_value(uint32_t code, uint32_t bits) {
    return (int16_t)((int32_t)code - (int32_t)((code >> (bits - 1)) << bits));
}

/* Defines the dot product and the descriptor of one format around its value function. */
#define DIME_DEFINE_BITS_FORMAT(symbol, text, bits, greatest)                                                \
    static int32_t dot(const void *row, const int8_t *activations, uint32_t inputs) {                        \
        return dime_bits_dot(row, activations, inputs, bits, value);                                         \
    }                                                                                                        \
    DIME_DEFINE_BITS_FORMAT_WITH(symbol, text, bits, greatest, dot)

/* On the chip nobody asks for a name, and only wide activations need single weights. */
#ifdef DIME_ENGINE_COMPACT
#define DIME_NAME_OF(text) 0
#else
#define DIME_NAME_OF(text) text
#endif
#if defined DIME_ENGINE_COMPACT && defined DIME_ENGINE_NO_WIDE
#define DIME_VALUE_OF(value) 0
#else
#define DIME_VALUE_OF(value) value
#endif

/* DIME_ENGINE_COMPACT: the program is for the chip, with the dot products of fast_dot.S. */
#define DIME_DEFINE_BITS_FORMAT_WITH(symbol, text, bits, greatest, product)                                  \
    const struct dime_format symbol = {                                                                      \
        .name = DIME_NAME_OF(text),                                                                          \
        .code_bits = bits,                                                                                   \
        .row_alignment = 4,                                                                                  \
        .largest = greatest,                                                                                 \
        .codes = 1u << (bits),                                                                               \
        .value = DIME_VALUE_OF(value),                                                                       \
        .dot = product,                                                                                      \
    }

#endif
