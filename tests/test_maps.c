/* SPDX-License-Identifier: MIT */
/* Convolution and pooling against docs/quantization.md, written here a second time in the plainest way: layer
   after layer, whole tensors of 64-bit numbers, no fusing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "engine/engine.h"
#include "model/host_dot.h"
#include "model/host_maps.h"
#include "model/model.h"
#include "model/model_layer.h"

static struct dime_random generator = {4711};

static uint32_t below(uint32_t bound) {
    return dime_random_below(&generator, bound);
}

/* ---- the second implementation ---- */

static int64_t floor_div(int64_t a, int64_t b) {
    int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

static int64_t input_at(const int64_t *tensor, const struct dime_layer_shape *shape, uint32_t c, int64_t y,
                        int64_t x) {
    if (y < 0 || x < 0 || y >= shape->height || x >= shape->width) return 0;
    return tensor[((int64_t)c * shape->height + y) * shape->width + x];
}

static int64_t convolve_at(const struct dime_model_layer *layer, const int64_t *tensor, uint32_t m,
                           uint32_t y, uint32_t x) {
    const struct dime_layer_shape *shape = &layer->shape;
    int64_t sum = 0, top = (int64_t)y * shape->stride - shape->padding,
            left = (int64_t)x * shape->stride - shape->padding;
    uint32_t channels = layer->inputs / (shape->kernel * shape->kernel);
    for (uint32_t c = 0; c < channels; c++)
        for (uint32_t i = 0; i < shape->kernel; i++)
            for (uint32_t j = 0; j < shape->kernel; j++) {
                uint32_t k = (c * shape->kernel + i) * shape->kernel + j;
                uint32_t from = shape->kind == DIME_LAYER_DEPTHWISE ? m : c;
                sum += layer->value[m * layer->inputs + k] * input_at(tensor, shape, from, top + i, left + j);
            }
    return sum;
}

static int64_t pool_at(const struct dime_layer_shape *shape, const int64_t *tensor, uint32_t m, uint32_t y,
                       uint32_t x) {
    int64_t total = 0, largest = INT64_MIN, count = (int64_t)shape->kernel * shape->kernel;
    for (uint32_t i = 0; i < shape->kernel; i++)
        for (uint32_t j = 0; j < shape->kernel; j++) {
            int64_t value = input_at(tensor, shape, m, y * shape->stride + i, x * shape->stride + j);
            total += value;
            if (value > largest) largest = value;
        }
    return shape->kind == DIME_LAYER_MAX_POOL ? largest : floor_div(total + count / 2, count);
}

static int64_t affine(const struct dime_model_layer *layer, uint32_t m, int64_t sum) {
    if (!layer->affine) return sum;
    const struct dime_affine *entry = &layer->affine[m];
    int64_t biased = sum + (int64_t)entry->bias * (1 << layer->bias_shift), unit = INT64_C(1) << entry->shift;
    return floor_div(biased * entry->multiplier + unit / 2, unit);
}

static void shift_norm(int64_t *values, uint32_t count, int64_t top) {
    int64_t largest = values[0], unit = 1;
    for (uint32_t i = 0; i < count; i++) largest = values[i] > largest ? values[i] : largest;
    while (largest > 0 && largest / unit > top) unit *= 2;
    for (uint32_t i = 0; i < count; i++) values[i] = values[i] < 0 ? 0 : (values[i] + unit / 2) / unit;
}

static void requantize(const struct dime_model *model, uint32_t index, int64_t *values, uint32_t count) {
    const struct dime_layer_shape *shape = &model->layers[index].shape;
    int pool = dime_kind_is_pool(shape->kind), batch = model->config.norm == DIME_NORM_BATCH;
    int64_t top = (1 << (shape->activation_bits - 1)) - 1, total = 0;
    if (index + 1 == model->layer_count || (pool && (!shape->wide_inputs || shape->wide_outputs))) return;
    if (shape->wide_outputs) {
        for (uint32_t i = 0; i < count; i++) values[i] = values[i] < 0 ? 0 : values[i] / 16;
        return;
    }
    if (!batch) shift_norm(values, count, top);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = values[i] < 0 ? 0 : values[i] > top ? top : values[i];
        total += values[i];
    }
    if (model->config.norm != DIME_NORM_LAYER) return;
    for (uint32_t i = 0; i < count; i++) values[i] -= (total + count / 2) / count;
}

/* One layer; the result is malloc'ed. */
static int64_t *run_layer(const struct dime_model *model, uint32_t index, const int64_t *input) {
    const struct dime_model_layer *layer = &model->layers[index];
    const struct dime_layer_shape *shape = &layer->shape;
    uint32_t count = dime_shape_outputs(shape), place = 0;
    int64_t *output = malloc(count * sizeof *output);
    for (uint32_t m = 0; m < layer->outputs; m++)
        for (uint32_t y = 0; y < shape->out_height; y++)
            for (uint32_t x = 0; x < shape->out_width; x++)
                output[place++] = dime_layer_is_pool(layer)
                                      ? pool_at(shape, input, m, y, x)
                                      : affine(layer, m, convolve_at(layer, input, m, y, x));
    requantize(model, index, output, count);
    return output;
}

/* A fully connected layer is a convolution of 1x1 maps with a 1x1 kernel, and its shape says so. */
static int64_t *run_model(const struct dime_model *model, const int8_t *input) {
    uint32_t count = dime_model_input_count(model);
    int64_t *tensor = malloc(count * sizeof *tensor);
    for (uint32_t i = 0; i < count; i++) tensor[i] = input[i];
    for (uint32_t i = 0; i < model->layer_count; i++) {
        int64_t *next = run_layer(model, i, tensor);
        free(tensor);
        tensor = next;
    }
    return tensor;
}

/* ---- random networks ---- */

static void random_weights(struct dime_model_layer *layer, int extreme) {
    const struct dime_format *format = dime_format_get(layer->format);
    for (uint32_t i = 0; i < layer->inputs * layer->outputs; i++) {
        layer->value[i] = format->value(below(format->codes));
        if (extreme && abs(layer->value[i]) != format->largest)
            layer->value[i] = format->value(format->codes - 1);
    }
    for (uint32_t m = 0; layer->affine && m < layer->outputs; m++)
        layer->affine[m] =
            (struct dime_affine){(int16_t)((int)below(2001) - 1000),
                                 (uint8_t)(below(20) ? 32 + below(32) : 0), (uint8_t)(4 + below(12))};
    layer->bias_shift = (uint8_t)below(3);
}

static void random_map_layer(struct dime_layer_config *layer) {
    static const enum dime_layer_kind kinds[] = {DIME_LAYER_CONV2D, DIME_LAYER_CONV2D, DIME_LAYER_DEPTHWISE,
                                                 DIME_LAYER_MAX_POOL, DIME_LAYER_AVG_POOL};
    layer->kind = kinds[below(5)];
    layer->format = (enum dime_format_id)(DIME_FORMAT_BINARY + below(DIME_FORMAT_COUNT - DIME_FORMAT_BINARY));
    layer->kernel = 1 + below(4);
    layer->stride = 1 + below(dime_kind_is_pool(layer->kind) ? layer->kernel : 3);
    layer->wide = !dime_kind_is_pool(layer->kind) && below(3) == 0;
    if (layer->kind == DIME_LAYER_CONV2D) layer->outputs = 1 + below(below(20) ? 6 : 90);
    if (!dime_kind_is_pool(layer->kind)) layer->padding = below(layer->kernel);
    if (!dime_kind_is_pool(layer->kind) && below(3) == 0) layer->activation_bits = 2 + below(7);
}

/* A network that may or may not be possible. */
static struct dime_config random_config(void) {
    struct dime_config config;
    dime_config_default(&config);
    memset(config.layers, 0, sizeof config.layers);
    config.input_size = 4 + below(13);
    config.norm = (enum dime_norm)below(4);
    config.wscale = (enum dime_wscale)(below(4) == 0);
    config.activation_bits = 2 + below(7);
    config.layer_count = 2 + below(5);
    for (uint32_t i = 0; i + 1 < config.layer_count; i++) random_map_layer(&config.layers[i]);
    if (below(2)) config.layers[config.layer_count - 1].outputs = 3;
    config.layers[config.layer_count - 1].format = DIME_FORMAT_4BITSYM;
    return config;
}

static void fill_input(int8_t *input, uint32_t count, int extreme) {
    for (uint32_t i = 0; i < count; i++)
        input[i] = (int8_t)(extreme ? (below(8) ? 127 : -127) : (int)below(255) - 127);
}

/* The PC's own way through the maps gives the same logits, whichever instructions it uses. */
static void check_host(const struct dime_model *model, const int8_t *input, const int64_t *expected) {
    struct dime_runtime runtime;
    assert_int_equal(dime_runtime_create(&runtime, model), 0);
    assert_int_equal(dime_runtime_use_host(&runtime, dime_host_format()), 0);
    int32_t *sums = malloc(runtime.network.sums * sizeof *sums);
    int8_t *activations = malloc(runtime.network.activations);
    for (uint32_t v = 0; runtime.network.map_count && v < DIME_INSTRUCTIONS_COUNT; v++) {
        if (!dime_host_maps_variant(v)) continue;
        runtime.network.maps = dime_host_maps_variant(v);
        dime_network_infer(&runtime.network, input, sums, activations);
        for (uint32_t m = 0; m < model->classes; m++) assert_int_equal(sums[m], expected[m]);
    }
    free(sums);
    free(activations);
    dime_runtime_free(&runtime);
}

/* Buffers of just the size that the engine asks for, so that the sanitizers see a step beyond them. */
static void check_inference(const struct dime_model *model, int extreme) {
    struct dime_runtime runtime;
    assert_int_equal(dime_runtime_create(&runtime, model), 0);
    struct dime_scratch scratch = dime_model_scratch(model);
    assert_int_equal(scratch.sums, runtime.network.sums);
    assert_int_equal(scratch.activations, runtime.network.activations);
    int32_t *sums = malloc(scratch.sums * sizeof *sums);
    int8_t *activations = malloc(scratch.activations), *input = malloc(dime_model_input_count(model));
    fill_input(input, dime_model_input_count(model), extreme);
    uint32_t answer = dime_network_infer(&runtime.network, input, sums, activations);
    int64_t *expected = run_model(model, input);
    for (uint32_t m = 0; m < model->classes; m++) assert_int_equal(sums[m], expected[m]);
    for (uint32_t m = 0; m < model->classes; m++) assert_true(sums[m] <= sums[answer]);
    check_host(model, input, expected);
    free(sums);
    free(activations);
    free(input);
    free(expected);
    dime_runtime_free(&runtime);
}

static void random_model(struct dime_model *model, int extreme) {
    struct dime_config config;
    do config = random_config();
    while (dime_model_create(model, &config, 3));
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (!dime_layer_is_pool(&model->layers[i])) random_weights(&model->layers[i], extreme);
}

static void test_random_networks(void **state) {
    (void)state;
    uint32_t kinds[5] = {0}, wide = 0;
    for (uint32_t trial = 0; trial < 3000; trial++) {
        struct dime_model model;
        random_model(&model, 0);
        for (uint32_t i = 0; i < model.layer_count; i++) {
            kinds[model.layers[i].shape.kind]++;
            wide += model.layers[i].shape.wide_inputs != 0;
        }
        check_inference(&model, trial % 4 == 0);
        dime_model_free(&model);
    }
    for (int kind = 0; kind < 5; kind++) assert_true(kinds[kind] > 300);
    assert_true(wide > 300);
}

/* The greatest sums that shapes allow do not overflow, and stay within the bounds that weights give. */
static void test_extreme_sums(void **state) {
    (void)state;
    for (uint32_t trial = 0; trial < 300; trial++) {
        struct dime_model model;
        random_model(&model, 1);
        int64_t bounds[DIME_MAX_LAYERS];
        dime_model_sum_bounds(&model, bounds);
        for (uint32_t i = 0; i < model.layer_count; i++)
            assert_true(bounds[i] <= model.layers[i].shape.largest_sum);
        check_inference(&model, 1);
        dime_model_free(&model);
    }
}

/* ---- BitNetMCU's network ---- */

static void cnnmnist(struct dime_model *model, uint32_t channels) {
    char text[160];
    struct dime_config config;
    snprintf(text, sizeof text,
             "model: CNNMNIST\ncnn_width: %u\nnetwork_width1: 24\nnetwork_width2: 16\nnetwork_width3: 0\n",
             channels);
    assert_int_equal(dime_config_parse("t", text, strlen(text), &config), 0);
    assert_int_equal(dime_model_create(model, &config, 10), 0);
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (!dime_layer_is_pool(&model->layers[i])) random_weights(&model->layers[i], 0);
}

static void test_cnnmnist(void **state) {
    (void)state;
    struct dime_model model;
    cnnmnist(&model, 5);
    const struct dime_layer_shape *last_pool = &model.layers[4].shape;
    assert_true(last_pool->wide_inputs && !last_pool->wide_outputs);
    assert_int_equal(dime_shape_outputs(last_pool), 5 * 2 * 2);
    for (int trial = 0; trial < 20; trial++) check_inference(&model, trial & 1);
    struct dime_scratch scratch = dime_model_scratch(&model);
    assert_int_equal(scratch.sums, 5 * 4 + 14 * 14 + 3); /* what ShiftNorm takes, one channel, 9 inputs */
    assert_int_equal(scratch.activations, 24);
    dime_model_free(&model);
}

/* One convolution by hand: 2x2 kernel, stride 1, one ring of padding at the left and top of interest. */
static void test_by_hand(void **state) {
    (void)state;
    uint32_t kernel = 0, rows[2] = {0, 0};
    dime_format_pack(&dime_format_pot3, (uint8_t[]){1, 3, 6, 0}, 4, &kernel); /* 1, 4, -2, 0 */
    dime_format_pack(&dime_format_8bit, (uint8_t[]){1}, 1, &rows[0]);
    dime_format_pack(&dime_format_8bit, (uint8_t[]){255}, 1, &rows[1]);
    struct dime_layer layers[3] = {{.kind = DIME_LAYER_CONV2D,
                                    .format = &dime_format_pot3,
                                    .weights = &kernel,
                                    .inputs = 4,
                                    .outputs = 1,
                                    .requantize = DIME_REQUANTIZE_FIXED,
                                    .activation_bits = 8,
                                    .channels = 1,
                                    .height = 3,
                                    .width = 3,
                                    .kernel = 2,
                                    .stride = 1,
                                    .padding = 1,
                                    .out_height = 4,
                                    .out_width = 4},
                                   {.kind = DIME_LAYER_AVG_POOL,
                                    .outputs = 1,
                                    .requantize = DIME_REQUANTIZE_NONE,
                                    .activation_bits = 8,
                                    .channels = 1,
                                    .height = 4,
                                    .width = 4,
                                    .kernel = 4,
                                    .stride = 4,
                                    .out_height = 1,
                                    .out_width = 1},
                                   {.format = &dime_format_8bit,
                                    .weights = rows,
                                    .inputs = 1,
                                    .outputs = 2,
                                    .requantize = DIME_REQUANTIZE_NONE,
                                    .activation_bits = 8}};
    struct dime_network network = {
        .layers = layers, .layer_count = 3, .widest = 2, .map_count = 2, .maps = dime_maps_run};
    struct dime_scratch scratch = dime_network_scratch(&network);
    assert_int_equal(scratch.sums, 2);
    assert_int_equal(scratch.activations, 2);
    network.activations = 2;
    int32_t sums[2];
    int8_t activations[2];
    int8_t input[9] = {1, 2, 3, 4, 5, 6, 7, 8, 40};
    /* out(y, x) = in(y-1, x-1) + 4 in(y-1, x) - 2 in(y, x-1):
         row 0: 0, -2, -4, -6                -> 0 0 0 0
         row 1: 4, 1+8-8, 2+12-10, 3-12      -> 4 1 4 0
         row 2: 16, 4+20-14, 5+24-16, 6-80   -> 16 10 13 0
         row 3: 28, 7+32, 8+160 (127), 40    -> 28 39 127 40
       total 282, (282 + 8) / 16 = 18 */
    assert_int_equal(dime_network_infer(&network, input, sums, activations), 0);
    assert_int_equal(sums[0], 18);
    assert_int_equal(sums[1], -18);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_random_networks),
        cmocka_unit_test(test_extreme_sums),
        cmocka_unit_test(test_cnnmnist),
    };
    return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
