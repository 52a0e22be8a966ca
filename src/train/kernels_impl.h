/* SPDX-License-Identifier: MIT */
/* Body of every kernel variant, with kernels_rows.h and kernels_transpose.h. The including file defines: vec,
   VEC_WIDTH, VEC_ROWS and VEC_COLUMNS (the block of sums held in registers), vec_load, vec_store, vec_all,
   vec_fma, KERNELS_NAME, KERNELS_SYMBOL. */
#include <math.h>

#include "model/quantize_level.h"
#include "train/kernels.h"
#include "train/kernels_rows.h"
#include "train/kernels_transpose.h"

#define BLOCK_COLUMNS ((uint32_t)(VEC_WIDTH * VEC_COLUMNS))

/* A block of `rows` x `vectors` sums; both are constants at each call, so all loops but the one over depth
   unroll and the sums live in registers. */
static inline __attribute__((always_inline)) void product_block(const struct dime_product *p, uint32_t row,
                                                                uint32_t column, const uint32_t rows,
                                                                const uint32_t vectors) {
    vec sum[VEC_ROWS][VEC_COLUMNS];
    const float *a = p->a + row * p->a_row, *b = p->b + column;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t v = 0; v < vectors; v++) sum[r][v] = vec_all(0);
    for (uint32_t d = 0; d < p->depth; d++, a += p->a_depth, b += p->b_row) {
        vec line[VEC_COLUMNS];
        for (uint32_t v = 0; v < vectors; v++) line[v] = vec_load(b + v * VEC_WIDTH);
        for (uint32_t r = 0; r < rows; r++) {
            vec factor = vec_all(a[r * p->a_row]);
            for (uint32_t v = 0; v < vectors; v++) sum[r][v] = vec_fma(factor, line[v], sum[r][v]);
        }
    }
    float *c = p->c + row * p->c_row + column;
    for (uint32_t r = 0; r < rows; r++)
        for (uint32_t v = 0; v < vectors; v++) vec_store(c + r * p->c_row + v * VEC_WIDTH, sum[r][v]);
}

/* The last rows, fewer than a block has: each number of them a constant again. */
static inline __attribute__((always_inline)) void product_rest(const struct dime_product *p, uint32_t row,
                                                               uint32_t column, const uint32_t vectors) {
    switch (p->rows - row) {
#define REST(count)                                                                                          \
    case count:                                                                                              \
        if (count < VEC_ROWS) product_block(p, row, column, count < VEC_ROWS ? count : 1, vectors);          \
        break
        REST(1);
        REST(2);
        REST(3);
        REST(4);
        REST(5);
        REST(6);
        REST(7);
#undef REST
    default:
        break;
    }
}

static void product_panel(const struct dime_product *p, uint32_t column) {
    uint32_t row = 0;
    for (; row + VEC_ROWS <= p->rows; row += VEC_ROWS) product_block(p, row, column, VEC_ROWS, VEC_COLUMNS);
    product_rest(p, row, column, VEC_COLUMNS);
}

/* The last columns where they do not fill a block: DIME_LANES of them. */
static void product_panel_narrow(const struct dime_product *p, uint32_t column) {
    const uint32_t vectors = DIME_LANES / VEC_WIDTH;
    uint32_t row = 0;
    for (; row + VEC_ROWS <= p->rows; row += VEC_ROWS) product_block(p, row, column, VEC_ROWS, vectors);
    product_rest(p, row, column, vectors);
}

static void product(const struct dime_product *p) {
    uint32_t column = 0;
    for (; column + BLOCK_COLUMNS <= p->columns; column += BLOCK_COLUMNS) product_panel(p, column);
    for (; column < p->columns; column += DIME_LANES) product_panel_narrow(p, column);
}

/* Sums the gradient parts of up to this many parameters at a time, on the stack. */
#define ADAM_RUN 256u

static void adam_run(const struct dime_adam *adam, const float *gradient, float *restrict parameter,
                     float *restrict moment1, float *restrict moment2, uint32_t count) {
    float keep1 = adam->beta1, take1 = 1 - adam->beta1, keep2 = adam->beta2, take2 = 1 - adam->beta2;
    float rate = adam->learning_rate * adam->correction1, shrink = 1 - adam->learning_rate * adam->decay;
    for (uint32_t i = 0; i < count; i++) {
        float g = gradient[i] * adam->gradient_scale;
        float first = keep1 * moment1[i] + take1 * g;
        float second = keep2 * moment2[i] + take2 * (g * g);
        moment1[i] = first;
        moment2[i] = second;
        parameter[i] =
            shrink * parameter[i] - rate * first / (sqrtf(second * adam->correction2) + adam->epsilon);
    }
}

static void adam(const struct dime_adam *adam, float *parameter, float *moment1, float *moment2,
                 uint32_t count) {
    for (uint32_t start = 0; start < count; start += ADAM_RUN) {
        uint32_t length = count - start < ADAM_RUN ? count - start : ADAM_RUN;
        float sum[ADAM_RUN];
        memcpy(sum, adam->gradients[0] + adam->first + start, length * sizeof *sum);
        for (uint32_t part = 1; part < adam->parts; part++) {
            const float *gradient = adam->gradients[part] + adam->first + start;
            for (uint32_t i = 0; i < length; i++) sum[i] += gradient[i];
        }
        adam_run(adam, sum, parameter + start, moment1 + start, moment2 + start, length);
    }
}

static void blend(float *restrict average, const float *value, float share, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) average[i] += share * (value[i] - average[i]);
}

static void quantize(enum dime_format_id format, const float *w, const float *inverse_unit,
                     const float *offset, uint32_t count, float *out) {
    dime_quantize_run(format, w, inverse_unit, offset, count, out);
}

const struct dime_kernels KERNELS_SYMBOL = {
    .name = KERNELS_NAME,
    .product = product,
    .adam = adam,
    .blend = blend,
    .quantize = quantize,
    .norm = norm,
    .norm_gradient = norm_gradient,
    .batch_statistics = batch_statistics,
    .batch_norm = batch_norm,
    .batch_norm_gradient = batch_norm_gradient,
    .score = score,
    .scale_columns = scale_columns,
    .transpose = transpose,
    .widen = widen,
};
