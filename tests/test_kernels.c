/* SPDX-License-Identifier: MIT */
/* Every kernel variant that this processor runs, against the plain loops and against the other variants. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "train/kernels.h"

#define VARIANTS DIME_INSTRUCTIONS_COUNT

static struct dime_random generator = {77};

static float *random_floats(size_t count, float size) {
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = dime_random_range(&generator, -size, size);
    return values;
}

/* Whole numbers: every product and sum is exact, so all variants must agree with the plain loop to the bit.
 */
static float *random_whole(size_t count, uint32_t size) {
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)dime_random_below(&generator, 2 * size + 1) - (float)size;
    return values;
}

static void check_product(const struct dime_kernels *kernels, uint32_t rows, uint32_t columns, uint32_t depth,
                          int transposed) {
    float *a = random_whole((size_t)rows * depth, 127), *b = random_whole((size_t)depth * columns, 15);
    float *c = calloc((size_t)rows * columns, sizeof *c),
          *expected = calloc((size_t)rows * columns, sizeof *c);
    struct dime_product product = {.rows = rows,
                                   .columns = columns,
                                   .depth = depth,
                                   .a = a,
                                   .a_row = transposed ? 1 : depth,
                                   .a_depth = transposed ? rows : 1,
                                   .b = b,
                                   .b_row = columns,
                                   .c = c,
                                   .c_row = columns};
    kernels->product(&product);
    product.c = expected;
    dime_product_naive(&product);
    assert_memory_equal(c, expected, (size_t)rows * columns * sizeof *c);
    free(a);
    free(b);
    free(c);
    free(expected);
}

static void test_products(void **state) {
    (void)state;
    for (uint32_t v = 0; v < VARIANTS; v++) {
        const struct dime_kernels *kernels = dime_kernels_variant(v);
        if (!kernels) continue;
        for (uint32_t rows = 1; rows <= 19; rows++)
            for (uint32_t columns = 16; columns <= 80; columns += 16)
                check_product(kernels, rows, columns, 1 + dime_random_below(&generator, 40), rows & 1);
        check_product(kernels, 32, 64, 256, 0);
        check_product(kernels, 256, 64, 32, 1);
    }
}

/* Weight values of every byte but 128, activations of every signed byte but -128; sums pass 2^31 on their
 * way. */
static void check_whole_product(const struct dime_kernels *kernels, uint32_t rows, uint32_t columns,
                                uint32_t depth) {
    float *a = random_whole((size_t)rows * depth, 127), *b = random_whole((size_t)depth * columns, 127);
    float *c = calloc((size_t)rows * columns, sizeof *c),
          *expected = calloc((size_t)rows * columns, sizeof *c);
    uint8_t *packed = malloc((size_t)(depth + 3) / 4 * 4 * columns);
    int8_t *bytes = malloc(rows * dime_whole_bytes(depth));
    uint32_t middle = depth / 8 * 4;
    b[0] = -128;
    kernels->pack(b, columns, 0, middle, packed);
    kernels->pack(b, columns, middle, depth, packed);
    kernels->whole_product(
        &(struct dime_whole_product){rows, columns, depth, a, depth, packed, bytes, c, columns});
    dime_product_naive(
        &(struct dime_product){rows, columns, depth, a, depth, 1, b, columns, expected, columns});
    assert_memory_equal(c, expected, (size_t)rows * columns * sizeof *c);
    free(a);
    free(b);
    free(c);
    free(expected);
    free(packed);
    free(bytes);
}

/* Columns of very different sizes, one of zeros, one with a gradient that rounds up to the next power of two.
 */
static void check_whole_gradient(const struct dime_kernels *kernels, uint32_t rows, uint32_t columns,
                                 uint32_t depth) {
    uint32_t wide = dime_pad(rows), pairs = (depth + 1) / 2;
    size_t count = (size_t)rows * columns;
    float *a = random_whole((size_t)wide * depth, 127), *b = random_floats((size_t)depth * columns, 1);
    float *c = calloc(count, sizeof *c), *expected = calloc(count, sizeof *c);
    float *exact = calloc(count, sizeof *c), *unit = calloc(columns, sizeof *unit);
    int32_t *a_pairs = malloc((size_t)pairs * wide * sizeof *a_pairs);
    int32_t *b_pairs = malloc((size_t)pairs * columns * sizeof *b_pairs);
    for (uint32_t n = 0; n < depth; n++)
        for (uint32_t m = 0; m < columns; m++) b[n * columns + m] *= m == 3 ? 0 : ldexpf(1, -7 * (int)m / 4);
    for (uint32_t k = 0; k < rows; k++) a[k] = -128;
    b[5] = 1.9999999f;
    struct dime_whole_gradient product = {rows, columns, depth, a, wide, b, a_pairs, b_pairs, unit, c};
    kernels->whole_gradient(&product);
    product.c = expected;
    dime_whole_gradient_naive(&product);
    assert_memory_equal(c, expected, count * sizeof *c);
    dime_product_naive(&(struct dime_product){rows, columns, depth, a, 1, wide, b, columns, exact, columns});
    for (size_t i = 0; i < count; i++) /* half a unit an image, and what the loop of floats rounds */
        assert_float_equal(c[i], exact[i], (float)depth * 128 * (0.5f + 0.01f) * unit[i % columns]);
    free(a);
    free(b);
    free(c);
    free(expected);
    free(exact);
    free(unit);
    free(a_pairs);
    free(b_pairs);
}

static void test_whole_gradients(void **state) {
    (void)state;
    for (uint32_t v = 0; v < VARIANTS; v++) {
        const struct dime_kernels *kernels = dime_kernels_variant(v);
        if (!kernels) continue;
        for (uint32_t rows = 1; rows <= 19; rows++)
            for (uint32_t columns = 16; columns <= 80; columns += 16)
                check_whole_gradient(kernels, rows, columns, 1 + dime_random_below(&generator, 48));
        check_whole_gradient(kernels, 256, 64, 32);
    }
}

/* Divergence has to be seen. */
static void test_whole_gradients_not_finite(void **state) {
    (void)state;
    enum { ROWS = 5, COLUMNS = 16, DEPTH = 3 };
    static const float endless[] = {NAN, INFINITY, -INFINITY};
    float a[DEPTH * DIME_LANES] = {0}, b[DEPTH * COLUMNS], c[ROWS * COLUMNS], unit[COLUMNS];
    int32_t a_pairs[2 * DIME_LANES], b_pairs[2 * COLUMNS];
    struct dime_whole_gradient product = {ROWS, COLUMNS, DEPTH, a, DIME_LANES, b, a_pairs, b_pairs, unit, c};
    for (uint32_t n = 0; n < DEPTH; n++)
        for (uint32_t k = 1; k < ROWS; k++) a[n * DIME_LANES + k] = (float)k;
    for (uint32_t i = 0; i < DEPTH * COLUMNS; i++) b[i] = 1;
    for (uint32_t n = 0; n < DEPTH; n++) b[n * COLUMNS + n] = endless[n];
    for (uint32_t v = 0; v <= VARIANTS; v++) { /* the last one: the naive way */
        const struct dime_kernels *kernels = v < VARIANTS ? dime_kernels_variant(v) : NULL;
        if (v < VARIANTS && !kernels) continue;
        memset(c, 0, sizeof c);
        (kernels ? kernels->whole_gradient : dime_whole_gradient_naive)(&product);
        for (uint32_t k = 0; k < ROWS; k++)
            for (uint32_t m = 0; m < COLUMNS; m++)
                assert_true(m < DEPTH ? isnan(c[k * COLUMNS + m]) : c[k * COLUMNS + m] == (float)(DEPTH * k));
    }
}

static void test_whole_products(void **state) {
    (void)state;
    for (uint32_t v = 0; v < VARIANTS; v++) {
        const struct dime_kernels *kernels = dime_kernels_variant(v);
        if (!kernels || !kernels->whole_product) continue;
        for (uint32_t rows = 1; rows <= 19; rows++)
            for (uint32_t columns = 16; columns <= 80; columns += 16)
                check_whole_product(kernels, rows, columns, 1 + dime_random_below(&generator, 70));
        check_whole_product(kernels, DIME_WHOLE_ROWS, 64, 256);
    }
}

static void adam_reference(const struct dime_adam *adam, double *parameter, double *m, double *v,
                           double gradient) {
    double g = gradient * adam->gradient_scale;
    *m = adam->beta1 * *m + (1 - adam->beta1) * g;
    *v = adam->beta2 * *v + (1 - adam->beta2) * g * g;
    double step = *m * adam->correction1 / (sqrt(*v * adam->correction2) + adam->epsilon);
    *parameter -= adam->learning_rate * (adam->decay * *parameter + step);
}

/* Adam's formulas in double, several steps, parts of a gradient added up. */
static void test_adam(void **state) {
    (void)state;
    enum { COUNT = 320, PARTS = 3, STEPS = 5 };
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        if (!kernels) continue;
        float *parameter = random_floats(COUNT, 1), m[COUNT] = {0}, v[COUNT] = {0};
        float average[COUNT] = {0}, magnitude[32], gradient[COUNT];
        double exact[COUNT], exact_m[COUNT] = {0}, exact_v[COUNT] = {0}, exact_average[COUNT] = {0};
        for (uint32_t i = 0; i < COUNT; i++) exact[i] = parameter[i];
        for (uint32_t step = 1; step <= STEPS; step++) {
            float *gradients[PARTS];
            for (uint32_t p = 0; p < PARTS; p++) gradients[p] = random_floats(COUNT + 4, 1);
            struct dime_adam adam = {.learning_rate = 0.01f,
                                     .beta1 = 0.9f,
                                     .beta2 = 0.999f,
                                     .epsilon = 1e-8f,
                                     .decay = 0.1f,
                                     .correction1 = (float)(1 / (1 - pow(0.9, step))),
                                     .correction2 = (float)(1 / (1 - pow(0.999, step))),
                                     .gradient_scale = 0.5f,
                                     .gradient = gradient,
                                     .rows = COUNT / 32,
                                     .padded = 32,
                                     .average = average,
                                     .average_share = 0.25f,
                                     .magnitude = magnitude};
            kernels->sum((const float *const *)gradients, PARTS, 4, COUNT, gradient);
            kernels->adam(&adam, parameter, m, v);
            double sum[32] = {0};
            for (uint32_t i = 0; i < COUNT; i++) {
                adam_reference(&adam, &exact[i], &exact_m[i], &exact_v[i],
                               (double)gradients[0][i + 4] + gradients[1][i + 4] + gradients[2][i + 4]);
                exact_average[i] += 0.25 * (exact[i] - exact_average[i]);
                sum[i % 32] += fabs(exact[i]);
            }
            for (uint32_t i = 0; i < 32; i++) assert_float_equal(magnitude[i], sum[i], 1e-4);
            for (uint32_t p = 0; p < PARTS; p++) free(gradients[p]);
        }
        for (uint32_t i = 0; i < COUNT; i++) assert_float_equal(parameter[i], exact[i], 1e-5);
        for (uint32_t i = 0; i < COUNT; i++) assert_float_equal(average[i], exact_average[i], 1e-5);
        free(parameter);
    }
}

/* Parameters of 0 that Adam moves by exactly a / (sqrt(v) + epsilon), where the C compiler's own square root
   and quotient, rounded correctly, say what must come out, to the bit. */
static void check_quotients(const struct dime_kernels *kernels, uint32_t count, float epsilon, float *a,
                            float *v, const float *zeros) {
    float *moved = calloc(count, sizeof *moved), *expected = malloc(count * sizeof *expected);
    struct dime_adam adam = {.learning_rate = 1,
                             .beta1 = 1,
                             .beta2 = 1,
                             .epsilon = epsilon,
                             .correction1 = 1,
                             .correction2 = 1,
                             .gradient = zeros,
                             .rows = count / DIME_LANES,
                             .padded = DIME_LANES};
    for (uint32_t i = 0; i < count; i++) expected[i] = 0 - a[i] / (sqrtf(v[i]) + epsilon);
    kernels->adam(&adam, moved, a, v);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t bits, expected_bits;
        memcpy(&bits, &moved[i], sizeof bits);
        memcpy(&expected_bits, &expected[i], sizeof expected_bits);
        if (bits == expected_bits) continue;
        fail_msg("%s: %a / (sqrt(%a) + %a) is %a, not %a", kernels->name, (double)a[i], (double)v[i],
                 (double)epsilon, (double)-moved[i], (double)-expected[i]);
    }
    free(moved);
    free(expected);
}

/* Moments below the normal numbers become zero, and no others: those of a dead unit's weights would stay
   there for good, where every step is many times slower. NaN must stay, so that divergence is seen. */
static void test_adam_drops_subnormal_moments(void **state) {
    (void)state;
    const float given[DIME_LANES] = {
        0,  FLT_MIN / 2, -FLT_MIN / 2, FLT_MIN,   -FLT_MIN, 1e-44f,      -1e-45f,         1,
        -1, FLT_MAX,     INFINITY,     -INFINITY, NAN,      FLT_MIN * 2, -FLT_MIN * 1.5f, 1e-20f};
    const float zeros[DIME_LANES] = {0};
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        float moved[DIME_LANES] = {0}, first[DIME_LANES], second[DIME_LANES];
        if (!kernels) continue;
        memcpy(first, given, sizeof given);
        for (uint32_t i = 0; i < DIME_LANES; i++) second[i] = fabsf(given[i]);
        struct dime_adam adam = {
            .beta1 = 1, .beta2 = 1, .epsilon = 1, .gradient = zeros, .rows = 1, .padded = DIME_LANES};
        kernels->adam(&adam, moved, first, second);
        for (uint32_t i = 0; i < DIME_LANES; i++) {
            float kept = fabsf(given[i]) < FLT_MIN ? 0 : given[i];
            if (isnan(kept)) {
                assert_true(isnan(first[i]) && isnan(second[i]));
                continue;
            }
            assert_true(first[i] == kept && second[i] == fabsf(kept));
        }
    }
}

static float from_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Adam's quotients are made of estimates and corrections: all mantissas of two binades under the root, which
   give all mantissas of the root; numerators of all mantissas over the roots that are hardest to invert; and
   numbers of all sizes, zeros and denormal ones among them. */
static void test_adam_rounds_correctly(void **state) {
    (void)state;
    enum { RUN = 1 << 16 };
    const uint32_t one = UINT32_C(127) << 23, hard[] = {0x3FFFFFFF, 0x3FFFFFFE, 0x3F800001, 0x3FB504F3};
    float *a = malloc(RUN * sizeof *a), *v = malloc(RUN * sizeof *v), *zeros = calloc(RUN, sizeof *zeros);
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        uint32_t skip =
            kernels && strncmp(kernels->name, "avx512", 6) == 0 ? 1 : 16; /* others: no estimates */
        if (!kernels) continue;
        for (uint32_t run = 0; run < (2u << 23) / RUN; run += skip) {
            for (uint32_t i = 0; i < RUN; i++) a[i] = 1, v[i] = from_bits(one + run * RUN + i);
            check_quotients(kernels, RUN, 0, a, v, zeros);
            for (uint32_t i = 0; i < RUN; i++)
                a[i] = from_bits(one + dime_random_below(&generator, 1u << 23));
            check_quotients(kernels, RUN, 0, a, v, zeros);
        }
        for (uint32_t run = 0; run < 4 * (1u << 23) / RUN; run += skip) {
            float root = from_bits(hard[run % 4]);
            for (uint32_t i = 0; i < RUN; i++)
                a[i] = from_bits(one + run / 4 * RUN + i), v[i] = 0x1p-98f; /* epsilon is all of the root */
            check_quotients(kernels, RUN, root, a, v, zeros);
        }
        for (uint32_t run = 0; run < 64; run += skip) {
            for (uint32_t i = 0; i < RUN; i++) {
                uint32_t bits = (uint32_t)dime_random_below(&generator, 0x7F800000);
                a[i] = from_bits(bits | (i & 1) << 31),
                v[i] = from_bits(dime_random_below(&generator, 0x7F800000));
                if (run % 4 == 3 && i % 64 == 0) a[i] = v[i] = 0;
            }
            check_quotients(kernels, RUN, run & 1 ? 1e-8f : 1, a, v, zeros);
        }
    }
    free(a);
    free(v);
    free(zeros);
}

/* d loss / d log(scale) in double, clipped weights and padding among them. */
static void test_scale_slope(void **state) {
    (void)state;
    enum { ROWS_OF = 21, PADDED = 32, COUNT = ROWS_OF * PADDED };
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        if (!kernels) continue;
        float *weight = random_floats(COUNT, 1), *level = random_floats(COUNT, 7), slope[PADDED];
        float *gradient = random_floats(COUNT, 1);
        float *inverse = random_floats(PADDED, 2), *step = random_floats(PADDED, 0.2f);
        float *offset = random_floats(PADDED, 0.1f);
        kernels->scale_slope(&(struct dime_scale_slope){0.5f, gradient, ROWS_OF, PADDED, weight, level, step,
                                                        inverse, offset, -0.75f, 0.5f, slope});
        for (uint32_t m = 0; m < PADDED; m++) {
            double expected = 0;
            for (uint32_t i = m; i < COUNT; i += PADDED) {
                float scaled = weight[i] * inverse[m] - offset[m];
                int rounded = scaled >= -0.75f && scaled <= 0.5f;
                expected += 0.5 * gradient[i] * ((double)level[i] * step[m] - (rounded ? weight[i] : 0));
            }
            assert_float_equal(slope[m], expected, 1e-4);
        }
        float *all[] = {weight, level, gradient, inverse, step, offset};
        for (uint32_t i = 0; i < 6; i++) free(all[i]);
    }
}

/* Rows of a layer with `outputs` outputs and everything that the row kernels read and write. */
enum { ROWS = 9, WIDE = 80 };
struct rows {
    float sums[ROWS * WIDE], positive[ROWS * WIDE], next[ROWS * WIDE], gradient[ROWS * WIDE];
    float inverse[ROWS], centre[ROWS], unscale[ROWS], scale[ROWS], highest[WIDE], unit[ROWS];
    int32_t bias[WIDE], multiplier[WIDE], rounding[WIDE], shift[WIDE], logits[ROWS * WIDE];
    uint8_t labels[ROWS], predictions[ROWS];
    struct dime_affine_row affine;
};

static void fill_rows(struct rows *rows, uint32_t outputs, uint32_t padded) {
    memset(rows, 0, sizeof *rows);
    rows->affine = (struct dime_affine_row){rows->bias, rows->multiplier, rows->rounding, rows->shift};
    for (uint32_t n = 0; n < ROWS; n++) {
        uint32_t range = 1u << dime_random_below(&generator, 24);
        rows->labels[n] = (uint8_t)dime_random_below(&generator, outputs);
        rows->unit[n] = 8.0f / (float)range;
        for (uint32_t m = 0; m < outputs; m++) {
            rows->sums[n * padded + m] = (float)dime_random_below(&generator, 2 * range) - (float)range;
            rows->gradient[n * padded + m] = dime_random_range(&generator, -1, 1);
        }
    }
    for (uint32_t m = 0; m < outputs; m++) {
        rows->bias[m] = (int32_t)dime_random_below(&generator, 1 << 24) - (1 << 23);
        rows->multiplier[m] = 32 + (int32_t)dime_random_below(&generator, 32);
        rows->shift[m] = (int32_t)dime_random_below(&generator, 26);
        rows->rounding[m] = (1 << rows->shift[m]) >> 1;
    }
}

static struct dime_norm_rows norm_rows(struct rows *rows, uint32_t outputs, enum dime_norm norm, int affine) {
    uint32_t padded = dime_pad(outputs);
    return (struct dime_norm_rows){.rows = ROWS,
                                   .outputs = outputs,
                                   .padded = padded,
                                   .norm = norm,
                                   .quantized = 1,
                                   .activation_bits = 2 + outputs % 7,
                                   .affine = affine ? &rows->affine : NULL,
                                   .sums = rows->sums,
                                   .positive = rows->positive,
                                   .next = rows->next,
                                   .next_row = padded,
                                   .inverse = rows->inverse,
                                   .centre = rows->centre,
                                   .unscale = rows->unscale,
                                   .input_scale = rows->scale,
                                   .highest = rows->highest};
}

static int64_t after_affine(const struct rows *rows, uint32_t at, uint32_t m, int affine) {
    int64_t sum = (int64_t)rows->sums[at];
    if (!affine) return sum;
    return ((sum + rows->bias[m]) * rows->multiplier[m] + rows->rounding[m]) >> rows->shift[m];
}

/* One row against the definition, in 64-bit integers and double. */
static void check_norm_row(const struct rows *rows, const struct dime_norm_rows *norm, uint32_t n,
                           int affine) {
    double sum = 0, square = 0;
    int64_t largest = 0, total = 0, top = (1 << (norm->activation_bits - 1)) - 1;
    uint32_t shift = 0;
    for (uint32_t m = 0; m < norm->outputs; m++) {
        int64_t value = after_affine(rows, n * norm->padded + m, m, affine);
        value = value > 0 ? value : 0;
        assert_true(rows->positive[n * norm->padded + m] == (float)value);
        largest = value > largest ? value : largest;
        sum += (double)value;
        square += (double)value * (double)value;
    }
    while (largest >> shift > top) shift++;
    for (uint32_t pass = 0; pass < 2; pass++) {
        int64_t mean =
            pass && norm->norm == DIME_NORM_LAYER ? (total + norm->outputs / 2) / norm->outputs : 0;
        for (uint32_t m = 0; m < norm->outputs; m++) {
            int64_t value = after_affine(rows, n * norm->padded + m, m, affine);
            value = value > 0 ? (value + ((INT64_C(1) << shift) >> 1)) >> shift : 0;
            value = value > top ? top : value;
            total += value;
            if (pass) assert_true(rows->next[n * norm->padded + m] == (float)(value - mean));
        }
    }
    double count = norm->outputs, mean = sum / count;
    double size = norm->norm == DIME_NORM_LIN   ? mean
                  : norm->norm == DIME_NORM_RMS ? sqrt(square / count)
                                                : sqrt(fmax(square / count - mean * mean, 0));
    if (size > 0.01 * mean) assert_true(fabs(rows->inverse[n] * size - 1) < 1e-2);
    assert_true(rows->unscale[n] == ldexpf(1, -(int)shift));
    assert_true(rows->scale[n] == ldexpf(rows->inverse[n], (int)shift));
}

static void test_norm(void **state) {
    (void)state;
    static struct rows rows;
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        if (!kernels) continue;
        for (uint32_t trial = 0; trial < 300; trial++) {
            uint32_t outputs = 1 + dime_random_below(&generator, WIDE);
            int affine = trial & 1;
            fill_rows(&rows, outputs, dime_pad(outputs));
            struct dime_norm_rows norm = norm_rows(&rows, outputs, (enum dime_norm)(trial % 3), affine);
            kernels->norm(&norm);
            for (uint32_t n = 0; n < ROWS; n++) check_norm_row(&rows, &norm, n, affine);
            for (uint32_t m = 0; m < outputs; m++) {
                float highest = 0;
                for (uint32_t n = 0; n < ROWS; n++)
                    highest = fmaxf(highest, rows.positive[n * norm.padded + m]);
                assert_true(rows.highest[m] == highest);
            }
        }
    }
}

/* Softmax and loss in double; the strongest logit, the first of equal ones. */
static void check_score(const struct rows *rows, const struct dime_score_rows *score) {
    double loss = 0;
    uint32_t correct = 0;
    for (uint32_t n = 0; n < ROWS; n++) {
        const float *real = rows->positive + n * score->padded;
        uint32_t best = 0;
        double sum = 0;
        for (uint32_t m = 0; m < score->classes; m++) {
            assert_int_equal(rows->logits[n * score->padded + m], (int32_t)rows->sums[n * score->padded + m]);
            if (rows->logits[n * score->padded + m] > rows->logits[n * score->padded + best]) best = m;
        }
        for (uint32_t m = 0; m < score->classes; m++) sum += exp((double)real[m] - real[best]);
        for (uint32_t m = 0; m < score->padded; m++) {
            double share = m < score->classes ? exp((double)real[m] - real[best]) / sum : 0;
            assert_float_equal(rows->next[n * score->padded + m], share, 1e-6);
        }
        assert_int_equal(rows->predictions[n], best);
        loss += log(sum) - ((double)real[rows->labels[n]] - real[best]);
        correct += best == rows->labels[n];
    }
    assert_true(fabs(score->loss - loss) <= 1e-5 * (1 + loss));
    assert_int_equal(score->correct, correct);
}

static struct dime_score_rows score_rows(struct rows *rows, uint32_t classes) {
    return (struct dime_score_rows){.rows = ROWS,
                                    .classes = classes,
                                    .padded = dime_pad(classes),
                                    .quantized = 1,
                                    .sums = rows->sums,
                                    .real = rows->positive,
                                    .logits = rows->logits,
                                    .unit = rows->unit,
                                    .labels = rows->labels,
                                    .probability = rows->next,
                                    .predictions = rows->predictions};
}

static void test_score(void **state) {
    (void)state;
    static struct rows rows;
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        if (!kernels) continue;
        for (uint32_t trial = 0; trial < 200; trial++) {
            uint32_t classes = 2 + dime_random_below(&generator, 40);
            fill_rows(&rows, classes, dime_pad(classes));
            struct dime_score_rows score = score_rows(&rows, classes);
            kernels->score(&score);
            check_score(&rows, &score);
        }
    }
}

static void test_transpose(void **state) {
    (void)state;
    enum { MOST = 50 };
    float *from = random_floats(MOST * 64, 1), *to = calloc(MOST * 64, sizeof *to);
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        if (!kernels) continue;
        for (uint32_t rows = 1; rows < MOST; rows++) {
            uint32_t columns = 1 + dime_random_below(&generator, 64);
            memset(to, 0, MOST * 64 * sizeof *to);
            kernels->transpose(from, 64, rows, columns, to, MOST);
            for (uint32_t m = 0; m < 64; m++)
                for (uint32_t k = 0; k < MOST; k++)
                    assert_true(to[m * MOST + k] == (m < columns && k < rows ? from[k * 64 + m] : 0));
        }
    }
    free(from);
    free(to);
}

/* Every row kernel once over the same rows. */
static size_t run_rows(const struct dime_kernels *kernels, float *out) {
    static struct rows rows;
    size_t used = 0;
    for (uint32_t trial = 0; trial < 12; trial++, used += sizeof rows / sizeof *out) {
        uint32_t outputs = 1 + dime_random_below(&generator, WIDE), padded = dime_pad(outputs);
        fill_rows(&rows, outputs, padded);
        struct dime_norm_rows norm = norm_rows(&rows, outputs, (enum dime_norm)(trial % 3), trial & 1);
        kernels->norm(&norm);
        kernels->norm_gradient(&(struct dime_norm_gradient){ROWS, outputs, padded, norm.norm, rows.positive,
                                                            rows.inverse, rows.centre, rows.unscale,
                                                            rows.gradient});
        memcpy(out + used, &rows, offsetof(struct rows, affine));
        struct dime_score_rows score = score_rows(&rows, outputs);
        kernels->score(&score);
        memcpy(out + used, &rows, offsetof(struct rows, affine));
    }
    return used;
}

/* One random input through a variant's kernels, everything that comes out in one block. */
static size_t run_variant(const struct dime_kernels *kernels, float *out) {
    generator.state = 4321;
    float *a = random_floats(40 * 64, 3), *b = random_floats(64 * 48, 2), *w = random_floats(480, 1.5f);
    float inverse[480], offset[480];
    size_t used = 0;
    kernels->product(&(struct dime_product){40, 48, 64, a, 64, 1, b, 48, out, 48});
    used += 40 * 48;
    for (uint32_t i = 0; i < 480; i++) {
        inverse[i] = dime_random_range(&generator, 0.5f, 300);
        offset[i] = i % 3 ? 0 : dime_random_range(&generator, -0.1f, 0.1f);
    }
    for (int format = 0; format < DIME_FORMAT_COUNT; format++, used += 480)
        kernels->quantize((enum dime_format_id)format, w, inverse, offset, 480, out + used);
    kernels->scale_slope(
        &(struct dime_scale_slope){1, b, 10, 48, w, a, offset, inverse, offset, -2, 2, out + used});
    used += 48;
    used += run_rows(kernels, out + used);
    free(a);
    free(b);
    free(w);
    return used;
}

/* AVX2 and AVX-512 both have a fused multiply-add: the same bits. The generic variant rounds twice in
 * products. */
static void test_variants_agree(void **state) {
    (void)state;
    const struct dime_kernels *avx2 = dime_kernels_variant(DIME_INSTRUCTIONS_AVX2);
    if (!avx2) skip();
    static float first[65536], second[65536];
    size_t used = run_variant(avx2, first);
    for (uint32_t v = DIME_INSTRUCTIONS_AVX2 + 1; v < VARIANTS; v++) {
        if (!dime_kernels_variant(v)) continue;
        assert_int_equal(run_variant(dime_kernels_variant(v), second), used);
        assert_memory_equal(first, second, used * sizeof *first);
    }
}

static void test_generic_quantizes_alike(void **state) {
    (void)state;
    const struct dime_kernels *best = dime_kernels_get();
    static float first[65536], second[65536];
    size_t used = run_variant(dime_kernels_variant(0), first), products = 40 * 48;
    run_variant(best, second);
    assert_memory_equal(first + products, second + products, (used - products) * sizeof *first);
}

static void test_choice_by_environment(void **state) {
    (void)state;
    setenv("DIME_KERNELS", "generic", 1);
    assert_string_equal(dime_kernels_get()->name, "generic");
    unsetenv("DIME_KERNELS");
    const struct dime_kernels *best = dime_kernels_get();
    for (uint32_t v = 0; v < VARIANTS; v++)
        if (dime_kernels_variant(v) == best) return;
    fail();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_whole_products),
        cmocka_unit_test(test_whole_gradients),
        cmocka_unit_test(test_whole_gradients_not_finite),
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_adam_drops_subnormal_moments),
        cmocka_unit_test(test_adam_rounds_correctly),
        cmocka_unit_test(test_scale_slope),
        cmocka_unit_test(test_norm),
        cmocka_unit_test(test_score),
        cmocka_unit_test(test_transpose),
        cmocka_unit_test(test_variants_agree),
        cmocka_unit_test(test_generic_quantizes_alike),
        cmocka_unit_test(test_choice_by_environment),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
