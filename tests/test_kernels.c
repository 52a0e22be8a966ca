/* SPDX-License-Identifier: MIT */
/* Every kernel variant that this processor runs, against the plain loops and against the other variants. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "train/kernels.h"

#define VARIANTS 3

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
    enum { COUNT = 300, PARTS = 3, STEPS = 5 };
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        if (!kernels) continue;
        float *parameter = random_floats(COUNT, 1), m[COUNT] = {0}, v[COUNT] = {0};
        double exact[COUNT], exact_m[COUNT] = {0}, exact_v[COUNT] = {0};
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
                                     .gradients = (const float *const *)gradients,
                                     .parts = PARTS,
                                     .first = 4};
            kernels->adam(&adam, parameter, m, v, COUNT);
            for (uint32_t i = 0; i < COUNT; i++)
                adam_reference(&adam, &exact[i], &exact_m[i], &exact_v[i],
                               (double)gradients[0][i + 4] + gradients[1][i + 4] + gradients[2][i + 4]);
            for (uint32_t p = 0; p < PARTS; p++) free(gradients[p]);
        }
        for (uint32_t i = 0; i < COUNT; i++) assert_float_equal(parameter[i], exact[i], 1e-5);
        free(parameter);
    }
}

static void test_rectify_and_shift(void **state) {
    (void)state;
    int32_t values[64];
    for (uint32_t variant = 0; variant < VARIANTS; variant++) {
        const struct dime_kernels *kernels = dime_kernels_variant(variant);
        if (!kernels) continue;
        for (uint32_t trial = 0; trial < 500; trial++) {
            uint32_t count = 16 * (1 + trial % 4), range = 1u << dime_random_below(&generator, 30);
            int32_t largest = 0;
            double sum = 0, square = 0;
            float positive[64], clamped[64];
            for (uint32_t i = 0; i < count; i++) {
                values[i] = (int32_t)dime_random_below(&generator, 2 * range) - (int32_t)range;
                double real = values[i] > 0 ? values[i] : 0;
                sum += real;
                square += real * real;
                largest = values[i] > largest ? values[i] : largest;
            }
            struct dime_row_sums sums = kernels->rectify(values, count, positive);
            assert_int_equal(sums.largest, largest);
            assert_true(fabs(sums.sum - sum) <= 1e-5 * sum);
            assert_true(fabs(sums.square - square) <= 1e-5 * square);
            uint32_t shift = dime_random_below(&generator, 26);
            kernels->shift_clamp(values, count, shift, 127, clamped);
            for (uint32_t i = 0; i < count; i++) {
                int64_t rounded = values[i] > 0 ? (values[i] + ((INT64_C(1) << shift) >> 1)) >> shift : 0;
                assert_true(clamped[i] == (float)(rounded > 127 ? 127 : rounded));
                assert_true(positive[i] == (values[i] > 0 ? (float)values[i] : 0));
            }
        }
    }
}

/* One random input through a variant's kernels, everything that comes out in one block. */
static size_t run_variant(const struct dime_kernels *kernels, float *out) {
    generator.state = 4321;
    float *a = random_floats(40 * 64, 3), *b = random_floats(64 * 48, 2), *w = random_floats(480, 1.5f);
    float inverse[480], offset[480], dot, sum;
    size_t used = 0;
    kernels->product(&(struct dime_product){40, 48, 64, a, 64, 1, b, 48, out, 48});
    used += 40 * 48;
    for (uint32_t i = 0; i < 480; i++) {
        inverse[i] = dime_random_range(&generator, 0.5f, 300);
        offset[i] = i % 3 ? 0 : dime_random_range(&generator, -0.1f, 0.1f);
    }
    for (int format = 0; format < DIME_FORMAT_COUNT; format++, used += 480)
        kernels->quantize((enum dime_format_id)format, w, inverse, offset, 480, out + used);
    kernels->dot_and_sum(a, b, 1024, &dot, &sum);
    out[used++] = dot;
    out[used++] = sum;
    free(a);
    free(b);
    free(w);
    return used;
}

/* AVX2 and AVX-512 both have a fused multiply-add: the same bits. The generic variant rounds twice in
 * products. */
static void test_variants_agree(void **state) {
    (void)state;
    const struct dime_kernels *avx2 = dime_kernels_variant(1), *avx512 = dime_kernels_variant(2);
    if (!avx2 || !avx512) skip();
    static float first[16384], second[16384];
    size_t used = run_variant(avx2, first);
    assert_int_equal(run_variant(avx512, second), used);
    assert_memory_equal(first, second, used * sizeof *first);
}

static void test_generic_quantizes_alike(void **state) {
    (void)state;
    const struct dime_kernels *best = dime_kernels_get();
    static float first[16384], second[16384];
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
        cmocka_unit_test(test_adam),
        cmocka_unit_test(test_rectify_and_shift),
        cmocka_unit_test(test_variants_agree),
        cmocka_unit_test(test_generic_quantizes_alike),
        cmocka_unit_test(test_choice_by_environment),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
