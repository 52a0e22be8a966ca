/* SPDX-License-Identifier: MIT */
#include "fast_table.h"

#ifndef __riscv
void dime_table_add(const struct dime_table_group *group, int32_t *sums, const int32_t *end) {
    for (uint32_t word = 0; sums < end; word++)
        for (uint32_t shift = 0; shift < 32; shift += 4, sums++)
            for (uint32_t i = 0; i < DIME_TABLE_INPUTS; i++)
                *sums += group->products[i][group->rows[i][word] >> shift & 15];
}

/* d * 2^e, and with the other sign: |product| <= 254 * 128. */
void dime_table_fill_fp130(int32_t d, int32_t products[16]) {
    for (uint32_t e = 0; e < 8; e++, d += d) {
        products[e] = d;
        products[8 + e] = -d;
    }
}
#endif

/* The levels of format_nf4.c as constants, of which the compiler makes shifts and additions. */
void dime_table_fill_nf4(int32_t d, int32_t products[16]) {
    products[0] = d * -127;
    products[1] = d * -88;
    products[2] = d * -67;
    products[3] = d * -50;
    products[4] = d * -36;
    products[5] = d * -23;
    products[6] = d * -12;
    products[7] = 0;
    products[8] = d * 10;
    products[9] = d * 20;
    products[10] = d * 31;
    products[11] = d * 43;
    products[12] = d * 56;
    products[13] = d * 71;
    products[14] = d * 92;
    products[15] = d * 127;
}

#ifndef __riscv
static void take(struct dime_table_taker *taker, int32_t d) {
    const uint32_t *row = taker->row;
    taker->row = row + taker->stride / 4;
    if (!d) return;
    taker->group.rows[taker->count] = row;
    taker->fill(d, taker->group.products[taker->count]);
    if (++taker->count < DIME_TABLE_INPUTS) return;
    dime_table_add(&taker->group, taker->sums, taker->end);
    taker->count = 0;
}

void dime_table_take(struct dime_table_taker *taker, const int8_t *x, const int8_t *x_end) {
    /* cppcheck-suppress ctuuninitvar ; all but the group has been set */
    int32_t c = (int32_t)(taker->offset & 0xFF) - 128;
    while (x < x_end) take(taker, *x++ - c);
}
#endif

/* The group that has been begun, filled up with products of 0. */
static void finish_group(struct dime_table_taker *taker) {
    uint32_t count = taker->count;
    if (!count) return;
    for (; count < DIME_TABLE_INPUTS; count++) {
        taker->group.rows[count] = taker->group.rows[0];
        for (uint32_t i = 0; i < 16; i++) taker->group.products[count][i] = 0;
    }
    dime_table_add(&taker->group, taker->sums, taker->end);
}

void dime_table_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_table *table = &((const struct dime_fast_table *)layer->fast)->table;
    struct dime_table_taker taker;
    int32_t c = table->totals ? dime_fast_smallest(x, layer->inputs) : 0;
    taker.background = (uint8_t)c * UINT32_C(0x01010101);
    taker.offset = taker.background ^ UINT32_C(0x80808080);
    taker.row = table->words;
    taker.stride = 4u * table->width;
    taker.fill = table->fill;
    taker.count = 0;
    taker.sums = sums;
    taker.end = sums + 8u * table->width;
    for (int32_t *sum = sums; sum < taker.end;) *sum++ = 0;
    dime_table_take(&taker, x, x + layer->inputs);
    finish_group(&taker);
    int32_t *end = sums + layer->outputs;
    int32_t largest = c ? dime_fast_correct(sums, end, table->totals, c) : dime_fast_largest(sums, end);
    layer->fast->finish(layer, sums, activations, largest);
}
