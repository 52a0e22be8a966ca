/* SPDX-License-Identifier: MIT */
/* The PC's dot products against those of device/engine, and whole networks on both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "model/host_dot.h"
#include "model/model.h"
#include "model/quantize.h"

static struct dime_random generator = {99};

static void random_activations(int8_t *activations, uint32_t count, int extreme) {
    for (uint32_t k = 0; k < count; k++)
        activations[k] = (int8_t)(extreme ? (dime_random_below(&generator, 2) ? 127 : -127)
                                          : (int)dime_random_below(&generator, 255) - 127);
}

/* A row of random codes, of the extreme ones, or of one code, in both forms. Allocated to the byte, so that
   the sanitizers see what reads beyond. */
static void check_row(const struct dime_format *format, const struct dime_format *host, uint32_t inputs,
                      int extreme) {
    uint8_t *codes = malloc(inputs);
    int8_t *activations = malloc(inputs);
    void *packed = calloc(1, dime_format_row_bytes(format, inputs));
    int16_t *row = calloc(1, dime_format_row_bytes(host, inputs));
    for (uint32_t k = 0; k < inputs; k++) {
        codes[k] = (uint8_t)dime_random_below(&generator, format->codes);
        if (extreme) codes[k] = (uint8_t)(k & 1 ? 0 : format->codes - 1);
        row[k ^ DIME_HOST_SWAP] = format->value(codes[k]);
    }
    random_activations(activations, inputs, extreme);
    dime_format_pack(format, codes, inputs, packed);
    assert_int_equal(host->dot(row, activations, inputs), format->dot(packed, activations, inputs));
    for (uint32_t k = 0; k < inputs; k += 1 + inputs / 7)
        assert_int_equal(host->value(dime_format_code(host, row, k)), format->value(codes[k]));
    free(codes);
    free(activations);
    free(packed);
    free(row);
}

static void test_dots(void **state) {
    (void)state;
    for (uint32_t v = 0; v < DIME_HOST_VARIANTS; v++) {
        const struct dime_format *host = dime_host_format_variant(v);
        if (!host) continue;
        for (int id = 0; id < DIME_FORMAT_COUNT; id++) {
            const struct dime_format *format = dime_format_get((enum dime_format_id)id);
            if (!format) continue;
            for (uint32_t inputs = 1; inputs <= 140; inputs++) check_row(format, host, inputs, inputs & 1);
            for (uint32_t inputs = 500; inputs <= 540; inputs++) check_row(format, host, inputs, inputs & 1);
        }
    }
}

static void random_model(struct dime_model *model, enum dime_format_id format, enum dime_norm norm,
                         enum dime_wscale wscale) {
    struct dime_config config;
    dime_config_default(&config);
    config.format = format;
    config.norm = norm;
    config.wscale = wscale;
    config.input_size = 4 + dime_random_below(&generator, 9);
    config.activation_bits = 2 + dime_random_below(&generator, 7);
    for (uint32_t i = 0; i < config.layer_count; i++) {
        config.layers[i].format = format;
        if (i + 1 < config.layer_count) config.layers[i].outputs = 1 + dime_random_below(&generator, 70);
    }
    assert_int_equal(dime_model_create(model, &config, 10), 0);
    for (uint32_t i = 0; i < model->layer_count; i++) {
        struct dime_model_layer *layer = &model->layers[i];
        for (size_t w = 0; w < (size_t)layer->inputs * layer->outputs; w++)
            layer->weight[w] = dime_random_range(&generator, -1, 1);
        for (uint32_t m = 0; m < (wscale == DIME_WSCALE_PER_OUTPUT ? layer->outputs : 1); m++)
            layer->clip[m] = dime_random_range(&generator, 0.5f, 1.5f);
        for (uint32_t m = 0; layer->norm[0] && m < layer->outputs; m++) {
            layer->norm[0][m] = dime_random_range(&generator, 0.5f, 2);
            layer->norm[1][m] = dime_random_range(&generator, -1, 1);
            layer->norm[2][m] = dime_random_range(&generator, -1, 1);
            layer->norm[3][m] = dime_random_range(&generator, 0.5f, 2);
        }
    }
    assert_int_equal(dime_model_quantize(model), 0);
}

/* Every logit of a network, with the reference formats and with the PC's. */
static void check_network(const struct dime_model *model, const struct dime_format *host) {
    struct dime_runtime reference, fast;
    uint32_t inputs = dime_model_input_count(model);
    int8_t *picture = malloc(inputs), activations[80];
    int32_t expected[80] = {0}, sums[80] = {0};
    assert_int_equal(dime_runtime_create(&reference, model), 0);
    assert_int_equal(dime_runtime_create(&fast, model), 0);
    assert_int_equal(dime_runtime_use_host(&fast, host), 0);
    for (uint32_t trial = 0; trial < 8; trial++) {
        random_activations(picture, inputs, trial == 0);
        uint32_t answer = dime_network_infer(&reference.network, picture, expected, activations);
        assert_int_equal(dime_network_infer(&fast.network, picture, sums, activations), answer);
        assert_memory_equal(sums, expected, 10 * sizeof *sums);
    }
    dime_runtime_free(&reference);
    dime_runtime_free(&fast);
    free(picture);
}

static void test_networks(void **state) {
    (void)state;
    for (int format = 0; format < DIME_FORMAT_COUNT; format++) {
        if (format == DIME_FORMAT_NONE) continue;
        for (int norm = 0; norm <= DIME_NORM_BATCH; norm++)
            for (int wscale = 0; wscale <= DIME_WSCALE_PER_OUTPUT; wscale++) {
                struct dime_model model;
                random_model(&model, (enum dime_format_id)format, (enum dime_norm)norm,
                             (enum dime_wscale)wscale);
                for (uint32_t v = 0; v < DIME_HOST_VARIANTS; v++)
                    if (dime_host_format_variant(v)) check_network(&model, dime_host_format_variant(v));
                dime_model_free(&model);
            }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dots),
        cmocka_unit_test(test_networks),
    };
    return cmocka_run_group_tests_name("host_engine", tests, NULL, NULL);
}
