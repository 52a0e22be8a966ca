/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/quantize.h"
#include "model/quantize_level.h"

static struct dime_random generator = {5};

/* Distance of x to the nearest of the format's values, in the format's own units (odd values count half
 * units). */
static double nearest_distance(const struct dime_format *format, double value) {
    double best = INFINITY;
    for (uint32_t code = 0; code < format->codes; code++)
        best = fmin(best, fabs(format->value(code) - value));
    return best;
}

static int is_symmetric(enum dime_format_id id) {
    return id == DIME_FORMAT_2BITSYM || id == DIME_FORMAT_4BITSYM || id == DIME_FORMAT_5BITSYM;
}

/* Every level is one of the format's values, and no other value is nearer. */
static void test_levels_are_nearest(void **state) {
    (void)state;
    for (int id = DIME_FORMAT_BINARY; id < DIME_FORMAT_COUNT; id++) {
        const struct dime_format *format = dime_format_get((enum dime_format_id)id);
        double reach = 1.3 * format->largest / (is_symmetric((enum dime_format_id)id) ? 2 : 1);
        for (int i = 0; i < 20000; i++) {
            float x = dime_random_range(&generator, (float)-reach, (float)reach);
            double value = dime_format_level((enum dime_format_id)id, x);
            double exact = is_symmetric((enum dime_format_id)id) ? 2.0 * x : x;
            assert_true(nearest_distance(format, value) == 0);
            if (fabs(fabs(value - exact) - nearest_distance(format, exact)) > 1e-4)
                fail_msg("%s: %g became %g", format->name, exact, value);
        }
    }
}

static void fill(float *weights, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        weights[i] = dime_random_range(&generator, -1, 1) + dime_random_range(&generator, -1, 1);
}

static double squared_error(const float *weights, uint32_t count, double clip, double bits) {
    double error = 0, step = clip / pow(2, bits - 1);
    for (uint32_t i = 0; i < count; i++) {
        double size = fabs(weights[i]);
        error += size > clip ? (size - clip) * (size - clip) : step * step / 12;
    }
    return error;
}

/* OCTAV's recursion ends where its model of the squared error (uniform rounding noise inside, clipping
   outside) is least. */
static void test_octav_is_optimal(void **state) {
    (void)state;
    float weights[4096], clip;
    fill(weights, 4096);
    struct dime_weight_view view = {weights, 64, 64, 64, 1, NULL};
    enum dime_format_id formats[] = {DIME_FORMAT_2BITSYM, DIME_FORMAT_4BITSYM, DIME_FORMAT_8BIT};
    for (uint32_t f = 0; f < 3; f++) {
        dime_clip_update(&view, formats[f], DIME_WSCALE_PER_TENSOR, DIME_CLIP_OCTAV, 0.25f, &clip);
        double bits = dime_format_bits(formats[f]), best = INFINITY;
        for (double other = 0.01; other < 2.2; other += 0.01)
            best = fmin(best, squared_error(weights, 4096, other, bits));
        assert_true(squared_error(weights, 4096, clip, bits) <= 1.02 * best);
    }
}

static void test_prop(void **state) {
    (void)state;
    float weights[6] = {1, -2, 3, -4, 5, -9}, clips[2];
    struct dime_weight_view rows = {weights, 2, 3, 3, 1, NULL}, columns = {weights, 3, 2, 1, 3, NULL};
    dime_clip_update(&rows, DIME_FORMAT_4BITSYM, DIME_WSCALE_PER_TENSOR, DIME_CLIP_PROP, 0.25f, clips);
    assert_float_equal(clips[0], 16, 1e-6); /* mean 4 */
    dime_clip_update(&rows, DIME_FORMAT_4BITSYM, DIME_WSCALE_PER_OUTPUT, DIME_CLIP_PROP, 0.5f, clips);
    assert_float_equal(clips[0], 4, 1e-6);
    assert_float_equal(clips[1], 12, 1e-6);
    dime_clip_update(&columns, DIME_FORMAT_4BITSYM, DIME_WSCALE_PER_TENSOR, DIME_CLIP_PROP, 0.25f, clips);
    assert_float_equal(clips[0], 16, 1e-6);
}

/* The trainer holds weights input-major, model files output-major: scales must come out in the same bits. */
static void test_layouts_agree(void **state) {
    (void)state;
    enum { M = 23, K = 37 };
    float rows[M * K], columns[M * K], a[3 * M], b[3 * M], clip[M];
    fill(rows, M * K);
    for (uint32_t m = 0; m < M; m++)
        for (uint32_t k = 0; k < K; k++) columns[k * M + m] = rows[m * K + k];
    struct dime_weight_view first = {rows, M, K, K, 1, NULL}, second = {columns, M, K, 1, M, NULL};
    for (int id = DIME_FORMAT_BINARY; id < DIME_FORMAT_COUNT; id++) {
        for (int i = 0; i < 4; i++) {
            enum dime_wscale wscale = (enum dime_wscale)(i % 2);
            enum dime_clip algorithm = i < 2 ? DIME_CLIP_PROP : DIME_CLIP_LSQ;
            struct dime_weight_scale x = {a, a + M, a + 2 * M}, y = {b, b + M, b + 2 * M};
            dime_clip_update(&first, (enum dime_format_id)id, wscale, algorithm, 0.25f, clip);
            dime_weight_scale_update(&first, (enum dime_format_id)id, wscale, DIME_CLIP_PROP, clip, &x);
            dime_weight_scale_update(&second, (enum dime_format_id)id, wscale, DIME_CLIP_PROP, clip, &y);
            assert_memory_equal(a, b, sizeof a);
        }
    }
}

/* Quantized weights times their step stay within half a level of the weight, inside the clipping value. */
static void test_step_belongs_to_level(void **state) {
    (void)state;
    enum dime_format_id formats[] = {DIME_FORMAT_2BITSYM, DIME_FORMAT_4BIT, DIME_FORMAT_4BITSYM,
                                     DIME_FORMAT_5BITSYM, DIME_FORMAT_8BIT};
    float weights[100], clip = 1.5f, memory[3];
    fill(weights, 100);
    struct dime_weight_view view = {weights, 1, 100, 100, 1, NULL};
    struct dime_weight_scale scale = {memory, memory + 1, memory + 2};
    for (uint32_t f = 0; f < 5; f++) {
        dime_weight_scale_update(&view, formats[f], DIME_WSCALE_PER_TENSOR, DIME_CLIP_OCTAV, &clip, &scale);
        double half = is_symmetric(formats[f]) ? scale.step[0] : scale.step[0] / 2;
        for (uint32_t i = 0; i < 100; i++) {
            float level = dime_format_level(formats[f], weights[i] * scale.inverse_unit[0]);
            if (fabsf(weights[i]) < 1.5f - 2 * half)
                assert_true(fabs(level * scale.step[0] - weights[i]) <= half * 1.0001);
        }
    }
}

static double affine_value(const struct dime_affine *affine) {
    return ldexp(affine->multiplier, -affine->shift);
}

static void test_affine_from_scales(void **state) {
    (void)state;
    double scale[50];
    struct dime_affine affine[50];
    for (int trial = 0; trial < 200; trial++) {
        for (int m = 0; m < 50; m++) scale[m] = exp(dime_random_range(&generator, -9, 2));
        double factor = dime_affine_from_scales(scale, 50, affine);
        for (int m = 0; m < 50; m++) {
            assert_true(affine[m].multiplier >= 32 && affine[m].multiplier <= 63 && affine[m].shift <= 25);
            assert_true(fabs(affine_value(&affine[m]) * factor / scale[m] - 1) <= 1.0 / 64);
        }
    }
}

/* Folded integers against batch normalisation in double, over the sums that occur. */
static void test_affine_from_norm(void **state) {
    (void)state;
    enum { M = 20 };
    float gain[M], offset[M], mean[M], variance[M];
    double scale[M];
    struct dime_affine affine[M];
    uint8_t bias_shift;
    for (int m = 0; m < M; m++) {
        gain[m] = dime_random_range(&generator, 0.2f, 2);
        offset[m] = dime_random_range(&generator, -1, 1);
        mean[m] = dime_random_range(&generator, -2, 2);
        variance[m] = dime_random_range(&generator, 0.2f, 3);
        scale[m] = dime_random_range(&generator, 0.0005f, 0.003f);
    }
    struct dime_norm_view norm = {gain, offset, mean, variance, scale, M, 6.0 / 127};
    assert_true(dime_affine_from_norm(&norm, affine, &bias_shift) == 6.0 / 127);
    for (int m = 0; m < M; m++) {
        for (int sum = -4000; sum <= 4000; sum += 37) {
            double exact =
                (gain[m] * (sum * scale[m] - mean[m]) / sqrt(variance[m] + 1e-5) + offset[m]) * 127 / 6;
            double folded = (sum + ldexp(affine[m].bias, bias_shift)) * affine_value(&affine[m]);
            assert_true(fabs(folded - exact) <= fabs(exact) / 64 + 0.6);
        }
    }
}

/* Biases far beyond 16 bits get a common shift; nothing wraps. */
static void test_affine_with_large_bias(void **state) {
    (void)state;
    float gain[2] = {1, 1}, offset[2] = {0, 0}, mean[2] = {900, -0.5f}, variance[2] = {1, 1};
    double scale[2] = {0.001, 0.001};
    struct dime_affine affine[2];
    uint8_t bias_shift;
    struct dime_norm_view norm = {gain, offset, mean, variance, scale, 2, 6.0 / 127};
    dime_affine_from_norm(&norm, affine, &bias_shift);
    assert_float_equal(ldexp(affine[0].bias, bias_shift), -900000, 64);
    assert_float_equal(ldexp(affine[1].bias, bias_shift), 500, 64);
    assert_true(bias_shift <= 9);
}

/* A gain at its floor asks for a bias beyond all bounds: it saturates within what an entry can say. */
static void test_affine_saturates(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        float gain[1] = {1e-3f}, offset[1] = {(float)sign}, mean[1] = {0}, variance[1] = {1};
        double scale[1] = {1e-6};
        struct dime_affine affine[1];
        uint8_t bias_shift;
        struct dime_norm_view norm = {gain, offset, mean, variance, scale, 1, 6.0 / 127};
        dime_affine_from_norm(&norm, affine, &bias_shift);
        assert_int_equal(bias_shift, 9);
        assert_int_equal(affine[0].bias, sign * 32767);
    }
    struct dime_affine affine[3];
    dime_affine_from_scales((double[]){NAN, 0, 1}, 3, affine);
    assert_true(affine[0].multiplier == 0 && affine[1].multiplier == 0 && affine[2].multiplier == 63);
}

/* Convolutions are quantized as matrices of a row for each output channel; pooling is passed over. */
static void test_convolutions_convert(void **state) {
    (void)state;
    static const char text[] =
        "QuantType: None\nNormType: BatchNorm\nlayers:\n  - {type: conv2d, outputs: 4}\n"
        "  - {type: maxpool}\n  - {type: depthwise}\n  - {outputs: 8}\n  - {}\n";
    struct dime_config config;
    struct dime_model source, target;
    assert_int_equal(dime_config_parse("t", text, sizeof text - 1, &config), 0);
    assert_int_equal(dime_model_create(&source, &config, 3), 0);
    for (uint32_t i = 0; i < source.layer_count; i++)
        if (source.layers[i].weight)
            fill(source.layers[i].weight, source.layers[i].inputs * source.layers[i].outputs);
    assert_int_equal(dime_model_convert(&source, DIME_FORMAT_POT3, DIME_CLIP_OCTAV, &target), 0);
    for (uint32_t i = 0; i < target.layer_count; i++) {
        const struct dime_model_layer *layer = &target.layers[i];
        assert_int_equal(layer->value == NULL, dime_layer_is_pool(layer));
        for (uint32_t j = 0; layer->value && j < layer->inputs * layer->outputs; j++) {
            float unit = layer->clip[0] / 4;
            assert_int_equal(layer->value[j],
                             (int)dime_format_level(DIME_FORMAT_POT3, layer->weight[j] * (1 / unit)));
        }
        if (layer->affine) assert_true(layer->affine[0].multiplier >= 32);
    }
    struct dime_runtime runtime;
    assert_int_equal(dime_runtime_create(&runtime, &target), 0);
    dime_runtime_free(&runtime);
    dime_model_free(&source);
    dime_model_free(&target);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_are_nearest),
        cmocka_unit_test(test_octav_is_optimal),
        cmocka_unit_test(test_prop),
        cmocka_unit_test(test_layouts_agree),
        cmocka_unit_test(test_step_belongs_to_level),
        cmocka_unit_test(test_affine_from_scales),
        cmocka_unit_test(test_affine_from_norm),
        cmocka_unit_test(test_affine_with_large_bias),
        cmocka_unit_test(test_affine_saturates),
        cmocka_unit_test(test_convolutions_convert),
    };
    return cmocka_run_group_tests_name("quantize", tests, NULL, NULL);
}
