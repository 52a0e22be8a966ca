/* SPDX-License-Identifier: MIT */
#include "fast_rows.h"

/* Four activations at a time. */
typedef uint32_t __attribute__((may_alias)) word;

/* Sum of x - c, which must not be below 0: then -1 is returned. Words of background are passed over. K <=
   4369 of at most 254: below 2^21. */
static int32_t sum_above(const int8_t *x, uint32_t inputs, int32_t c) {
    word background = (uint8_t)c * 0x01010101u;
    const int8_t *end = x + inputs;
    int32_t sum = 0;
    while (x < end) {
        if (end - x >= 4 && *(const word *)(const void *)x == background) {
            x += 4;
            continue;
        }
        for (const int8_t *last = end - x >= 4 ? x + 4 : end; x < last; x++) {
            if (*x < c) return -1;
            sum += *x - c;
        }
    }
    return sum;
}

static int32_t smallest_of(const int8_t *x, uint32_t inputs) {
    int32_t smallest = x[0];
    for (const int8_t *end = x + inputs; x < end; x++)
        if (*x < smallest) smallest = *x;
    return smallest;
}

/* Two outputs at a time, in place: their lanes take the two words that their sums will take. */
static void finish_sums(const struct dime_rows *rows, uint32_t base, int32_t *sums) {
    uint32_t *wide = (uint32_t *)sums;
    for (uint32_t m = 0; m < rows->outputs; m += 2, wide += 2) {
        uint32_t low = wide[0], high = wide[1];
        wide[0] = (((low & 0xFFFF) + ((high & 0xFFFF) << 4)) << rows->scale) - base;
        wide[1] = (((low >> 16) + (high >> 16 << 4)) << rows->scale) - base;
    }
}

#ifndef __riscv
/* What fast_rows_sort.S does, in plain C, for a PC: nibble i of a word is output 0 4 2 6 1 5 3 7 of its
 * eight. */
void dime_rows_add(const struct dime_rows *rows, const int8_t *x, uint32_t *wide, uint32_t offset) {
    static const uint8_t order[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    int32_t c = offset ? (int32_t)(offset & 0xFF) - 128 : 0;
    const uint32_t *row = rows->words;
    for (uint32_t k = 0; k < rows->inputs; k++, row += rows->stride / 4) {
        uint32_t d = (uint32_t)(x[k] - c);
        for (uint32_t m = 0; m < rows->stride * 2u; m++) {
            uint32_t u = row[m / 8] >> 4 * order[m % 8] & 15, lane = 16 * (m & 1);
            wide[m / 2 * 2] += (u * (d & 15)) << lane;
            wide[m / 2 * 2 + 1] += (u * (d >> 4 & 15)) << lane;
        }
    }
}
#endif

void dime_rows_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_rows *rows = &((const struct dime_fast_rows *)layer->fast)->rows;
    int32_t c = rows->totals ? x[0] : 0, sum = sum_above(x, layer->inputs, c);
    if (sum < 0) { /* the first is not the background */
        c = smallest_of(x, layer->inputs);
        sum = sum_above(x, layer->inputs, c);
    }
    for (uint32_t m = 0; m < rows->outputs; m++) sums[m] = 0;
    dime_rows_add(rows, x, (uint32_t *)sums, c ? (uint32_t)(128 + c) * 0x01010101u : 0);
    finish_sums(rows, (uint32_t)sum * rows->middle, sums);
    if (c)
        for (uint32_t m = 0; m < layer->outputs; m++) sums[m] += rows->totals[m] * c;
    layer->fast->finish(layer, sums, activations);
}
