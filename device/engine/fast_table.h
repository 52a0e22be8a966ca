/* SPDX-License-Identifier: MIT */
/* Sums by tables of products. For formats whose 16 levels are not evenly spaced: weights are stored input by
   input, as codes of 4 bits, eight outputs a word from the lowest bits up. For each activation d that is not
   0 the 16 products d * value are made once, and every weight of the row picks one; four inputs at a time, so
   that a sum is read and written once for four products. As in fast_rows.h, d = x - c counts from the
   smallest activation, and c * total[m] makes up for it. */
#ifndef DIME_FAST_TABLE_H
#define DIME_FAST_TABLE_H

#include "fast.h"

enum { DIME_TABLE_INPUTS = 4 };

struct dime_table {
    const uint32_t *words; /* K rows of `width` words */
    const int16_t *totals; /* M sums of a row's weights, or NULL where no activation is below 0 */
    void (*fill)(int32_t d, int32_t products[16]); /* the products by code, d = 1 .. 254 */
    uint16_t width;
};

struct dime_fast_table {
    struct dime_fast fast;
    struct dime_table table;
};

/* Inputs that are added together. */
struct dime_table_group {
    int32_t products[DIME_TABLE_INPUTS][16];
    const uint32_t *rows[DIME_TABLE_INPUTS]; /* of weights */
};

/* Adds the products that the rows ask for to the sums up to `end`, a multiple of 8. fast_table_add.S on the
   chip. No row may be NULL. */
void dime_table_add(const struct dime_table_group *group, int32_t *sums, const int32_t *end);

/* What takes the activations of a layer. */
struct dime_table_taker {
    struct dime_table_group group;
    uint32_t count;      /* of inputs in the group */
    const uint32_t *row; /* of the next input */
    uint32_t stride;     /* bytes from row to row */
    uint32_t background; /* c in each byte */
    uint32_t offset;     /* 128 + c in each byte */
    int32_t *sums;
    const int32_t *end;
    void (*fill)(int32_t d, int32_t products[16]);
};

/* Takes the activations up to x_end; the last group may remain unfinished. x is a multiple of 4.
   fast_table_add.S on the chip. */
void dime_table_take(struct dime_table_taker *taker, const int8_t *x, const int8_t *x_end);

void dime_table_fill_fp130(int32_t d, int32_t products[16]); /* fast_table_add.S on the chip */
void dime_table_fill_nf4(int32_t d, int32_t products[16]);

void dime_table_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
