/* SPDX-License-Identifier: MIT */
#include "fast_table.h"

#ifndef __riscv
/* d * 2^e, and with the other sign. */
static void fill_fp130(int32_t d, int16_t products[16]) {
    for (uint32_t e = 0; e < 8; e++, d += d) {
        products[e] = (int16_t)d;
        products[8 + e] = (int16_t)-d;
    }
}
#endif

/* The levels of format_nf4.c as constants, of which the compiler makes shifts and additions. */
void dime_table_fill_nf4(int32_t d, int16_t products[16]) {
    products[0] = (int16_t)(d * -127);
    products[1] = (int16_t)(d * -88);
    products[2] = (int16_t)(d * -67);
    products[3] = (int16_t)(d * -50);
    products[4] = (int16_t)(d * -36);
    products[5] = (int16_t)(d * -23);
    products[6] = (int16_t)(d * -12);
    products[7] = 0;
    products[8] = (int16_t)(d * 10);
    products[9] = (int16_t)(d * 20);
    products[10] = (int16_t)(d * 31);
    products[11] = (int16_t)(d * 43);
    products[12] = (int16_t)(d * 56);
    products[13] = (int16_t)(d * 71);
    products[14] = (int16_t)(d * 92);
    products[15] = (int16_t)(d * 127);
}

#ifndef __riscv
/* For a PC, and to read: an input at a time. */
static void add_input(const struct dime_table_taker *taker, const uint32_t *row, int32_t d) {
    int16_t products[16] = {0};
    int32_t *sum = taker->sums;
    (taker->fill ? taker->fill : fill_fp130)(d, products);
    for (uint32_t word = 0; word < taker->stride / 4; word++)
        for (uint32_t shift = 0; shift < 32; shift += 4) *sum++ += products[row[word] >> shift & 15];
}

int dime_table_take(const struct dime_table_taker *taker) {
    int32_t c = (int32_t)(taker->offset & 0xFF) - 128;
    const uint32_t *row = taker->row;
    for (const int8_t *x = taker->x; x < taker->end; x++, row += taker->stride / 4) {
        if (*x < c) return 1;
        if (*x > c) add_input(taker, row, *x - c);
    }
    return 0;
}
#endif

/* The sums without c * total; returns 1 where an activation is less than c. */
static int add_from(const struct dime_layer *layer, const int8_t *x, int32_t c, int32_t *sums) {
    const struct dime_table *table = &((const struct dime_fast_table *)layer->fast)->table;
    uint32_t background = (uint8_t)c * UINT32_C(0x01010101);
    struct dime_table_taker taker = {x,
                                     x + layer->inputs,
                                     table->words,
                                     4u * table->width,
                                     background,
                                     background ^ UINT32_C(0x80808080),
                                     sums,
                                     table->fill};
    int32_t *end = sums + 8u * table->width;
    for (int32_t *sum = sums; sum < end; sum += 8)
        sum[0] = sum[1] = sum[2] = sum[3] = sum[4] = sum[5] = sum[6] = sum[7] = 0;
    return dime_table_take(&taker);
}

/* c is nearly always the first activation, a corner of the picture, or 0; where it is not, that shows. */
void dime_table_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_table *table = &((const struct dime_fast_table *)layer->fast)->table;
    int32_t c = 0;
    if (table->totals) c = layer->inputs % 4 ? dime_fast_smallest(x, layer->inputs) : x[0] < 0 ? x[0] : 0;
    if (add_from(layer, x, c, sums)) {
        c = dime_fast_smallest(x, layer->inputs);
        add_from(layer, x, c, sums);
    }
    int32_t *end = sums + layer->outputs;
    int32_t largest = c ? dime_fast_correct(sums, end, table->totals, c) : dime_fast_largest(sums, end);
    layer->fast->finish(layer, sums, activations, largest);
}
