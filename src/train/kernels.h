/* SPDX-License-Identifier: MIT */
/* The loops in which training spends its time, once for each instruction set, chosen at run time. All
   variants that have a fused multiply-add give the same bits: vectors run over independent outputs, never
   over a sum. */
#ifndef DIME_TRAIN_KERNELS_H
#define DIME_TRAIN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "model/formats.h"

/* Row lengths are padded to this many floats. */
#define DIME_LANES 16u

static inline uint32_t dime_pad(uint32_t count) {
    return (count + DIME_LANES - 1) / DIME_LANES * DIME_LANES;
}

/* c[r][j] = sum over d of a(r, d) * b[d][j], with a(r, d) = a[r * a_row + d * a_depth]. */
struct dime_product {
    uint32_t rows, columns, depth; /* columns: a multiple of DIME_LANES */
    const float *a;
    size_t a_row, a_depth;
    const float *b;
    size_t b_row; /* floats between b[d] and b[d + 1] */
    float *c;
    size_t c_row;
};

/* Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019) over `count` parameters;
   the gradient is the sum of `parts` arrays in their order, each from its element `first` on. */
struct dime_adam {
    float learning_rate, beta1, beta2, epsilon, decay;
    float correction1, correction2; /* 1 / (1 - beta^step) */
    float gradient_scale;           /* multiplies the summed gradient */
    const float *const *gradients;
    uint32_t parts;
    size_t first;
};

/* struct dime_affine of a layer's outputs, spread into arrays of `count`; padded columns are 0. */
struct dime_affine_row {
    const int32_t *bias, *multiplier, *rounding, *shift;
};

/* What the normalisation of one row of outputs leaves for the next layer and for the backward pass. */
struct dime_row_sums {
    float sum, square; /* of the positive part of the row */
    int32_t largest;   /* 0 if no entry is positive */
};

struct dime_kernels {
    const char *name;
    void (*product)(const struct dime_product *product);
    void (*adam)(const struct dime_adam *adam, float *parameter, float *moment1, float *moment2,
                 uint32_t count);
    /* average += share * (value - average) */
    void (*blend)(float *average, const float *value, float share, uint32_t count);
    /* out[i] = the format's level for w[i] * inverse_unit[i] - offset[i] */
    void (*quantize)(enum dime_format_id format, const float *w, const float *inverse_unit,
                     const float *offset, uint32_t count, float *out);
    /* The affine step on a row of whole-numbered sums; affine NULL only converts. */
    void (*affine)(const struct dime_affine_row *affine, const float *sums, uint32_t count, int32_t *out);
    /* Positive part of a row, its sums and largest entry. */
    struct dime_row_sums (*rectify)(const int32_t *values, uint32_t count, float *out);
    /* Rounds half up after dividing by 2^shift, clamps to 0..top. */
    void (*shift_clamp)(const int32_t *values, uint32_t count, uint32_t shift, int32_t top, float *out);
    /* Sum of a[i] * b[i] and of a[i]. */
    void (*dot_and_sum)(const float *a, const float *b, uint32_t count, float *dot, float *sum);
};

/* The fastest variant for this processor; DIME_KERNELS=generic|avx2|avx512 in the environment chooses another
   one that it can run. */
const struct dime_kernels *dime_kernels_get(void);
/* Variant by number, 0 the generic one; NULL when there is none or this processor cannot run it. */
const struct dime_kernels *dime_kernels_variant(uint32_t index);

/* The plain triple loop, oracle for the products above. */
void dime_product_naive(const struct dime_product *product);

#endif
