/* SPDX-License-Identifier: MIT */
/* Sums by a table of products. For formats whose 16 levels are not evenly spaced: weights are stored input by
   input, as codes of 4 bits, eight outputs a word from the lowest bits up. For each activation d that is not
   0 the 16 products d * value are made once, and every weight of the row picks one. As in fast_rows.h, d = x
   - c counts from the smallest activation, and c * total[m] makes up for it. */
#ifndef DIME_FAST_TABLE_H
#define DIME_FAST_TABLE_H

#include "fast.h"

struct dime_table {
    const uint32_t *words; /* K rows of `width` words */
    const int32_t *totals; /* M sums of a row's weights, or NULL where no activation is below 0 */
    const int16_t *values; /* of the 16 codes; NULL: FP130, whose products are shifts */
    uint16_t width;
};

struct dime_fast_table {
    struct dime_fast fast;
    struct dime_table table;
};

/* products: by code. Adds those that a row asks for to its 8 * width sums. */
void dime_table_add(const uint32_t *row, uint32_t width, const int32_t products[16], int32_t *sums);
void dime_table_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
