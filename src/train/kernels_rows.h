/* SPDX-License-Identifier: MIT */
/* Part of every kernel variant: normalisation, activation and loss, a row of outputs for each image. */
#ifndef DIME_TRAIN_KERNELS_ROWS_H
#define DIME_TRAIN_KERNELS_ROWS_H

#include <math.h>

#include "base/lanes.h"

/* Smallest row size that normalisation divides by; a row of zeros stays a row of zeros. */
#define TINY_SIZE 1e-12f

/* ---- integer steps ---- */

/* Sixteen whole-numbered sums, or what the affine step makes of them. */
LANES_INLINE lanes_int affine_lanes(const struct dime_affine_row *affine, const float *sums, uint32_t i) {
    lanes_int sum = lanes_to_int(lanes_load(sums + i));
    if (!affine) return sum;
    sum = (sum + lanes_int_load(affine->bias + i)) * lanes_int_load(affine->multiplier + i);
    return (sum + lanes_int_load(affine->rounding + i)) >> lanes_int_load(affine->shift + i);
}

/* Positive values rounded half up after dividing by 2^shift, at most top. */
LANES_INLINE lanes_int shift_lanes(lanes_int positive, uint32_t shift, int32_t top) {
    lanes_unsigned rounded = (lanes_unsigned)(positive + lanes_int_all((int32_t)(UINT32_C(1) << shift >> 1)));
    return lanes_int_min((lanes_int)(rounded >> (lanes_unsigned)lanes_int_all((int32_t)shift)),
                         lanes_int_all(top));
}

static uint32_t shift_of(int32_t largest, uint32_t activation_bits) {
    uint32_t rest = (uint32_t)largest >> (activation_bits - 1);
    return rest ? 32 - (uint32_t)__builtin_clz(rest) : 0;
}

/* ---- RMS, Lin, LayerNorm ---- */

struct row_sums {
    float sum, square; /* of the positive part */
    int32_t largest;   /* 0 if no entry is positive */
};

/* The positive part of a row, its integers kept in `whole` (which may hold what it is made from no longer).
 */
LANES_INLINE struct row_sums rectify(const struct dime_norm_rows *rows, const float *sums, float *positive,
                                     float *whole) {
    lanes sum = lanes_all(0), square = sum;
    lanes_int largest = lanes_int_all(0);
    for (uint32_t i = 0; i < rows->padded; i += DIME_LANES) {
        lanes_int value = lanes_int_max(affine_lanes(rows->affine, sums, i), lanes_int_all(0));
        lanes real = lanes_from_int(value);
        largest = lanes_int_max(largest, value);
        sum += real;
        square += real * real;
        lanes_int_store(whole + i, value);
        lanes_store(positive + i, real);
        lanes_store(rows->highest + i, lanes_max(lanes_load(rows->highest + i), real));
    }
    return (struct row_sums){lanes_sum(sum), lanes_sum(square), lanes_int_largest(largest)};
}

LANES_INLINE struct row_sums rectify_real(const struct dime_norm_rows *rows, const float *sums,
                                          float *positive, float *next) {
    lanes sum = lanes_all(0), square = sum;
    for (uint32_t i = 0; i < rows->padded; i += DIME_LANES) {
        lanes real = lanes_max(lanes_load(sums + i), lanes_all(0));
        sum += real;
        square += real * real;
        lanes_store(positive + i, real);
        lanes_store(next + i, real);
        lanes_store(rows->highest + i, lanes_max(lanes_load(rows->highest + i), real));
    }
    return (struct row_sums){lanes_sum(sum), lanes_sum(square), 0};
}

LANES_INLINE void shift_row(const struct dime_norm_rows *rows, uint32_t shift, float *next) {
    int32_t top = (1 << (rows->activation_bits - 1)) - 1;
    for (uint32_t i = 0; i < rows->padded; i += DIME_LANES)
        lanes_store(next + i, lanes_from_int(shift_lanes(lanes_int_load(next + i), shift, top)));
}

static uint32_t count_active(const float *row, uint32_t padded) {
    lanes_int count = lanes_int_all(0);
    for (uint32_t i = 0; i < padded; i += DIME_LANES) count -= lanes_load(row + i) > lanes_all(0);
    return (uint32_t)lanes_int_sum(count);
}

/* Subtracts the mean: of integer activations the whole number nearest to it, halves up. */
static void centre_row(float *row, uint32_t outputs, int quantized) {
    float sum = 0; /* integers: whole numbers below 2^24, exact in any order */
    for (uint32_t m = 0; m < outputs; m++) sum += row[m];
    float mean = quantized ? (float)(((uint32_t)sum + outputs / 2) / outputs) : sum / (float)outputs;
    for (uint32_t m = 0; m < outputs; m++) row[m] -= mean;
}

/* 1 / size of a row. */
static float inverse_size(enum dime_norm norm, const struct row_sums *sums, uint32_t outputs) {
    float count = (float)outputs, mean = sums->sum / count, square = sums->square / count;
    float size = norm == DIME_NORM_LIN     ? mean
                 : norm == DIME_NORM_LAYER ? sqrtf(fmaxf(square - mean * mean, 0))
                                           : sqrtf(square);
    return size > TINY_SIZE ? 1.0f / size : 0;
}

static float power_of_two(int32_t exponent) {
    union {
        uint32_t bits;
        float value;
    } power = {(uint32_t)(127 + exponent) << 23};
    return power.value;
}

static void norm(struct dime_norm_rows *rows) {
    rows->active = 0;
    for (uint32_t i = 0; i < rows->padded; i += DIME_LANES) lanes_store(rows->highest + i, lanes_all(0));
    for (uint32_t n = 0; n < rows->rows; n++) {
        const float *sums = rows->sums + (size_t)n * rows->padded;
        float *positive = rows->positive + (size_t)n * rows->padded, *next = rows->next + n * rows->next_row;
        uint32_t shift = 0;
        struct row_sums row;
        if (rows->quantized) {
            row = rectify(rows, sums, positive, next);
            shift = shift_of(row.largest, rows->activation_bits);
            shift_row(rows, shift, next);
        } else {
            row = rectify_real(rows, sums, positive, next);
        }
        rows->active += count_active(next, rows->padded);
        if (rows->norm == DIME_NORM_LAYER) centre_row(next, rows->outputs, rows->quantized);
        rows->inverse[n] = inverse_size(rows->norm, &row, rows->outputs);
        rows->centre[n] = rows->norm == DIME_NORM_LAYER ? row.sum / (float)rows->outputs : 0;
        rows->unscale[n] = power_of_two(-(int32_t)shift);
        rows->input_scale[n] = rows->inverse[n] * power_of_two((int32_t)shift);
    }
}

/* dr = (g - level - r slope) * unscale where r is positive. */
LANES_INLINE void norm_gradient_row(const struct dime_norm_gradient *rows, uint32_t n) {
    float *gradient = rows->gradient + (size_t)n * rows->padded;
    const float *positive = rows->positive + (size_t)n * rows->padded;
    lanes dots = lanes_all(0), sums = dots;
    for (uint32_t i = 0; i < rows->padded; i += DIME_LANES) {
        lanes g = lanes_load(gradient + i);
        dots += g * lanes_load(positive + i);
        sums += g;
    }
    float dot = lanes_sum(dots), sum = lanes_sum(sums), count = (float)rows->outputs;
    float inverse = rows->inverse[n], centre = rows->centre[n];
    float mean = (dot - centre * sum) * inverse / count, slope = mean * inverse, level = mean;
    if (rows->norm == DIME_NORM_LIN) slope = 0;
    if (rows->norm == DIME_NORM_RMS) level = 0;
    if (rows->norm == DIME_NORM_LAYER) level = sum / count - centre * slope;
    for (uint32_t i = 0; i < rows->padded; i += DIME_LANES) {
        lanes r = lanes_load(positive + i);
        lanes through = ((lanes_load(gradient + i) - lanes_all(level)) - r * lanes_all(slope)) *
                        lanes_all(rows->unscale[n]);
        lanes_store(gradient + i, lanes_where(r > lanes_all(0), through));
    }
}

static void norm_gradient(const struct dime_norm_gradient *rows) {
    for (uint32_t n = 0; n < rows->rows; n++) norm_gradient_row(rows, n);
}

/* ---- batch normalisation ---- */

static void batch_statistics(const struct dime_batch_norm *norm) {
    float share = 1 / (float)norm->rows;
    for (uint32_t i = 0; i < norm->padded; i += DIME_LANES) {
        const float *sums = norm->sums + i;
        lanes mean = lanes_all(0), variance = mean, scale = lanes_load(norm->sum_scale + i);
        for (uint32_t n = 0; n < norm->rows; n++) mean += lanes_load(sums + (size_t)n * norm->padded);
        mean /= lanes_all((float)norm->rows);
        for (uint32_t n = 0; n < norm->rows; n++) {
            lanes difference = lanes_load(sums + (size_t)n * norm->padded) - mean;
            variance += difference * difference;
        }
        lanes_store(norm->mean + i, mean * scale);
        lanes_store(norm->variance + i, variance * (scale * scale * lanes_all(share)));
    }
}

static void invert_deviation(const struct dime_batch_norm *norm) {
    for (uint32_t m = 0; m < norm->padded; m++)
        norm->inverse_deviation[m] = 1.0f / sqrtf(norm->variance[m] + 1e-5f); /* DIME_BATCHNORM_EPSILON */
}

LANES_INLINE lanes next_activation(const struct dime_batch_norm *norm, const float *sums, lanes real,
                                   uint32_t i) {
    if (!norm->quantized) return lanes_max(real, lanes_all(0)) / lanes_all(norm->unit);
    lanes_int value = lanes_int_max(affine_lanes(norm->affine, sums, i), lanes_int_all(0));
    return lanes_from_int(lanes_int_min(value, lanes_int_all(norm->top)));
}

LANES_INLINE void batch_norm_row(struct dime_batch_norm *norm, uint32_t n) {
    const float *sums = norm->sums + (size_t)n * norm->padded;
    float *positive = norm->positive + (size_t)n * norm->padded;
    for (uint32_t i = 0; i < norm->padded; i += DIME_LANES) {
        lanes z = lanes_load(sums + i) * lanes_load(norm->sum_scale + i);
        lanes normal = (z - lanes_load(norm->mean + i)) * lanes_load(norm->inverse_deviation + i);
        lanes real = normal * lanes_load(norm->gain + i) + lanes_load(norm->offset + i);
        lanes_store(positive + i, real);
        if (!norm->next) continue;
        lanes_store(norm->highest + i, lanes_max(lanes_load(norm->highest + i), real));
        lanes_store(norm->next + n * norm->next_row + i, next_activation(norm, sums, real, i));
    }
}

static void batch_norm(struct dime_batch_norm *norm) {
    norm->active = 0;
    invert_deviation(norm);
    for (uint32_t i = 0; i < norm->padded; i += DIME_LANES) lanes_store(norm->highest + i, lanes_all(0));
    for (uint32_t n = 0; n < norm->rows; n++) {
        batch_norm_row(norm, n);
        if (norm->next) norm->active += count_active(norm->next + n * norm->next_row, norm->padded);
    }
}

/* Through clamp and quantization, and the gradients of gain and offset, of sixteen outputs. */
LANES_INLINE void activation_gradient(const struct dime_batch_norm *norm, uint32_t i) {
    lanes scale = lanes_load(norm->sum_scale + i), mean = lanes_load(norm->mean + i);
    lanes inverse = lanes_load(norm->inverse_deviation + i),
          per_unit = lanes_all(norm->last ? 1 : 1 / norm->unit);
    lanes of_gain = lanes_all(0), of_offset = of_gain;
    for (uint32_t n = 0; n < norm->rows; n++) {
        size_t at = (size_t)n * norm->padded + i;
        lanes real = lanes_load(norm->positive + at), gradient = lanes_load(norm->gradient + at) * per_unit;
        if (!norm->last)
            gradient = lanes_where((real > lanes_all(0)) & (real < lanes_all(norm->range)), gradient);
        of_offset += gradient;
        of_gain += gradient * (lanes_load(norm->sums + at) * scale - mean) * inverse;
        lanes_store(norm->gradient + at, gradient);
    }
    lanes_store(norm->gain_gradient + i, of_gain);
    lanes_store(norm->offset_gradient + i, of_offset);
}

/* From d loss / d normalised output to d loss / d z, mean and deviation being functions of z. */
LANES_INLINE void statistics_gradient(const struct dime_batch_norm *norm, uint32_t i) {
    lanes scale = lanes_load(norm->sum_scale + i), mean = lanes_load(norm->mean + i);
    lanes inverse = lanes_load(norm->inverse_deviation + i), share = lanes_all(1 / (float)norm->rows);
    lanes factor = lanes_load(norm->gain + i) * inverse;
    lanes of_gain = lanes_load(norm->gain_gradient + i), of_offset = lanes_load(norm->offset_gradient + i);
    for (uint32_t n = 0; n < norm->rows; n++) {
        size_t at = (size_t)n * norm->padded + i;
        lanes normal = (lanes_load(norm->sums + at) * scale - mean) * inverse;
        lanes centred = lanes_load(norm->gradient + at) - share * (of_offset + normal * of_gain);
        lanes_store(norm->gradient + at, centred * factor);
    }
}

static void batch_norm_gradient(const struct dime_batch_norm *norm) {
    for (uint32_t i = 0; i < norm->padded; i += DIME_LANES) {
        activation_gradient(norm, i);
        statistics_gradient(norm, i);
    }
}

/* ---- loss ---- */

LANES_INLINE void make_logits(const struct dime_score_rows *rows, uint32_t n) {
    const float *sums = rows->sums + (size_t)n * rows->padded;
    for (uint32_t i = 0; i < rows->padded; i += DIME_LANES) {
        lanes_int logit = affine_lanes(rows->affine, sums, i);
        lanes_int_store(rows->logits + (size_t)n * rows->padded + i, logit);
        lanes_store(rows->real + (size_t)n * rows->padded + i,
                    lanes_from_int(logit) * lanes_all(rows->unit[n]));
    }
}

static uint32_t best_whole(const int32_t *logits, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t m = 1; m < count; m++) best = logits[m] > logits[best] ? m : best;
    return best;
}

static uint32_t best_real(const float *logits, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t m = 1; m < count; m++) best = logits[m] > logits[best] ? m : best;
    return best;
}

/* e^(real - top) of each class into `out`, 0 beyond the classes; returns their sum. */
LANES_INLINE float exponentials(const float *real, uint32_t classes, uint32_t padded, float top, float *out) {
    lanes sum = lanes_all(0);
    for (uint32_t i = 0; i < padded; i += DIME_LANES) {
        lanes_int within = lanes_index() + lanes_int_all((int32_t)i) < lanes_int_all((int32_t)classes);
        lanes power = lanes_where(within, lanes_exp(lanes_load(real + i) - lanes_all(top)));
        sum += power;
        if (out) lanes_store(out + i, power);
    }
    return lanes_sum(sum);
}

static void score_row(struct dime_score_rows *rows, uint32_t n) {
    size_t start = (size_t)n * rows->padded;
    const float *real = rows->real + start;
    if (rows->quantized) make_logits(rows, n);
    uint32_t strongest = best_real(real, rows->classes);
    uint32_t best = rows->quantized ? best_whole(rows->logits + start, rows->classes) : strongest;
    float *probability = rows->probability ? rows->probability + start : NULL;
    float sum = exponentials(real, rows->classes, rows->padded, real[strongest], probability);
    rows->loss += log((double)sum) - ((double)real[rows->labels[n]] - real[strongest]);
    rows->predictions[n] = (uint8_t)best;
    rows->correct += best == rows->labels[n];
    for (uint32_t i = 0; probability && i < rows->padded; i += DIME_LANES)
        lanes_store(probability + i, lanes_load(probability + i) / lanes_all(sum));
}

static void score(struct dime_score_rows *rows) {
    rows->loss = 0;
    rows->correct = 0;
    for (uint32_t n = 0; n < rows->rows; n++) score_row(rows, n);
}

/* ---- smaller ones ---- */

static void scale_columns(const float *a, const float *factor, uint32_t rows, uint32_t padded, float *out) {
    for (uint32_t i = 0; i < padded; i += DIME_LANES) {
        lanes column = lanes_load(factor + i);
        for (uint32_t r = 0; r < rows; r++)
            lanes_store(out + (size_t)r * padded + i, lanes_load(a + (size_t)r * padded + i) * column);
    }
}

static void widen(const int8_t *from, uint32_t count, float *restrict to) {
    for (uint32_t k = 0; k < count; k++) to[k] = from[k];
}

#endif
