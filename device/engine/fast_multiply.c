/* SPDX-License-Identifier: MIT */
#include "fast_multiply.h"

static int32_t total_of(const int8_t *x, uint32_t count) {
    int32_t total = 0;
    for (const int8_t *end = x + count; x < end; x++) total += *x;
    return total;
}

/* U of eight outputs. */
static const uint32_t *add_inputs(const struct dime_fast_multiply *fast, const uint32_t *words,
                                  const int8_t *x, int32_t *sums) {
    for (uint32_t i = 0; i < DIME_MULTIPLY_OUTPUTS; i++) sums[i] = 0;
    for (uint32_t left = fast->inputs, count; left; left -= count) {
        count = left < fast->most ? left : fast->most;
        fast->add(words, x, x + count, sums);
        x += count;
        words += count >> fast->halves;
    }
    return words;
}

/* |sum| < 2^24, as whoever built the network has checked. */
void dime_multiply_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_fast_multiply *fast = (const struct dime_fast_multiply *)(const void *)layer->fast;
    const int32_t *end = sums + layer->outputs;
    const uint32_t *words = fast->words;
    int32_t base = total_of(x, layer->inputs) * fast->middle, largest = 0;
    for (int32_t *eight = sums; eight < end; eight += DIME_MULTIPLY_OUTPUTS)
        words = add_inputs(fast, words, x, eight);
    for (int32_t *sum = sums; sum < end; sum++) {
        *sum = (*sum << fast->scale) - base;
        if (*sum > largest) largest = *sum;
    }
    fast->fast.finish(layer, sums, activations, largest);
}

#ifndef __riscv_mul
/* What fast_multiply_add.S does. */
static void add_fields(const uint32_t *words, const int8_t *x, const int8_t *end, int32_t *sums,
                       uint32_t bits) {
    uint32_t a_word = 4 / bits; /* inputs */
    for (uint32_t at = 0; x < end; x++, at++) {
        uint32_t word = words[at / a_word] >> at % a_word * 8;
        for (uint32_t m = 0; m < DIME_MULTIPLY_OUTPUTS; m++)
            sums[m] += (int32_t)(word >> (m / 4 * 16 + m % 4 * bits) & ((1u << bits) - 1)) * *x;
    }
}

void dime_multiply_add_2(const uint32_t *words, const int8_t *x, const int8_t *end, int32_t *sums) {
    add_fields(words, x, end, sums, 2);
}

void dime_multiply_add_4(const uint32_t *words, const int8_t *x, const int8_t *end, int32_t *sums) {
    add_fields(words, x, end, sums, 4);
}
#endif
