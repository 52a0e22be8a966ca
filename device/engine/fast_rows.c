/* SPDX-License-Identifier: MIT */
#include "fast_rows.h"

/* Four activations at a time. */
typedef uint32_t __attribute__((may_alias)) word;

/* Words that are as the first activation, the background, are passed over. */
static int32_t smallest_of(const int8_t *x, uint32_t inputs) {
    int32_t smallest = x[0];
    word background = (uint8_t)smallest * 0x01010101u;
    const int8_t *end = x + inputs;
    while (end - x >= 4) {
        if (*(const word *)(const void *)x == background) {
            x += 4;
            continue;
        }
        for (const int8_t *last = x + 4; x < last; x++)
            if (*x < smallest) smallest = *x;
    }
    for (; x < end; x++)
        if (*x < smallest) smallest = *x;
    return smallest;
}

#ifndef __riscv
/* What fast_finish.S does: two outputs at a time, in place, since their lanes take the two words that their
   sums will take. */
void dime_rows_finish(uint32_t *wide, const uint32_t *end, uint32_t base, uint32_t scale) {
    for (; wide < end; wide += 2) {
        uint32_t low = wide[0], high = wide[1];
        wide[0] = (((low & 0xFFFF) + ((high & 0xFFFF) << 4)) << scale) - base;
        wide[1] = (((low >> 16) + (high >> 16 << 4)) << scale) - base;
    }
}

/* What fast_finish.S does. */
void dime_rows_correct(int32_t *sums, const int32_t *end, const int16_t *totals, int32_t c) {
    while (sums < end) *sums++ += *totals++ * c;
}

/* What fast_rows_sort.S does, in plain C, for a PC: nibble i of a word is output 0 4 2 6 1 5 3 7 of its
 * eight. */
uint32_t dime_rows_add(const struct dime_rows *rows, const int8_t *x, uint32_t *wide, uint32_t offset) {
    static const uint8_t order[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    int32_t c = offset ? (int32_t)(offset & 0xFF) - 128 : 0;
    for (uint32_t m = 0; m < rows->outputs; m++) wide[m] = 0;
    uint32_t sum = 0;
    const uint32_t *row = rows->words;
    for (uint32_t k = 0; k < rows->inputs; k++, row += rows->stride / 4) {
        uint32_t d = (uint32_t)(x[k] - c);
        sum += d;
        for (uint32_t m = 0; m < rows->stride * 2u; m++) {
            uint32_t u = row[m / 8] >> 4 * order[m % 8] & 15, lane = 16 * (m & 1);
            wide[m / 2 * 2] += (u * (d & 15)) << lane;
            wide[m / 2 * 2 + 1] += (u * (d >> 4 & 15)) << lane;
        }
    }
    return sum;
}
#endif

void dime_rows_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_rows *rows = &((const struct dime_fast_rows *)layer->fast)->rows;
    uint32_t *wide = (uint32_t *)sums;
    int32_t c = rows->totals ? smallest_of(x, layer->inputs) : 0;
    if (c > 0) c = 0; /* as good: nothing is below it */
    uint32_t d = dime_rows_add(rows, x, wide, c ? (uint32_t)(128 + c) * 0x01010101u : 0);
    dime_rows_finish(wide, wide + rows->outputs, d * rows->middle, rows->scale);
    if (c) dime_rows_correct(sums, sums + layer->outputs, rows->totals, c);
    layer->fast->finish(layer, sums, activations);
}
