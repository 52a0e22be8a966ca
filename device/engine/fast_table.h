/* SPDX-License-Identifier: MIT */
/* Sums by tables of products. For formats whose 16 levels are not evenly spaced: weights are stored input by
   input, as codes of 4 bits, eight outputs a word from the lowest bits up. For each activation d that is not
   0 the 16 products d * value are made once, and every weight of the row picks one; up to five inputs at a
   time, so that a sum is read and written once for five products. As in fast_rows.h, d = x - c counts from
   the smallest activation, and c * total[m] makes up for it. */
#ifndef DIME_FAST_TABLE_H
#define DIME_FAST_TABLE_H

#include "fast.h"

enum { DIME_TABLE_INPUTS = 5 };

struct dime_table {
    const uint32_t *words; /* K rows of `width` words */
    const int16_t *totals; /* M sums of a row's weights, or NULL where no activation is below 0 */
    /* The products by code, d = 1 .. 254; NULL: those of FP130 */
    void (*fill)(int32_t d, int16_t products[16]);
    uint16_t width;
};

struct dime_fast_table {
    struct dime_fast fast;
    struct dime_table table;
};

/* Inputs that are added together. |product| <= 254 * 128 < 2^15. */
struct dime_table_input {
    int16_t products[16];
    const uint32_t *row; /* of weights */
};

/* On the chip the program has one, a model with such layers defines it: in the first 2 KB of RAM, so that an
   instruction holds the address of a table. */
extern struct dime_table_input dime_table_group[DIME_TABLE_INPUTS];

/* What takes the activations of a layer; fast_table_add.S knows where the members are. */
struct dime_table_taker {
    const int8_t *x, *end; /* x: a multiple of 4 */
    const uint32_t *row;   /* of the first input */
    uint32_t stride;       /* bytes from row to row */
    uint32_t background;   /* c in each byte */
    uint32_t offset;       /* 128 + c in each byte */
    int32_t *sums;         /* 8 for each word of a row */
    void (*fill)(int32_t d, int16_t products[16]);
};

/* Adds all products to the sums. Returns 1 where an activation of a whole word is less than c: then the sums
   are of no use. fast_table_add.S on the chip. */
int dime_table_take(const struct dime_table_taker *taker);

void dime_table_fill_nf4(int32_t d, int16_t products[16]);

void dime_table_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
