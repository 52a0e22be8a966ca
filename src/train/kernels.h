/* SPDX-License-Identifier: MIT */
/* The loops in which training spends its time, once for each instruction set, chosen at run time. All
   variants that have a fused multiply-add give the same bits: vectors run over independent outputs, never
   over a sum. */
#ifndef DIME_TRAIN_KERNELS_H
#define DIME_TRAIN_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/processor.h"
#include "model/config.h"
#include "model/formats.h"

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

/* The same of whole numbers from -128 to 127 where every sum stays below 2^24, so that no variant rounds:
   c[r][j] = sum over d of a[r][d] * b(d, j), with b(d, j) + 128 at b[(d / 4 * columns + j) * 4 + d % 4]. */
struct dime_whole_product {
    uint32_t rows, columns, depth; /* rows: at most DIME_WHOLE_ROWS; columns: a multiple of DIME_LANES */
    const float *a;
    size_t a_row;
    const uint8_t *b; /* of depth rounded up to a multiple of 4 */
    int8_t *bytes;    /* scratch: rows x dime_whole_bytes(depth) */
    float *c;
    size_t c_row;
};
#define DIME_WHOLE_ROWS 48u
static inline size_t dime_whole_bytes(uint32_t depth) {
    return (depth + 63) / 64 * (size_t)64;
}

/* Gradient of weights whose inputs are whole numbers: c[k][m] = sum over n of a[n][k] * b[n][m], where b is
   rounded to 15 bits first: to whole multiples, nearest, halves to even, of 2^-13 of the power of two at or
   below its column's largest magnitude. The sums of whole numbers are exact. A column with NaN or an infinity
   gives NaN. */
struct dime_whole_gradient {
    uint32_t rows, columns, depth; /* K, a multiple of DIME_LANES, N: at most DIME_WHOLE_ROWS */
    const float *a;                /* whole numbers from -128 to 127, a_row floats a row */
    size_t a_row;                  /* a multiple of DIME_LANES, K or more */
    const float *b;                /* N x columns */
    int32_t *a_pairs, *b_pairs;    /* scratch: (N + 1) / 2 rows of a_row, of columns */
    float *unit;                   /* scratch: columns */
    float *c;                      /* K x columns */
};

/* Adam (Kingma and Ba 2015) with decoupled weight decay (Loshchilov and Hutter 2019) over `rows` x `padded`
   parameters. What else moves with a parameter is done on the way. */
struct dime_adam {
    float learning_rate, beta1, beta2, epsilon, decay;
    float correction1, correction2; /* 1 / (1 - beta^step) */
    float gradient_scale;           /* multiplies the gradient */
    const float *gradient;          /* rows x padded */
    uint32_t rows, padded;          /* padded: a multiple of DIME_LANES */
    float *average;                 /* moving average: += average_share * (parameter - average); NULL: none */
    float average_share;
    float *magnitude; /* padded: receives the sum of |parameter| over the rows; NULL: not wanted */
};

/* d loss / d log(scale) of each output's weights, the scale being learned (LSQ, Esser and others 2020): the
   sum over `rows` inputs of gradient * (level * step - weight), without the weight where it is clipped. */
struct dime_scale_slope {
    float gradient_scale;
    const float *gradient;                     /* rows x padded, as for Adam */
    uint32_t rows, padded;                     /* padded: a multiple of DIME_LANES */
    const float *weight, *level;               /* rows x padded, of the step's forward pass */
    const float *step, *inverse_unit, *offset; /* padded each: struct dime_weight_scale */
    float low, high;                           /* what is not clipped: struct dime_level_range */
    float *slope;                              /* padded */
};

/* struct dime_affine of a layer's outputs, spread into arrays of `count`; padded columns are 0. */
struct dime_affine_row {
    const int32_t *bias, *multiplier, *rounding, *shift;
};

/* RMS, Lin or LayerNorm of a layer's outputs for the images of a chunk: the engine's ShiftNorm in integers,
   and beside it the real scale of each image. N rows; every row has `padded` floats, those from `outputs` on
   are 0. */
struct dime_norm_rows {
    uint32_t rows, outputs, padded;
    enum dime_norm norm;
    int quantized;
    uint32_t activation_bits;
    const struct dime_affine_row *affine; /* NULL: none */
    const float *sums;                    /* N x padded */
    float *positive;                      /* N x padded: max(0, sum after affine) */
    float *next;                          /* the next layer's input: integer activations */
    size_t next_row;
    float *inverse;     /* N: 1 / size of the row `positive` */
    float *centre;      /* N: its mean (LayerNorm), else 0 */
    float *unscale;     /* N: 2^-shift */
    float *input_scale; /* N: real size of one unit of `next` */
    float *highest;     /* padded: largest entries of `positive` over the rows */
    uint32_t active;    /* entries of `next` above 0, counted before LayerNorm's centring */
};

/* Backwards through the same. In: d loss / d next layer's integer input; out: d loss / d (sum after affine).
   With r the positive part, u = r / size, x the integer activation and x * 2^shift / size its real value:
   RMS:       dr = (g - u mean(g u)) / 2^shift
   Lin:       dr = (g - mean(g u)) / 2^shift
   LayerNorm: dr = (g - mean(g) - u mean(g u)) / 2^shift, with u = (r - mean) / deviation */
struct dime_norm_gradient {
    uint32_t rows, outputs, padded;
    enum dime_norm norm;
    const float *positive, *inverse, *centre, *unscale;
    float *gradient; /* N x padded, in place */
};

/* Batch normalisation over the images of a chunk. z = sum * sum_scale is the real sum. */
struct dime_batch_norm {
    uint32_t rows, outputs, padded;
    int last, quantized;
    int32_t top;                            /* largest activation */
    const float *sum_scale, *gain, *offset; /* padded */
    float *mean, *variance;                 /* padded: of z, taken from the rows */
    float *inverse_deviation;               /* padded */
    const struct dime_affine_row *affine;   /* the folded integers, quantized only */
    const float *sums;
    float *positive; /* N x padded: gain * (z - mean) / deviation + offset */
    float *next;     /* NULL in the last layer */
    size_t next_row;
    float unit; /* real size of one unit of `next` */
    float *highest;
    uint32_t active;

    float range;     /* reals above it are clamped: no gradient; INFINITY without quantization */
    float *gradient; /* in: d loss / d integer input of the next layer, or d logit; out: d loss / d z */
    float *gain_gradient, *offset_gradient; /* padded */
};

/* Softmax and cross-entropy of the last layer's rows. */
struct dime_score_rows {
    uint32_t rows, classes, padded;
    int quantized;
    const struct dime_affine_row *affine; /* NULL: none */
    const float *sums;                    /* N x padded */
    float *real;       /* N x padded: real logits; without quantization given, else made here */
    int32_t *logits;   /* N x padded, quantized only */
    const float *unit; /* N: real size of one unit of the logits, quantized only */
    const uint8_t *labels;
    float *probability; /* N x padded: softmax of `real`; NULL: not wanted */
    uint8_t *predictions;
    uint32_t correct;
    double loss; /* summed over rows, nats */
};

struct dime_kernels {
    const char *name;
    void (*product)(const struct dime_product *product);
    /* NULL in variants without dot products of bytes; dime_product does it there */
    void (*whole_product)(const struct dime_whole_product *product);
    /* b of a whole product from rows first .. last - 1 of values, depth x columns floats; first: a multiple
     * of 4 */
    void (*pack)(const float *values, uint32_t columns, uint32_t first, uint32_t last, uint8_t *b);
    void (*whole_gradient)(const struct dime_whole_gradient *product);
    /* to[i] = parts[0][first + i] + parts[1][first + i] + ..., in this order; count: a multiple of DIME_LANES
     */
    void (*sum)(const float *const *parts, uint32_t part_count, size_t first, size_t count, float *to);
    void (*adam)(const struct dime_adam *adam, float *parameter, float *moment1, float *moment2);
    void (*scale_slope)(const struct dime_scale_slope *slope);
    /* out[i] = the format's level for w[i] * inverse_unit[i] - offset[i] */
    void (*quantize)(enum dime_format_id format, const float *w, const float *inverse_unit,
                     const float *offset, uint32_t count, float *out);
    void (*norm)(struct dime_norm_rows *rows);
    void (*norm_gradient)(const struct dime_norm_gradient *rows);
    void (*batch_statistics)(const struct dime_batch_norm *norm); /* fills mean and variance */
    void (*batch_norm)(struct dime_batch_norm *norm);             /* fills inverse_deviation too */
    void (*batch_norm_gradient)(const struct dime_batch_norm *norm);
    void (*score)(struct dime_score_rows *rows);
    /* out[r][i] = a[r][i] * factor[i] */
    void (*scale_columns)(const float *a, const float *factor, uint32_t rows, uint32_t padded, float *out);
    /* to[m][k] = from[k][m] for `rows` k and `columns` m; *_row: floats between rows. */
    void (*transpose)(const float *from, size_t from_row, uint32_t rows, uint32_t columns, float *to,
                      size_t to_row);
    /* Integer activations of one picture as floats. */
    void (*widen)(const int8_t *from, uint32_t count, float *to);
};

/* The fastest variant for this processor; DIME_KERNELS=generic|avx2|avx512|avx512vnni in the environment
   chooses another one that it can run. */
const struct dime_kernels *dime_kernels_get(void);
/* Variant by number, 0 the generic one; NULL when there is none or this processor cannot run it. */
const struct dime_kernels *dime_kernels_variant(uint32_t index);

/* The plain triple loops, oracles for the products above. */
void dime_product_naive(const struct dime_product *product);
void dime_whole_gradient_naive(const struct dime_whole_gradient *product); /* leaves the scratch alone */

#endif
