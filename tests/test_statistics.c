/* SPDX-License-Identifier: MIT */
/* The figures of dime inspect, against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "model/export_c.h"
#include "model/statistics.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-9)

static struct dime_model_layer layer_of(enum dime_format_id format, int16_t *values, uint32_t inputs,
                                        uint32_t outputs) {
    return (struct dime_model_layer){.inputs = inputs, .outputs = outputs, .format = format, .value = values};
}

/* 1, 1, 1, -3 of the codes -3, -1, 1, 3. */
static void test_hand_computed(void **state) {
    (void)state;
    int16_t values[] = {1, 1, 1, -3};
    struct dime_model_layer layer = layer_of(DIME_FORMAT_2BITSYM, values, 2, 2);
    struct dime_layer_statistics statistics;
    dime_layer_statistics(&layer, &statistics);
    assert_int_equal(statistics.weights, 4);
    NEAR(statistics.minimum, -3);
    NEAR(statistics.maximum, 1);
    NEAR(statistics.mean, 0);
    NEAR(statistics.deviation, sqrt(3)); /* of the population: (1 + 1 + 1 + 9) / 4 */
    NEAR(statistics.entropy, 0.25 * 2 + 0.75 * log2(4.0 / 3));
    NEAR(statistics.code_share, statistics.entropy / 2);
    assert_int_equal(statistics.codes, 4);
    assert_int_equal(statistics.codes_used, 2);
    assert_int_equal(statistics.bytes, 8); /* two rows of a 32-bit word */
    assert_int_equal(statistics.bin_count, 4);
    static const double low[] = {-3, -1, 1, 3};
    static const uint64_t count[] = {1, 0, 3, 0};
    for (uint32_t i = 0; i < 4; i++) {
        NEAR(statistics.bins[i].low, low[i]);
        NEAR(statistics.bins[i].high, low[i]);
        assert_int_equal(statistics.bins[i].count, count[i]);
    }
}

/* Every code of a format once: full entropy, every code used, bins ascending. */
static void test_every_code_once(void **state) {
    (void)state;
    for (int id = DIME_FORMAT_NONE + 1; id < DIME_FORMAT_COUNT; id++) {
        const struct dime_format *format = dime_format_get((enum dime_format_id)id);
        int16_t values[256];
        if (id == DIME_FORMAT_POT3) continue; /* two of its codes are 0 */
        for (uint32_t code = 0; code < format->codes; code++) values[code] = format->value(code);
        struct dime_model_layer layer = layer_of((enum dime_format_id)id, values, format->codes, 1);
        struct dime_layer_statistics statistics;
        dime_layer_statistics(&layer, &statistics);
        assert_int_equal(statistics.codes_used, statistics.bin_count);
        NEAR(statistics.entropy, log2(format->codes));
        NEAR(statistics.code_share, 1);
        for (uint32_t i = 0; i < statistics.bin_count; i++) assert_int_equal(statistics.bins[i].count, 1);
        for (uint32_t i = 1; i < statistics.bin_count; i++)
            assert_true(statistics.bins[i - 1].low < statistics.bins[i].low);
    }
}

static void test_single_value(void **state) {
    (void)state;
    int16_t values[] = {-1, -1, -1};
    struct dime_model_layer layer = layer_of(DIME_FORMAT_TERNARY, values, 3, 1);
    struct dime_layer_statistics statistics;
    dime_layer_statistics(&layer, &statistics);
    NEAR(statistics.entropy, 0);
    assert_false(signbit(statistics.entropy));
    NEAR(statistics.deviation, 0);
    assert_int_equal(statistics.codes_used, 1);
}

static void test_affine_counts_as_bytes(void **state) {
    (void)state;
    int16_t values[] = {1, 1, -1, -1};
    struct dime_affine affine[4] = {{0, 32, 0}, {0, 32, 0}, {0, 32, 0}, {0, 32, 0}};
    struct dime_model_layer layer = layer_of(DIME_FORMAT_BINARY, values, 1, 4);
    layer.affine = affine;
    struct dime_layer_statistics statistics;
    dime_layer_statistics(&layer, &statistics);
    assert_int_equal(statistics.bytes, 4 * 4 + 4 * 4);
}

static void test_float_weights(void **state) {
    (void)state;
    float weights[] = {-1, 1, 0, 0.999f};
    struct dime_model_layer layer = {
        .inputs = 4, .outputs = 1, .format = DIME_FORMAT_NONE, .weight = weights};
    struct dime_layer_statistics statistics;
    dime_layer_statistics(&layer, &statistics);
    NEAR(statistics.minimum, -1);
    NEAR(statistics.maximum, 1);
    assert_true(isnan(statistics.entropy));
    assert_true(isnan(statistics.code_share));
    assert_int_equal(statistics.codes, 0);
    assert_int_equal(statistics.bytes, 16);
    assert_int_equal(statistics.bin_count, DIME_FLOAT_BINS);
    assert_int_equal(statistics.bins[0].count, 1);
    assert_int_equal(statistics.bins[DIME_FLOAT_BINS / 2].count, 1);
    assert_int_equal(statistics.bins[DIME_FLOAT_BINS - 1].count, 2);
    NEAR(statistics.bins[DIME_FLOAT_BINS - 1].high, 1);
}

static void test_odd_floats(void **state) {
    (void)state;
    float equal[] = {0.5f, 0.5f}, odd[] = {NAN, INFINITY, 1};
    struct dime_model_layer layer = {.inputs = 2, .outputs = 1, .format = DIME_FORMAT_NONE, .weight = equal};
    struct dime_layer_statistics statistics;
    dime_layer_statistics(&layer, &statistics);
    assert_int_equal(statistics.bins[0].count, 2);
    NEAR(statistics.deviation, 0);
    layer.weight = odd;
    layer.inputs = 3;
    dime_layer_statistics(&layer, &statistics);
    assert_int_equal(statistics.weights, 3);
}

/* The layers' bytes add up to the model's. */
static void test_bytes_add_up(void **state) {
    (void)state;
    for (int id = DIME_FORMAT_NONE + 1; id < DIME_FORMAT_COUNT; id++) {
        struct dime_config config;
        struct dime_model model;
        dime_config_default(&config);
        config.input_size = 7;
        config.wscale = DIME_WSCALE_PER_OUTPUT;
        config.layer_count = 2;
        config.layers[0] = config.layers[1] =
            (struct dime_layer_config){.outputs = 3, .format = (enum dime_format_id)id};
        assert_int_equal(dime_model_create(&model, &config, 3), 0);
        size_t bytes = 0;
        for (uint32_t i = 0; i < 2; i++) {
            struct dime_layer_statistics statistics;
            dime_layer_statistics(&model.layers[i], &statistics);
            bytes += statistics.bytes;
        }
        assert_int_equal(bytes, dime_model_bytes(&model));
        assert_int_equal(dime_model_scratch_bytes(&model), 15);
        dime_model_free(&model);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hand_computed), cmocka_unit_test(test_every_code_once),
        cmocka_unit_test(test_single_value),  cmocka_unit_test(test_affine_counts_as_bytes),
        cmocka_unit_test(test_float_weights), cmocka_unit_test(test_odd_floats),
        cmocka_unit_test(test_bytes_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
