/* SPDX-License-Identifier: MIT */
/* Body of every kernel variant, with kernels_rows.h, kernels_gradient.h and kernels_transpose.h. The
   including file defines: vec and whole_vec with their operations (vector_*.h), VEC_WIDTH, VEC_ROWS and
   VEC_COLUMNS (the block of sums held in registers), KERNELS_NAME, KERNELS_SYMBOL, and KERNELS_WHOLE where
   kernels_whole.h can be compiled. */
#include <float.h>
#include <math.h>

#include "model/quantize_level.h"
#include "train/kernels.h"
#include "train/kernels_gradient.h"
#include "train/kernels_rows.h"
#include "train/kernels_transpose.h"
#ifdef KERNELS_WHOLE
#include "train/kernels_whole.h"
#endif

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
// NOLINTBEGIN(bugprone-branch-clone): a count of 1 is the same either way
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
        // NOLINTEND(bugprone-branch-clone)
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

/* A loop that does nothing else has many loads under way at once, and what other processors have written
   takes long to come. */
static void sum(const float *const *parts, uint32_t part_count, size_t first, size_t count, float *to) {
    for (size_t i = 0; i < count; i += DIME_LANES) {
        lanes total = lanes_load(parts[0] + first + i);
        for (uint32_t part = 1; part < part_count; part++) total += lanes_load(parts[part] + first + i);
        lanes_store(to + i, total);
    }
}

static void scale_slope(const struct dime_scale_slope *s) {
    for (uint32_t m = 0; m < s->padded; m += DIME_LANES) {
        lanes slope = lanes_all(0), step = lanes_load(s->step + m), inverse = lanes_load(s->inverse_unit + m);
        lanes offset = lanes_load(s->offset + m), low = lanes_all(s->low), high = lanes_all(s->high);
        for (uint32_t row = 0; row < s->rows; row++) {
            size_t i = (size_t)row * s->padded + m;
            lanes weight = lanes_load(s->weight + i), scaled = weight * inverse - offset;
            lanes rounded = lanes_where(((scaled >= low) & (scaled <= high)), weight);
            slope += lanes_load(s->gradient + i) * (lanes_load(s->level + i) * step - rounded);
        }
        lanes_store(s->slope + m, slope * lanes_all(s->gradient_scale));
    }
}

/* What is the same for all parameters, in registers. */
struct adam_lanes {
    lanes rate, shrink, scale, epsilon, correction2;
    lanes keep1, share1, keep2, share2; /* of the moments, and of what comes to them */
};

LANES_INLINE struct adam_lanes spread_adam(const struct dime_adam *adam) {
    return (struct adam_lanes){lanes_all(adam->learning_rate * adam->correction1),
                               lanes_all(1 - adam->learning_rate * adam->decay),
                               lanes_all(adam->gradient_scale),
                               lanes_all(adam->epsilon),
                               lanes_all(adam->correction2),
                               lanes_all(adam->beta1),
                               lanes_all(1 - adam->beta1),
                               lanes_all(adam->beta2),
                               lanes_all(1 - adam->beta2)};
}

/* Zero instead of what is smaller than a normal number; NaN stays. Moments of a weight whose unit is dead
   would shrink to there and stay, and processors take a hundred cycles and more for each such vector. */
LANES_INLINE lanes drop_subnormal(lanes moment) {
    return lanes_where(~(lanes_magnitude(moment) < lanes_all(FLT_MIN)), moment);
}

/* Sixteen parameters; returns their new values. */
LANES_INLINE lanes adam_step(struct adam_lanes a, const float *from, float *parameter, float *moment1,
                             float *moment2) {
    lanes gradient = lanes_load(from) * a.scale;
    lanes first = a.keep1 * lanes_load(moment1) + a.share1 * gradient;
    lanes second = a.keep2 * lanes_load(moment2) + a.share2 * (gradient * gradient);
    lanes change = lanes_over_root(a.rate * first, second * a.correction2, a.epsilon);
    lanes value = a.shrink * lanes_load(parameter) - change;
    lanes_store(moment1, drop_subnormal(first));
    lanes_store(moment2, drop_subnormal(second));
    lanes_store(parameter, value);
    return value;
}

/* All rows, in the order in which they lie there. `averages`, `sums`: constants at each call. */
LANES_INLINE void adam_rows(const struct dime_adam *adam, float *parameter, float *moment1, float *moment2,
                            const int averages, const int sums) {
    struct adam_lanes a = spread_adam(adam);
    lanes share = lanes_all(adam->average_share);
    const float *gradient = adam->gradient;
    float *average = adam->average, *magnitude = adam->magnitude;
    size_t padded = adam->padded, count = adam->rows * padded;
    for (size_t i = 0, m = 0; i < count; i += DIME_LANES) {
        lanes value = adam_step(a, gradient + i, parameter + i, moment1 + i, moment2 + i);
        if (averages) {
            lanes mean = lanes_load(average + i);
            lanes_store(average + i, mean + share * (value - mean));
        }
        if (!sums) continue;
        lanes_store(magnitude + m, lanes_load(magnitude + m) + lanes_magnitude(value));
        m = m + DIME_LANES < padded ? m + DIME_LANES : 0;
    }
}

static void adam(const struct dime_adam *adam, float *parameter, float *moment1, float *moment2) {
    for (uint32_t m = 0; adam->magnitude && m < adam->padded; m++) adam->magnitude[m] = 0;
    if (adam->average && adam->magnitude)
        adam_rows(adam, parameter, moment1, moment2, 1, 1);
    else if (adam->average)
        adam_rows(adam, parameter, moment1, moment2, 1, 0);
    else if (adam->magnitude)
        adam_rows(adam, parameter, moment1, moment2, 0, 1);
    else
        adam_rows(adam, parameter, moment1, moment2, 0, 0);
}

static void quantize(enum dime_format_id format, const float *w, const float *inverse_unit,
                     const float *offset, uint32_t count, float *out) {
    dime_quantize_run(format, w, inverse_unit, offset, count, out);
}

const struct dime_kernels KERNELS_SYMBOL = {
    .name = KERNELS_NAME,
    .product = product,
#ifdef KERNELS_WHOLE
    .whole_product = whole_product,
    .pack = pack,
#endif
    .whole_gradient = whole_gradient,
    .sum = sum,
    .adam = adam,
    .scale_slope = scale_slope,
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
