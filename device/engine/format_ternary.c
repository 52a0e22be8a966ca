/* SPDX-License-Identifier: MIT */
#include "format_ternary.h"

#include "engine.h"

/* Trit 0 is +1, 1 is -1, 2 is 0. */
static int16_t value(uint32_t code) {
    return (int16_t)(code == 2 ? 0 : 1 - 2 * (int32_t)code);
}

#ifdef DIME_ENGINE_COMPACT /* see format_bits.h */
int32_t dime_dot_ternary(const void *row, const int8_t *activations, uint32_t inputs);
#define TERNARY_DOT dime_dot_ternary
#else
#define TERNARY_DOT dot
static int32_t dot(const void *row, const int8_t *activations, uint32_t inputs) {
    const uint16_t *words = row;
    int32_t sum = 0; /* |sum| <= 128 K < 2^23 */
    uint32_t fraction = 0;
    for (uint32_t k = 0, left = 0; k < inputs; k++, left--) {
        if (left == 0) {
            fraction = *words++;
            left = DIME_TRITS_PER_WORD;
        }
        sum += value(dime_trit_next(&fraction)) * activations[k];
    }
    return sum;
}
#endif

const struct dime_format dime_format_ternary = {
    .name = "Ternary",
    .code_bits = 2,
    .row_alignment = 2,
    .largest = 1,
    .codes = 3,
    .value = value,
    .dot = TERNARY_DOT,
};
