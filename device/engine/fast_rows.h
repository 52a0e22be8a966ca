/* SPDX-License-Identifier: MIT */
/* Bit-serial sums of rows. Weights are stored input by input, as unsigned numbers u with w = (u << scale) -
   middle, as many to a word as fit. A layer's sums are

       sum[m] = (U[m] << scale) - middle * D + c * total[m],   U[m] = sum over k of u[k][m] * d[k]

   with d[k] = x[k] - c >= 0, D their sum, and total[m] the sum of w[m][k] over k. c is the smallest
   activation: that of the background, so most d are 0 and their rows are never read. For each bit of d the
   rows of the inputs that have it are added up, a word at a time: eight weights of 4 bits become two sums, of
   word >> 4 and of word & 0x0F0F0F0F, from which 16 lanes of 8 bits follow after at most 15 rows, then lanes
   of 16 bits.

   These are collected in `wide`, for each two outputs a word of two 16-bit lanes for bits 0 to 3 of d,
   shifted to their weight, and one for bits 4 to 7: K * 15 * 15 < 2^16 bounds the inputs, or 15 * K < 2^16
   where activations are 0 and 1. Where no U can reach 2^16, all bits are collected in the first. */
#ifndef DIME_FAST_ROWS_H
#define DIME_FAST_ROWS_H

#include "fast.h"

struct dime_rows {
    const uint32_t *words; /* K rows of `stride` bytes; below address 2^16 */
    void (*flush)(void);   /* dime_rows_flush_8, ...: adds up a bucket of rows; NULL for the two others */
    uint16_t stride;       /* bytes from row to row */
    uint16_t outputs;      /* M rounded up to a multiple of 8; for dime_products_run of 2 */
    /* totals: M of int16_t, and correct = dime_fast_correct; or four more rows, and correct NULL: their
       weights, once those of the first two and eight times those of the others, are -total together, and -c
       of each are added up like the others. Both NULL where c is always 0. */
    const void *totals;
    int32_t (*correct)(int32_t *sums, const int32_t *end, const int16_t *totals, int32_t c);
    uint8_t scale;       /* 0 or 1 */
    uint8_t middle_bits; /* middle = 2^middle_bits - middle_less, 1 .. 128 */
    uint8_t middle_less; /* 0 or 1 */
    uint8_t low_bits;    /* 4, or 8: all bits of d have the first set of lanes */
};

/* At most so much of -c at a time, so that eight times that is a number of 8 bits; c >= -128. */
enum { DIME_ROWS_MOST_OFFSET = 31, DIME_ROWS_MORE = 4, DIME_ROWS_MORE_TAKEN = 5 * DIME_ROWS_MORE };

struct dime_fast_rows {
    struct dime_fast fast;
    struct dime_rows rows;
};

/* The sums without c from the lanes, in place: (U << scale) - base. Returns the largest or 0. low_bits: as
   above. */
int32_t dime_rows_finish(uint32_t *wide, const uint32_t *end, uint32_t base, uint32_t scale,
                         uint32_t low_bits);

/* Rows of one, two, four or eight words. */
void dime_rows_flush_1(void);
void dime_rows_flush_2(void);
void dime_rows_flush_4(void);
void dime_rows_flush_8(void);
/* Up to four words, and up to two, by parts of the code for eight. The lanes of four or two words are
   written, and so many are read behind the last row. */
void dime_rows_flush_8_half(void);
void dime_rows_flush_8_quarter(void);

void dime_rows_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

/* The same for activations that are 0 and 1, and up to 16 outputs in rows of two words. */
void dime_flags_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

/* The same for activations of 7 bits from 0 on and up to 10 outputs whose U are below 2^16. Rows of two
   words: the nibbles i and i + 4 of the first are outputs 2i and 2i + 1, 0 and 4 of the second outputs 8 and
   9, so that a shift and a mask give two in lanes of 16 bits. */
enum { DIME_PRODUCTS_OUTPUTS = 10 };
void dime_products_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
