/* SPDX-License-Identifier: MIT */
#include "fast_table.h"

#define ADD(index)                                                                                           \
    sums[index] += *(const int32_t *)(const void *)(bytes + ((word >> (4 * (index)) & 15) << 2))

void dime_table_add(const uint32_t *row, uint32_t width, const int32_t products[16], int32_t *sums) {
    const char *bytes = (const char *)products;
    for (const uint32_t *end = row + width; row < end; sums += 8) {
        uint32_t word = *row++;
        ADD(0);
        ADD(1);
        ADD(2);
        ADD(3);
        ADD(4);
        ADD(5);
        ADD(6);
        ADD(7);
    }
}

/* d * 2^e, and with the other sign: |product| <= 254 * 128. */
static void make_shifts(int32_t d, int32_t products[16]) {
    for (uint32_t e = 0; e < 8; e++, d += d) {
        products[e] = d;
        products[8 + e] = -d;
    }
}

static void make_products(int32_t d, const int16_t *values, int32_t products[16]) {
    for (uint32_t code = 0; code < 16; code++) products[code] = values[code] * d;
}

static int32_t smallest_of(const int8_t *x, uint32_t inputs) {
    int32_t smallest = 0;
    for (const int8_t *end = x + inputs; x < end; x++)
        if (*x < smallest) smallest = *x;
    return smallest;
}

void dime_table_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_table *table = &((const struct dime_fast_table *)layer->fast)->table;
    int32_t products[16], c = table->totals ? smallest_of(x, layer->inputs) : 0;
    const uint32_t *row = table->words;
    for (uint32_t m = 0; m < 8u * table->width; m++) sums[m] = 0;
    for (const int8_t *end = x + layer->inputs; x < end; x++, row += table->width) {
        int32_t d = *x - c;
        if (!d) continue;
        if (table->values)
            make_products(d, table->values, products);
        else
            make_shifts(d, products);
        dime_table_add(row, table->width, products, sums);
    }
    if (c)
        for (uint32_t m = 0; m < layer->outputs; m++) sums[m] += table->totals[m] * c;
    layer->fast->finish(layer, sums, activations, dime_fast_largest(sums, sums + layer->outputs));
}
