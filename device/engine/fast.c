/* SPDX-License-Identifier: MIT */
#include "fast.h"

void dime_fast_finish_none(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                           int32_t largest) {
    (void)layer, (void)sums, (void)activations, (void)largest;
}

void dime_fast_finish_any(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                          int32_t largest) {
    (void)largest;
    dime_layer_requantize(layer, sums, activations);
}

/* Four activations at a time. */
typedef uint32_t __attribute__((may_alias)) word;

/* The smallest activation or 0, if that is less. That is nearly always the first, a corner of the picture, or
   0: words are compared with it four activations at a time. Where it is below 0, byte | 0x80 less that, as
   numbers from 0 on, keeps the uppermost bit unless the byte is below 0, too, and less. */
int32_t dime_fast_smallest(const int8_t *x, uint32_t inputs) {
    int32_t smallest = x[0] < 0 ? x[0] : 0;
    const word top = 0x80808080u, one = 0x01010101u;
    word first = (uint8_t)smallest * one, offset = first ^ top;
    const int8_t *end = x + inputs;
    for (; end - x >= 4; x += 4) {
        word four = *(const word *)(const void *)x;
        if (four == first) continue;
        if (four & top & ~((four | top) - offset)) break;
    }
    for (; x < end; x++)
        if (*x < smallest) smallest = *x;
    return smallest;
}

#ifndef __riscv
/* What fast_finish.S does. */
int32_t dime_fast_largest(const int32_t *sums, const int32_t *end) {
    int32_t largest = 0;
    for (; sums < end; sums++)
        if (*sums > largest) largest = *sums;
    return largest;
}

int32_t dime_fast_correct(int32_t *sums, const int32_t *end, const int16_t *totals, int32_t c) {
    for (int32_t *sum = sums; sum < end;) *sum++ += *totals++ * c;
    return dime_fast_largest(sums, end);
}

void dime_shift_norm(const int32_t *sums, const int32_t *end, int8_t *activations, uint32_t bits,
                     int32_t largest) {
    uint32_t shift = 0, top = (UINT32_C(1) << bits) - 1;
    while ((uint32_t)largest >> shift > top) shift++;
    uint32_t rounding = UINT32_C(1) << shift >> 1; /* sums are below 2^24 */
    for (; sums < end; sums++) {
        uint32_t value = *sums < 0 ? 0 : ((uint32_t)*sums + rounding) >> shift;
        *activations++ = (int8_t)(value > top ? top : value);
    }
}
#endif

void dime_fast_finish_shift(const struct dime_layer *layer, int32_t *sums, int8_t *activations,
                            int32_t largest) {
    dime_shift_norm(sums, sums + layer->outputs, activations, layer->activation_bits - 1u, largest);
}
