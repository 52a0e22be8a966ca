/* SPDX-License-Identifier: MIT */
/* Part of every kernel variant: gradients of weights as dot products of pairs of 16-bit whole numbers, which
   processors add up twice as fast as floats. Sums of whole numbers are exact, so that every variant gives the
   same bits. */
#ifndef DIME_TRAIN_KERNELS_GRADIENT_H
#define DIME_TRAIN_KERNELS_GRADIENT_H

#include "base/lanes.h"

/* ---- pairs: entry n in the lower half of a word, entry n + 1 in the upper one ---- */

LANES_INLINE lanes_int pair_lanes(lanes_int lower, lanes_int upper) {
    return (lower & lanes_int_all(0xFFFF)) | upper << 16;
}

/* Two rows of activations, or the last one alone. */
LANES_INLINE void pair_activations(const float *first, const float *second, uint32_t count, int32_t *pairs) {
    for (uint32_t k = 0; k < count; k += DIME_LANES) {
        lanes_int upper = second ? lanes_to_int(lanes_load(second + k)) : lanes_int_all(0);
        lanes_int_store(pairs + k, pair_lanes(lanes_to_int(lanes_load(first + k)), upper));
    }
}

/* Rounded to whole numbers of at most 2^15, halves to even. */
LANES_INLINE lanes_int round_lanes(lanes v) {
    return (lanes_int)(v + lanes_all(0x1.8p23f));
}

/* Sixteen columns of gradients in units of 2^-13 of the power of two at or below the column's largest, so
   that none passes 2^14. A column with NaN or an infinity has the unit NaN, so that divergence is seen. */
LANES_INLINE void pair_gradients(const struct dime_whole_gradient *p, uint32_t m) {
    lanes_int largest = lanes_int_all(30 << 23); /* below, units would leave the normal numbers */
    const float *b = p->b + m;
    for (uint32_t n = 0; n < p->depth; n++)
        largest = lanes_int_max(largest, (lanes_int)lanes_magnitude(lanes_load(b + (size_t)n * p->columns)));
    lanes_int exponent = largest >> 23;
    lanes inverse = (lanes)((lanes_int_all(254 + 13) - exponent) << 23);
    lanes_int endless = (lanes_int)(exponent == lanes_int_all(255)) & lanes_int_all(0x7FC00000);
    lanes_store(p->unit + m, (lanes)((exponent - lanes_int_all(13)) << 23 | endless));
    for (uint32_t n = 0; n < p->depth; n += 2, b += 2 * (size_t)p->columns) {
        lanes second = n + 1 < p->depth ? lanes_load(b + p->columns) : lanes_all(0);
        lanes_int_store(p->b_pairs + (size_t)n / 2 * p->columns + m,
                        pair_lanes(round_lanes(lanes_load(b) * inverse), round_lanes(second * inverse)));
    }
}

/* ---- products ---- */

LANES_INLINE uint32_t pairs_of(const struct dime_whole_gradient *p) {
    return (p->depth + 1) / 2;
}

/* `rows` x `vectors` sums, both constants at each call. At most 48 images, |activation| <= 128 and
   |gradient| <= 2^14: no sum passes 2^27. */
static inline __attribute__((always_inline)) void gradient_block(const struct dime_whole_gradient *p,
                                                                 uint32_t row, uint32_t column,
                                                                 const uint32_t rows,
                                                                 const uint32_t vectors) {
    whole_vec sum[VEC_ROWS][VEC_COLUMNS];
    const int32_t *a = p->a_pairs + row, *b = p->b_pairs + column;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t v = 0; v < vectors; v++) sum[r][v] = whole_all(0);
    for (uint32_t pair = pairs_of(p); pair > 0; pair--, a += p->a_row, b += p->columns) {
        whole_vec line[VEC_COLUMNS];
        for (uint32_t v = 0; v < vectors; v++) line[v] = whole_load(b + v * VEC_WIDTH);
        for (uint32_t r = 0; r < rows; r++) {
            whole_vec factor = whole_all(a[r]);
            for (uint32_t v = 0; v < vectors; v++) sum[r][v] = whole_pairs(sum[r][v], line[v], factor);
        }
    }
    float *c = p->c + (size_t)row * p->columns + column;
    vec unit[VEC_COLUMNS];
    for (uint32_t v = 0; v < vectors; v++) unit[v] = vec_load(p->unit + column + v * VEC_WIDTH);
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t v = 0; v < vectors; v++)
            vec_store(c + (size_t)r * p->columns + v * VEC_WIDTH,
                      vec_times(vec_from_whole(sum[r][v]), unit[v]));
}

static inline __attribute__((always_inline)) void gradient_panel(const struct dime_whole_gradient *p,
                                                                 uint32_t column, const uint32_t vectors) {
    uint32_t row = 0;
    for (; row + VEC_ROWS <= p->rows; row += VEC_ROWS) gradient_block(p, row, column, VEC_ROWS, vectors);
    for (; row < p->rows; row++) gradient_block(p, row, column, 1, vectors);
}

static void whole_gradient(const struct dime_whole_gradient *p) {
    uint32_t column = 0, block = VEC_WIDTH * VEC_COLUMNS;
    for (uint32_t n = 0; n < p->depth; n += 2) {
        const float *first = p->a + (size_t)n * p->a_row;
        pair_activations(first, n + 1 < p->depth ? first + p->a_row : NULL, (uint32_t)p->a_row,
                         p->a_pairs + (size_t)n / 2 * p->a_row);
    }
    for (uint32_t m = 0; m < p->columns; m += DIME_LANES) pair_gradients(p, m);
    for (; column + block <= p->columns; column += block) gradient_panel(p, column, VEC_COLUMNS);
    for (; column < p->columns; column += DIME_LANES) gradient_panel(p, column, DIME_LANES / VEC_WIDTH);
}

#endif
