/* SPDX-License-Identifier: MIT */
#include "fast_rows.h"

/* For a PC, and to read: on the chip fast_rows_sort.S and its siblings do the same. */

#ifndef __riscv
/* What fast_finish.S does: two outputs at a time, in place, since their lanes take the two words that their
   sums will take. */
int32_t dime_rows_finish(uint32_t *wide, const uint32_t *end, uint32_t base, uint32_t scale,
                         uint32_t low_bits) {
    int32_t *sums = (int32_t *)wide;
    for (; wide < end; wide += 2) {
        uint32_t low = wide[0], high = low_bits < 8 ? wide[1] : 0;
        wide[0] = (((low & 0xFFFF) + ((high & 0xFFFF) << 4)) << scale) - base;
        wide[1] = (((low >> 16) + (high >> 16 << 4)) << scale) - base;
    }
    return dime_fast_largest(sums, (const int32_t *)end);
}

/* Adds u * d of a row to `wide`. Nibble i of a word is output 0 4 2 6 1 5 3 7 of its eight. */
static void add_row(const struct dime_rows *rows, const uint32_t *row, uint32_t d, uint32_t *wide) {
    static const uint8_t order[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    uint32_t least = rows->low_bits < 8 ? 15 : 255;
    for (uint32_t m = 0; m < rows->outputs; m++) {
        uint32_t u = row[m / 8] >> 4 * order[m % 8] & 15, lane = 16 * (m & 1);
        wide[m / 2 * 2] += (u * (d & least)) << lane;
        wide[m / 2 * 2 + 1] += (u * (d >> 4 & 15)) << lane;
    }
}

/* Collects U in `wide` and returns D. */
static uint32_t add_rows(const struct dime_rows *rows, const int8_t *x, uint32_t inputs, int32_t c,
                         uint32_t *wide) {
    for (uint32_t m = 0; m < rows->outputs; m++) wide[m] = 0;
    uint32_t sum = 0, width = rows->stride / 4;
    const uint32_t *row = rows->words;
    for (uint32_t k = 0; k < inputs; k++, row += width) {
        add_row(rows, row, (uint32_t)(x[k] - c), wide);
        sum += (uint32_t)(x[k] - c);
    }
    return sum;
}

/* -c times the four rows behind the others, likewise. */
static uint32_t add_more(const struct dime_rows *rows, int32_t c, uint32_t *wide) {
    uint32_t sum = 0, width = rows->stride / 4, most = DIME_ROWS_MOST_OFFSET;
    for (uint32_t left = (uint32_t)-c, taken; left; left -= taken) {
        taken = left < most ? left : most;
        const uint32_t *row = rows->totals;
        for (uint32_t k = 0; k < DIME_ROWS_MORE; k++, row += width) {
            uint32_t d = k < 2 ? taken : 8 * taken;
            add_row(rows, row, d, wide);
            sum += d;
        }
    }
    return sum;
}

void dime_rows_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_rows *rows = &((const struct dime_fast_rows *)layer->fast)->rows;
    uint32_t *wide = (uint32_t *)sums;
    int32_t c = rows->totals ? dime_fast_smallest(x, layer->inputs) : 0;
    uint32_t d = add_rows(rows, x, layer->inputs, c, wide);
    if (c && !rows->correct) d += add_more(rows, c, wide);
    uint32_t base = (d << rows->middle_bits) - (rows->middle_less ? d : 0);
    int32_t largest = dime_rows_finish(wide, wide + rows->outputs, base, rows->scale, rows->low_bits);
    if (c && rows->correct) largest = rows->correct(sums, sums + layer->outputs, rows->totals, c);
    layer->fast->finish(layer, sums, activations, largest);
}

void dime_products_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_rows *rows = &((const struct dime_fast_rows *)layer->fast)->rows;
    uint32_t *wide = (uint32_t *)sums, d = 0;
    for (uint32_t m = 0; m < rows->outputs; m++) wide[m] = 0;
    for (uint32_t k = 0; k < layer->inputs; k++) {
        const uint32_t *row = rows->words + 2 * k;
        uint32_t value = (uint8_t)x[k];
        d += value;
        for (uint32_t m = 0; m < rows->outputs; m += 2)
            wide[m] += (row[m / 8] >> m % 8 * 2 & 0x000F000Fu) * value;
    }
    uint32_t base = (d << rows->middle_bits) - (rows->middle_less ? d : 0);
    int32_t largest = dime_rows_finish(wide, wide + rows->outputs, base, rows->scale, rows->low_bits);
    layer->fast->finish(layer, sums, activations, largest);
}

void dime_flags_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    dime_rows_run(layer, x, sums, activations);
}
#endif
