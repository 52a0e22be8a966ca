/* SPDX-License-Identifier: MIT */
/* The convolution kernels of every variant against plain loops and against each other. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "train/conv_kernels.h"
#include "train/kernels.h"

#define VARIANTS 3

static struct dime_random generator = {99};

static float *random_whole(size_t count, uint32_t size) {
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = (float)dime_random_below(&generator, 2 * size + 1) - (float)size;
    return values;
}

static float *random_real(size_t count) {
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = dime_random_range(&generator, -1, 1);
    return values;
}

/* Everything that a convolution of one shape needs, with values of both kinds. */
struct bench {
    struct dime_conv_plan plan;
    uint32_t lanes, channels, rows, in_pixels, out_pixels, taps;
    float *in, *out, *weights;
};

static struct dime_conv_shape shape_of(uint32_t height, uint32_t width, uint32_t kernel, uint32_t stride,
                                       uint32_t padding) {
    return (struct dime_conv_shape){height,
                                    width,
                                    (height + 2 * padding - kernel) / stride + 1,
                                    (width + 2 * padding - kernel) / stride + 1,
                                    kernel,
                                    stride,
                                    padding};
}

static void bench_create(struct bench *b, const struct dime_conv_shape *shape, uint32_t lanes,
                         uint32_t channels, uint32_t rows, int whole) {
    assert_int_equal(dime_conv_plan_create(&b->plan, shape), 0);
    b->lanes = lanes;
    b->channels = channels;
    b->rows = rows;
    b->taps = shape->kernel * shape->kernel;
    b->in_pixels = shape->height * shape->width;
    b->out_pixels = shape->out_height * shape->out_width;
    size_t in = (size_t)channels * b->in_pixels * lanes, out = (size_t)rows * b->out_pixels * lanes;
    size_t weights = (size_t)b->taps * channels * rows;
    b->in = whole ? random_whole(in, 127) : random_real(in);
    b->out = whole ? random_whole(out, 63) : random_real(out);
    b->weights = whole ? random_whole(weights, 15) : random_real(weights);
}

static void bench_free(struct bench *b) {
    dime_conv_plan_free(&b->plan);
    free(b->in);
    free(b->out);
    free(b->weights);
}

static struct dime_conv_gather forward_of(const struct bench *b, float *result) {
    return (struct dime_conv_gather){.list = &b->plan.forward,
                                     .lanes = b->lanes,
                                     .channels = b->channels,
                                     .rows = b->rows,
                                     .weights = b->weights,
                                     .weight_tap = (size_t)b->channels * b->rows,
                                     .weight_channel = b->rows,
                                     .in = b->in,
                                     .in_plane = (size_t)b->in_pixels * b->lanes,
                                     .out = result,
                                     .out_plane = (size_t)b->out_pixels * b->lanes};
}

/* The same weights read the other way round: rows are the input's channels. */
static struct dime_conv_gather backward_of(const struct bench *b, float *result) {
    return (struct dime_conv_gather){.list = &b->plan.backward,
                                     .lanes = b->lanes,
                                     .channels = b->rows,
                                     .rows = b->channels,
                                     .weights = b->weights,
                                     .weight_tap = (size_t)b->channels * b->rows,
                                     .weight_channel = b->channels,
                                     .in = b->out,
                                     .in_plane = (size_t)b->out_pixels * b->lanes,
                                     .out = result,
                                     .out_plane = (size_t)b->in_pixels * b->lanes};
}

static struct dime_conv_weights weights_of(const struct bench *b, float *result) {
    return (struct dime_conv_weights){.plan = &b->plan,
                                      .lanes = b->lanes,
                                      .channels = b->channels,
                                      .rows = b->rows,
                                      .in = b->in,
                                      .in_plane = (size_t)b->in_pixels * b->lanes,
                                      .gradient = b->out,
                                      .gradient_plane = (size_t)b->out_pixels * b->lanes,
                                      .weights = result,
                                      .weight_tap = (size_t)b->channels * b->rows,
                                      .weight_channel = b->rows};
}

/* The convolution as its definition has it, without a plan. */
static float convolve(const struct bench *b, uint32_t row, uint32_t y, uint32_t x, uint32_t lane) {
    const struct dime_conv_shape *s = &b->plan.shape;
    float sum = 0;
    for (uint32_t c = 0; c < b->channels; c++) {
        for (uint32_t i = 0; i < b->taps; i++) {
            int64_t v = (int64_t)y * s->stride + i / s->kernel - s->padding;
            int64_t u = (int64_t)x * s->stride + i % s->kernel - s->padding;
            if (v < 0 || u < 0 || v >= s->height || u >= s->width) continue;
            size_t pixel = (size_t)(v * s->width + u);
            sum += b->weights[(i * b->channels + c) * b->rows + row] *
                   b->in[(c * b->in_pixels + pixel) * b->lanes + lane];
        }
    }
    return sum;
}

static void check_definition(const struct bench *b, const float *out) {
    const struct dime_conv_shape *s = &b->plan.shape;
    for (uint32_t r = 0; r < b->rows; r++)
        for (uint32_t p = 0; p < b->out_pixels; p++)
            for (uint32_t n = 0; n < b->lanes; n += 5)
                assert_true(out[(r * b->out_pixels + p) * b->lanes + n] ==
                            convolve(b, r, p / s->out_width, p % s->out_width, n));
}

/* Whole numbers: every product and sum is exact, so all must agree to the bit. */
static void check_shape(const struct dime_conv_shape *shape, uint32_t lanes, uint32_t channels,
                        uint32_t rows) {
    struct bench b;
    bench_create(&b, shape, lanes, channels, rows, 1);
    size_t most =
        (size_t)(channels + rows) * (b.in_pixels + b.out_pixels) * lanes + (size_t)b.taps * channels * rows;
    float *expected = calloc(most, sizeof *expected), *found = calloc(most, sizeof *found);
    for (uint32_t v = 0; v < VARIANTS; v++) {
        const struct dime_conv_kernels *kernels = dime_conv_kernels_variant(v);
        if (!kernels) continue;
        struct dime_conv_gather forward = forward_of(&b, expected), backward = backward_of(&b, expected);
        struct dime_conv_weights weights = weights_of(&b, expected);
        dime_conv_gather_naive(&forward);
        check_definition(&b, expected);
        forward.out = found;
        kernels->gather(&forward);
        assert_memory_equal(found, expected, (size_t)rows * b.out_pixels * lanes * sizeof *found);
        dime_conv_gather_naive(&backward);
        backward.out = found;
        kernels->gather(&backward);
        assert_memory_equal(found, expected, (size_t)channels * b.in_pixels * lanes * sizeof *found);
        dime_conv_weights_naive(&weights);
        weights.weights = found;
        kernels->weight_gradient(&weights);
        assert_memory_equal(found, expected, (size_t)b.taps * channels * rows * sizeof *found);
    }
    free(expected);
    free(found);
    bench_free(&b);
}

static void test_dense(void **state) {
    (void)state;
    static const uint32_t widths[] = {1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 16, 17, 24, 29};
    uint32_t count = sizeof widths / sizeof *widths;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t kernel = 1 + i % 5, stride = 1 + i % 2, padding = i % 3 ? kernel / 2 : 0;
        struct dime_conv_shape shape = shape_of(5 + i % 4, 5 + i % 3, kernel, stride, padding);
        check_shape(&shape, 16 * (1 + i % 3), widths[count - 1 - i], widths[i]);
    }
    struct dime_conv_shape first = shape_of(12, 12, 3, 1, 0), wide = shape_of(5, 7, 3, 1, 1);
    check_shape(&first, 32, 1, 12);
    check_shape(&wide, 48, 12, 32);
}

/* A depthwise convolution is a dense one whose other weights are 0. */
static void check_depthwise(const struct dime_conv_shape *shape, uint32_t lanes, uint32_t channels) {
    struct bench b;
    bench_create(&b, shape, lanes, channels, channels, 1);
    size_t pixels = b.in_pixels > b.out_pixels ? b.in_pixels : b.out_pixels;
    size_t most = channels * (pixels * lanes + (size_t)b.taps * channels);
    float *expected = calloc(most, sizeof *expected), *found = calloc(most, sizeof *found);
    float *own = calloc((size_t)b.taps * channels, sizeof *own);
    for (uint32_t t = 0; t < b.taps; t++) {
        for (uint32_t c = 0; c < channels; c++)
            for (uint32_t r = 0; r < channels; r++)
                if (r != c) b.weights[(t * channels + c) * channels + r] = 0;
        for (uint32_t c = 0; c < channels; c++)
            own[t * channels + c] = b.weights[(t * channels + c) * channels + c];
    }
    for (uint32_t v = 0; v < VARIANTS; v++) {
        const struct dime_conv_kernels *kernels = dime_conv_kernels_variant(v);
        if (!kernels) continue;
        for (int back = 0; back < 2; back++) {
            struct dime_conv_gather dense = back ? backward_of(&b, expected) : forward_of(&b, expected);
            struct dime_conv_gather deep = back ? backward_of(&b, found) : forward_of(&b, found);
            deep.weights = own;
            deep.weight_tap = channels;
            dime_conv_gather_naive(&dense);
            kernels->depthwise(&deep);
            assert_memory_equal(found, expected,
                                (size_t)channels * (back ? b.in_pixels : b.out_pixels) * lanes *
                                    sizeof *found);
        }
        struct dime_conv_weights dense = weights_of(&b, expected), deep = weights_of(&b, found);
        deep.weight_tap = channels;
        dime_conv_weights_naive(&dense);
        kernels->depthwise_gradient(&deep);
        for (uint32_t t = 0; t < b.taps; t++)
            for (uint32_t c = 0; c < channels; c++)
                assert_true(found[t * channels + c] == expected[(t * channels + c) * channels + c]);
    }
    free(expected);
    free(found);
    free(own);
    bench_free(&b);
}

static void test_depthwise(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 12; i++) {
        uint32_t kernel = 1 + i % 5, stride = 1 + i / 4, padding = i % 2 ? kernel / 2 : 0;
        struct dime_conv_shape shape = shape_of(6 + i % 4, 5 + i % 3, kernel, stride, padding);
        check_depthwise(&shape, 16 * (1 + i % 3), 1 + i);
    }
}

/* Rows shorter and longer than all blocks of a sweep, with every border, also maps lower than the kernel. */
static void test_depthwise_sweeps(void **state) {
    (void)state;
    for (uint32_t padding = 0; padding <= 2; padding++) {
        for (uint32_t width = 3; width <= 24; width++) {
            uint32_t height = (padding ? 1 : 3) + width % 5;
            struct dime_conv_shape shape = shape_of(height, width, 3, 1, padding);
            check_depthwise(&shape, 16 * (1 + width % 2), 2);
        }
    }
}

/* Real numbers: AVX2 and AVX-512 give the same bits. */
static void test_variants_agree(void **state) {
    (void)state;
    const struct dime_conv_kernels *avx2 = dime_conv_kernels_variant(1),
                                   *avx512 = dime_conv_kernels_variant(2);
    if (!avx2 || !avx512) skip();
    for (uint32_t lanes = 16; lanes <= 48; lanes += 16) {
        struct dime_conv_shape shape = shape_of(7, lanes / 16 * 7, 3, 1, lanes / 16 - 1);
        struct bench b;
        bench_create(&b, &shape, lanes, 13, 13, 0);
        size_t most = 13 * (size_t)(b.in_pixels + b.out_pixels) * lanes + 9 * 13 * 13;
        float *first = calloc(most, sizeof *first), *second = calloc(most, sizeof *second);
        for (int what = 0; what < 5; what++) {
            for (int which = 0; which < 2; which++) {
                const struct dime_conv_kernels *kernels = which ? avx512 : avx2;
                float *result = which ? second : first;
                struct dime_conv_gather gather = what % 2 ? backward_of(&b, result) : forward_of(&b, result);
                struct dime_conv_weights weights = weights_of(&b, result);
                if (what < 2) kernels->gather(&gather);
                if (what == 2) kernels->weight_gradient(&weights);
                if (what == 3) kernels->depthwise(&gather);
                if (what == 4) kernels->depthwise_gradient(&weights);
            }
            assert_memory_equal(first, second, most * sizeof *first);
        }
        free(first);
        free(second);
        bench_free(&b);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense),
        cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_depthwise_sweeps),
        cmocka_unit_test(test_variants_agree),
    };
    return cmocka_run_group_tests_name("conv_kernels", tests, NULL, NULL);
}
