/* SPDX-License-Identifier: MIT */
/* Part of the variants that have dot products of four bytes, unsigned by signed: exact products of
   activations (signed) with weight values (with 128 added, so that they are unsigned; what that adds to a sum
   is taken away at its start). */
#ifndef DIME_TRAIN_KERNELS_WHOLE_H
#define DIME_TRAIN_KERNELS_WHOLE_H

#include <string.h>

#define WHOLE_ROWS 8u
#define WHOLE_COLUMNS 2u

/* Sixteen of each of four rows, from the first one's lowest byte to the last one's highest. */
LANES_INLINE void pack_block(const float *const row[4], uint32_t m, uint8_t *to) {
    lanes_int word = lanes_int_all(0);
    for (uint32_t i = 0; i < 4; i++)
        word |= ((lanes_to_int(lanes_load(row[i] + m)) + lanes_int_all(128)) & lanes_int_all(255))
                << 8 * (int)i;
    lanes_int_store(to + 4 * (size_t)m, word);
}

static void pack(const float *values, uint32_t columns, uint32_t first, uint32_t last, uint8_t *b) {
    for (uint32_t d = first; d < last; d += 4) {
        const float *row[4];
        for (uint32_t i = 0; i < 4; i++) /* beyond the last row anything will do: activations are 0 there */
            row[i] = values + (size_t)(d + i < last ? d + i : last - 1) * columns;
        for (uint32_t m = 0; m < columns; m += DIME_LANES) pack_block(row, m, b + (size_t)d * columns);
    }
}

/* A row as bytes, zeros behind it; returns -128 times its sum. */
LANES_INLINE int32_t narrow_row(const float *a, uint32_t depth, int8_t *bytes) {
    lanes_int sum = lanes_int_all(0);
    for (uint32_t d = 0; d < depth; d += DIME_LANES) {
        __mmask16 there = depth - d < DIME_LANES ? (__mmask16)((1u << (depth - d)) - 1) : (__mmask16)0xFFFF;
        __m512i whole = _mm512_cvttps_epi32(_mm512_maskz_loadu_ps(there, a + d));
        sum += (lanes_int)whole;
        _mm_storeu_si128((__m128i *)(void *)(bytes + d), _mm512_cvtepi32_epi8(whole));
    }
    return -128 * lanes_int_sum(sum);
}

/* |sum| stays below 2^24; on the way there sums of up to depth * 127 * 255 may pass 2^31, which taking 128
   times the activations away again undoes, both modulo 2^32. */
LANES_INLINE void whole_block(const struct dime_whole_product *p, const int32_t *start, uint32_t row,
                              uint32_t column, const uint32_t rows, const uint32_t vectors) {
    __m512i sum[WHOLE_ROWS][WHOLE_COLUMNS];
    size_t a_row = dime_whole_bytes(p->depth);
    const int8_t *a = p->bytes + row * a_row;
    const uint8_t *b = p->b + 4 * (size_t)column;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t v = 0; v < vectors; v++) sum[r][v] = _mm512_set1_epi32(start[row + r]);
    for (uint32_t d = 0; d < p->depth; d += 4, a += 4, b += 4 * (size_t)p->columns) {
        __m512i line[WHOLE_COLUMNS];
        for (uint32_t v = 0; v < vectors; v++) line[v] = _mm512_loadu_si512(b + 64 * (size_t)v);
        for (uint32_t r = 0; r < rows; r++) {
            int32_t four;
            memcpy(&four, a + r * a_row, sizeof four);
            __m512i factor = _mm512_set1_epi32(four);
            for (uint32_t v = 0; v < vectors; v++) sum[r][v] = whole_fours(sum[r][v], line[v], factor);
        }
    }
    float *c = p->c + row * p->c_row + column;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t v = 0; v < vectors; v++)
            _mm512_storeu_ps(c + r * p->c_row + v * DIME_LANES, _mm512_cvtepi32_ps(sum[r][v]));
}

LANES_INLINE void whole_panel(const struct dime_whole_product *p, const int32_t *start, uint32_t column,
                              const uint32_t vectors) {
    uint32_t row = 0;
    for (; row + WHOLE_ROWS <= p->rows; row += WHOLE_ROWS)
        whole_block(p, start, row, column, WHOLE_ROWS, vectors);
    for (; row + 2 <= p->rows; row += 2) whole_block(p, start, row, column, 2, vectors);
    if (row < p->rows) whole_block(p, start, row, column, 1, vectors);
}

static void whole_product(const struct dime_whole_product *p) {
    int32_t start[DIME_WHOLE_ROWS];
    uint32_t column = 0;
    for (uint32_t r = 0; r < p->rows; r++)
        start[r] = narrow_row(p->a + r * p->a_row, p->depth, p->bytes + r * dime_whole_bytes(p->depth));
    for (; column + WHOLE_COLUMNS * DIME_LANES <= p->columns; column += WHOLE_COLUMNS * DIME_LANES)
        whole_panel(p, start, column, WHOLE_COLUMNS);
    for (; column < p->columns; column += DIME_LANES) whole_panel(p, start, column, 1);
}

#endif
