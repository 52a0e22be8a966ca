/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "model/model.h"
#include "model/safetensors.h"

static char folder[] = "/tmp/dime-test-model-XXXXXX";
static char path[128], other_path[128];

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/model.safetensors", folder);
    snprintf(other_path, sizeof other_path, "%s/other.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    unlink(other_path);
    return rmdir(folder);
}

static void expect_refused(int expected, const char *message, int code) {
    if (code != expected || !strstr(dime_error_message(), message))
        fail_msg("code %d, message \"%s\"; expected %d, \"%s\"", code, dime_error_message(), expected,
                 message);
}

static void expect_done(int code) {
    if (code) fail_msg("code %d, message \"%s\"", code, dime_error_message());
}

/* Pictures of 6x6 and layers of 36-20-7-5. */
static struct dime_config small_config(enum dime_format_id format, enum dime_norm norm,
                                       enum dime_wscale wscale) {
    static const uint32_t outputs[3] = {20, 7, 0};
    struct dime_config config;
    dime_config_default(&config);
    memset(config.width, 0, sizeof config.width);
    config.format = format;
    config.norm = norm;
    config.wscale = wscale;
    config.input_size = 6;
    config.layer_count = 3;
    for (int i = 0; i < 3; i++)
        config.layers[i] = (struct dime_layer_config){.outputs = outputs[i], .format = format};
    return config;
}

static void fill_floats(float *floats, size_t count, float low, struct dime_random *random) {
    for (size_t i = 0; floats && i < count; i++) floats[i] = dime_random_range(random, low, 2);
}

static void fill_layer(struct dime_model_layer *layer, size_t clips, struct dime_random *random) {
    size_t count = (size_t)layer->inputs * layer->outputs;
    const struct dime_format *format = dime_format_get(layer->format);
    fill_floats(layer->weight, count, -2, random);
    fill_floats(layer->clip, clips, 0, random);
    for (int i = 0; i < 4; i++) fill_floats(layer->norm[i], layer->outputs, 0, random);
    for (size_t i = 0; layer->value && i < count; i++)
        layer->value[i] = format->value(dime_random_below(random, format->codes));
    if (!layer->affine) return;
    layer->bias_shift = (uint8_t)dime_random_below(random, 9);
    for (uint32_t m = 0; m < layer->outputs; m++)
        layer->affine[m] = (struct dime_affine){(int16_t)(dime_random_below(random, 65535) - 32767u),
                                                (uint8_t)(m ? 32 + dime_random_below(random, 32) : 0),
                                                (uint8_t)dime_random_below(random, 26)};
}

static struct dime_model random_model(const struct dime_config *config) {
    struct dime_model model;
    struct dime_random random = dime_random_stream(1, 2, 3);
    expect_done(dime_model_create(&model, config, 5));
    for (uint32_t i = 0; i < model.layer_count; i++)
        fill_layer(&model.layers[i], config->wscale == DIME_WSCALE_PER_OUTPUT ? model.layers[i].outputs : 1,
                   &random);
    model.metrics = strdup("{\"test_accuracy\": 98.75}");
    return model;
}

static void create_gives_shapes_and_initial_content(void **state) {
    (void)state;
    struct dime_config config = small_config(DIME_FORMAT_4BITSYM, DIME_NORM_BATCH, DIME_WSCALE_PER_OUTPUT);
    struct dime_model model;
    expect_done(dime_model_create(&model, &config, 5));
    assert_int_equal(dime_model_input_count(&model), 36);
    static const uint32_t shapes[3][2] = {{36, 20}, {20, 7}, {7, 5}};
    for (uint32_t i = 0; i < 3; i++) {
        const struct dime_model_layer *layer = &model.layers[i];
        assert_int_equal(layer->inputs, shapes[i][0]);
        assert_int_equal(layer->outputs, shapes[i][1]);
        uint32_t last = layer->outputs - 1;
        assert_true(layer->weight[layer->inputs * layer->outputs - 1] == 0 && layer->clip[last] == 1);
        assert_true(layer->norm[0][last] == 1 && layer->norm[1][last] == 0);
        assert_true(layer->norm[2][last] == 0 && layer->norm[3][last] == 1);
        assert_int_equal(layer->value[layer->inputs * layer->outputs - 1], 0);
        assert_int_equal(layer->affine[last].multiplier, 0);
    }
    dime_model_free(&model);
    config = small_config(DIME_FORMAT_NONE, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    expect_done(dime_model_create(&model, &config, 5));
    assert_null(model.layers[0].value);
    assert_null(model.layers[0].affine);
    assert_null(model.layers[0].norm[0]);
    dime_model_free(&model);
}

static int create_code(const struct dime_config *config, uint32_t classes) {
    struct dime_model model;
    int code = dime_model_create(&model, config, classes);
    if (code) assert_int_equal(model.layer_count, 0);
    dime_model_free(&model);
    return code;
}

/* 128 * 127 = 16256 for each 8bit weight, so 1032 inputs stay below 2^24 and 1033 do not. */
static void create_checks_the_accumulator(void **state) {
    (void)state;
    struct dime_config config = small_config(DIME_FORMAT_8BIT, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    config.layers[0].outputs = 1032;
    expect_done(create_code(&config, 5));
    config.layers[0].outputs = 1033;
    expect_refused(DIME_ERROR_CONFIG, "layer 2: 1033 inputs", create_code(&config, 5));
    assert_non_null(strstr(dime_error_message(), "at most 1032 inputs fit, or weights of up to 127"));
    config.activation_bits = 7;
    expect_done(create_code(&config, 5));
    config.layers[0].outputs = 20;
    config.input_size = 33;
    expect_refused(DIME_ERROR_CONFIG, "layer 1: 1089 inputs of up to 127", create_code(&config, 5));
    config.input_encoding = DIME_INPUT_UNSIGNED;
    expect_refused(DIME_ERROR_CONFIG, "layer 1", create_code(&config, 5));
    config.input_encoding = DIME_INPUT_BINARY;
    expect_done(create_code(&config, 5));
    config.input_encoding = DIME_INPUT_MEAN_SUBTRACTED;
    config.layers[0].format = DIME_FORMAT_4BITSYM;
    expect_done(create_code(&config, 5));
}

static void create_refuses_impossible_shapes(void **state) {
    (void)state;
    const struct dime_config good = small_config(DIME_FORMAT_4BIT, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    struct dime_config config = good;
    expect_refused(DIME_ERROR_CONFIG, "1 classes", create_code(&config, 1));
    expect_refused(DIME_ERROR_CONFIG, "256 classes", create_code(&config, 256));
    config.layers[2].outputs = 6;
    expect_refused(DIME_ERROR_CONFIG, "6 outputs, but there are 5", create_code(&config, 5));
    config.layers[2].outputs = 5;
    expect_done(create_code(&config, 5));
    config.layers[0].outputs = 0;
    expect_refused(DIME_ERROR_CONFIG, "layer 1: 0 outputs", create_code(&config, 5));
    config.layers[0].outputs = 4097;
    expect_refused(DIME_ERROR_CONFIG, "layer 1: 4097 outputs", create_code(&config, 5));
    config = good;
    config.layer_count = 0;
    expect_refused(DIME_ERROR_CONFIG, "0 layers", create_code(&config, 5));
    config.layer_count = DIME_MAX_LAYERS + 1;
    expect_refused(DIME_ERROR_CONFIG, "17 layers", create_code(&config, 5));
    config = good;
    config.activation_bits = 9;
    expect_refused(DIME_ERROR_CONFIG, "activation_bits", create_code(&config, 5));
    config = good;
    config.input_size = 65;
    expect_refused(DIME_ERROR_CONFIG, "input_size", create_code(&config, 5));
}

static size_t bytes_of(enum dime_format_id format, enum dime_norm norm) {
    struct dime_config config = small_config(format, norm, DIME_WSCALE_PER_TENSOR);
    struct dime_model model;
    expect_done(dime_model_create(&model, &config, 5));
    size_t bytes = dime_model_bytes(&model);
    dime_model_free(&model);
    return bytes;
}

static void bytes_are_those_in_flash(void **state) {
    (void)state;
    assert_int_equal(bytes_of(DIME_FORMAT_NONE, DIME_NORM_RMS), 4 * (36 * 20 + 20 * 7 + 7 * 5));
    assert_int_equal(bytes_of(DIME_FORMAT_4BIT, DIME_NORM_RMS), 20 * 20 + 7 * 12 + 5 * 4);
    assert_int_equal(bytes_of(DIME_FORMAT_5BITSYM, DIME_NORM_RMS), 20 * 24 + 7 * 16 + 5 * 8);
    assert_int_equal(bytes_of(DIME_FORMAT_BINARY, DIME_NORM_BATCH),
                     20 * 8 + 7 * 4 + 5 * 4 + 4 * (20 + 7 + 5));
    /* rows of 8, 4 and 2 bytes; the last layer's 5 rows are rounded up to 12 */
    assert_int_equal(bytes_of(DIME_FORMAT_TERNARY, DIME_NORM_RMS), 20 * 8 + 7 * 4 + 12);
}

static void assert_equal_arrays(const void *left, const void *right, size_t size) {
    assert_int_equal(left == NULL, right == NULL);
    if (left) assert_memory_equal(left, right, size);
}

static void assert_equal_layers(const struct dime_model_layer *left, const struct dime_model_layer *right,
                                size_t clips) {
    size_t count = (size_t)left->inputs * left->outputs;
    assert_int_equal(left->inputs, right->inputs);
    assert_int_equal(left->outputs, right->outputs);
    assert_int_equal(left->format, right->format);
    assert_int_equal(left->bias_shift, right->bias_shift);
    assert_equal_arrays(left->weight, right->weight, count * sizeof *left->weight);
    assert_equal_arrays(left->clip, right->clip, clips * sizeof *left->clip);
    for (int i = 0; i < 4; i++)
        assert_equal_arrays(left->norm[i], right->norm[i], left->outputs * sizeof *left->norm[i]);
    assert_equal_arrays(left->value, right->value, count * sizeof *left->value);
    assert_int_equal(left->affine == NULL, right->affine == NULL);
    for (uint32_t m = 0; left->affine && m < left->outputs; m++) {
        assert_int_equal(left->affine[m].bias, right->affine[m].bias);
        assert_int_equal(left->affine[m].multiplier, right->affine[m].multiplier);
        assert_int_equal(left->affine[m].shift, right->affine[m].shift);
    }
}

static void assert_equal_files(const char *left, const char *right) {
    uint8_t *left_bytes, *right_bytes;
    size_t left_size, right_size;
    expect_done(dime_file_read(left, 1 << 24, &left_bytes, &left_size));
    expect_done(dime_file_read(right, 1 << 24, &right_bytes, &right_size));
    assert_int_equal(left_size, right_size);
    assert_memory_equal(left_bytes, right_bytes, left_size);
    free(left_bytes);
    free(right_bytes);
}

static void round_trip(const struct dime_config *config) {
    struct dime_model model = random_model(config), read;
    expect_done(dime_model_write(path, &model));
    expect_done(dime_model_read(folder, &read)); /* a run folder stands for its model.safetensors */
    assert_int_equal(read.classes, 5);
    assert_string_equal(read.metrics, model.metrics);
    assert_int_equal(read.config.norm, config->norm);
    assert_int_equal(read.config.input_size, config->input_size);
    assert_int_equal(read.layer_count, model.layer_count);
    for (uint32_t i = 0; i < model.layer_count; i++)
        assert_equal_layers(&model.layers[i], &read.layers[i],
                            config->wscale == DIME_WSCALE_PER_OUTPUT ? model.layers[i].outputs : 1);
    expect_done(dime_model_write(other_path, &read));
    assert_equal_files(path, other_path);
    dime_model_free(&model);
    dime_model_free(&read);
}

static void files_round_trip(void **state) {
    (void)state;
    for (int format = 0; format < DIME_FORMAT_COUNT; format++)
        for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm++)
            for (int wscale = 0; wscale <= DIME_WSCALE_PER_OUTPUT; wscale++) {
                struct dime_config config =
                    small_config((enum dime_format_id)format, (enum dime_norm)norm, (enum dime_wscale)wscale);
                round_trip(&config);
            }
}

/* A convolution with and without padding, a depthwise one, both kinds of pooling. */
static struct dime_config map_config(enum dime_format_id format, enum dime_norm norm,
                                     enum dime_wscale wscale) {
    struct dime_config config = small_config(format, norm, wscale);
    config.layer_count = 6;
    memset(config.layers, 0, sizeof config.layers);
    config.layers[0] = (struct dime_layer_config){.kind = DIME_LAYER_CONV2D,
                                                  .outputs = 3,
                                                  .kernel = 3,
                                                  .stride = 1,
                                                  .padding = 1,
                                                  .activation_bits = 4};
    config.layers[1] = (struct dime_layer_config){.kind = DIME_LAYER_MAX_POOL, .kernel = 2, .stride = 1};
    config.layers[2] = (struct dime_layer_config){.kind = DIME_LAYER_DEPTHWISE, .kernel = 2, .stride = 1};
    config.layers[3] = (struct dime_layer_config){.kind = DIME_LAYER_AVG_POOL, .kernel = 2, .stride = 2};
    config.layers[4].outputs = 7;
    for (int i = 0; i < 6; i++) config.layers[i].format = format;
    return config;
}

static void maps_round_trip(void **state) {
    (void)state;
    for (int format = 0; format < DIME_FORMAT_COUNT; format++)
        for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm += 3)
            for (int wscale = 0; wscale <= DIME_WSCALE_PER_OUTPUT; wscale++) {
                struct dime_config config =
                    map_config((enum dime_format_id)format, (enum dime_norm)norm, (enum dime_wscale)wscale);
                round_trip(&config);
            }
}

/* Kernels lie in files as other programs expect them. */
static void kernels_have_four_dimensions(void **state) {
    (void)state;
    struct dime_config config = map_config(DIME_FORMAT_POT3, DIME_NORM_BATCH, DIME_WSCALE_PER_TENSOR);
    struct dime_model model = random_model(&config);
    struct dime_safetensors file;
    expect_done(dime_model_write(path, &model));
    expect_done(dime_safetensors_read(path, &file));
    const struct dime_tensor *dense = dime_safetensors_find(&file, "layers.0.weight_int"),
                             *depthwise = dime_safetensors_find(&file, "layers.2.weight");
    assert_int_equal(dense->rank, 4);
    assert_memory_equal(dense->shape, ((uint64_t[]){3, 1, 3, 3}), sizeof dense->shape);
    assert_int_equal(depthwise->rank, 4);
    assert_memory_equal(depthwise->shape, ((uint64_t[]){3, 1, 2, 2}), sizeof dense->shape);
    assert_null(dime_safetensors_find(&file, "layers.1.weight_int"));
    /* PoT3 rows of 27 and 12 bits in 4 bytes each, 3 + 3 rows; 12 and 7 weights of 3 bits in 8 and 4 bytes */
    assert_int_equal(dime_model_bytes(&model), 6 * 4 + 7 * 8 + 5 * 4 + 4 * (3 + 3 + 7 + 5));
    dime_safetensors_free(&file);
    dime_model_free(&model);
}

static void drop_floats(struct dime_model_layer *layer) {
    free(layer->weight);
    free(layer->clip);
    layer->weight = layer->clip = NULL;
}

/* An imported model has no float part. */
static void integer_models_round_trip(void **state) {
    (void)state;
    struct dime_config config = small_config(DIME_FORMAT_FP130, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    struct dime_model model = random_model(&config), read;
    for (int i = 0; i < 3; i++) drop_floats(&model.layers[i]);
    free(model.metrics);
    model.metrics = NULL;
    expect_done(dime_model_write(path, &model));
    expect_done(dime_model_read(path, &read));
    assert_null(read.metrics);
    for (int i = 0; i < 3; i++) assert_equal_layers(&model.layers[i], &read.layers[i], 1);
    dime_model_free(&model);
    dime_model_free(&read);
}

static void writer_refuses_what_is_not_quantized(void **state) {
    (void)state;
    struct dime_config config = small_config(DIME_FORMAT_4BITSYM, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    struct dime_model model;
    expect_done(dime_model_create(&model, &config, 5));
    unlink(path);
    expect_refused(DIME_ERROR_MALFORMED, "integer weight 0 of output 0 is not a level of 4bitsym",
                   dime_model_write(path, &model));
    assert_int_not_equal(access(path, F_OK), 0);
    dime_model_free(&model);
    model = random_model(&config);
    free(model.metrics);
    model.metrics = strdup("[1]");
    expect_refused(DIME_ERROR_MALFORMED, "not a JSON object", dime_model_write(path, &model));
    dime_model_free(&model);
}

static void name(struct dime_model *model, const char *last) {
    const char *const names[5] = {"0", "T-shirt/top", "\"q\\", "caf\xC3\xA9", last};
    expect_done(dime_model_name_classes(model, (char *const *)names));
}

static void class_names_round_trip(void **state) {
    (void)state;
    struct dime_config config = small_config(DIME_FORMAT_4BITSYM, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    struct dime_model model = random_model(&config), read;
    char longest[] = "123456789-123456789-123456789-123456789-123456789-123456789-123";
    name(&model, "other");
    name(&model, longest);
    expect_done(dime_model_write(path, &model));
    expect_done(dime_model_read(path, &read));
    assert_non_null(read.class_names);
    for (int i = 0; i < 5; i++) assert_string_equal(read.class_names[i], model.class_names[i]);
    assert_string_equal(read.class_names[1], "T-shirt/top");
    expect_done(dime_model_write(other_path, &read));
    assert_equal_files(path, other_path);
    dime_model_free(&read);
    char *const numbers[5] = {"0", "1", "2", "3", "4"};
    expect_done(dime_model_name_classes(&model, numbers)); /* are no names */
    assert_null(model.class_names);
    expect_done(dime_model_write(path, &model));
    expect_done(dime_model_read(path, &read));
    assert_null(read.class_names);
    dime_model_free(&read);
    dime_model_free(&model);
}

static void class_names_are_checked(void **state) {
    (void)state;
    struct dime_config config = small_config(DIME_FORMAT_4BITSYM, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    struct dime_model model = random_model(&config);
    static const char *const cases[][2] = {
        {"", "class 2 is empty"},
        {"123456789-123456789-123456789-123456789-123456789-123456789-1234", "class 2 is longer than 63"},
        {"\xC3", "class 2 is not UTF-8"},
        {"\xC0\xAF", "class 2 is not UTF-8"},
        {"a\nb", "class 2 has a control character"},
        {"\033[31m", "class 2 has a control character"},
        {"\x7F", "class 2 has a control character"},
        {"\xC2\x9B", "class 2 has a control character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const names[5] = {"a", "b", cases[i][0], "d", "e"};
        name(&model, "e");
        expect_refused(DIME_ERROR_MALFORMED, cases[i][1],
                       dime_model_name_classes(&model, (char *const *)names));
        assert_null(model.class_names);
    }
    dime_model_free(&model);
}

/* One change to a good file. */
struct damage {
    const char *tensor; /* or NULL */
    void (*change)(struct dime_tensor *tensor);
    const char *key, *value; /* metadata to replace; value NULL removes it */
    const char *extra;       /* a tensor to add */
    int code;
    const char *message;
};

static void drop(struct dime_tensor *tensor) {
    free(tensor->name);
    tensor->name = NULL;
}
static void transpose(struct dime_tensor *tensor) {
    uint64_t first = tensor->shape[0];
    tensor->shape[0] = tensor->shape[1];
    tensor->shape[1] = first;
}
static void flatten(struct dime_tensor *tensor) {
    tensor->shape[0] *= tensor->shape[1];
    tensor->rank = 1;
}
static void retype(struct dime_tensor *tensor) {
    tensor->type = tensor->type == DIME_F32 ? DIME_I32 : DIME_F32;
}
static void put_nan(struct dime_tensor *tensor) {
    ((float *)tensor->data)[3] = NAN;
}
static void put_negative(struct dime_tensor *tensor) {
    ((float *)tensor->data)[0] = -1;
}
static void put_even(struct dime_tensor *tensor) {
    ((int16_t *)tensor->data)[40] = 2;
}
static void put_far(struct dime_tensor *tensor) {
    ((int16_t *)tensor->data)[0] = INT16_MIN;
}
static void put_ten(struct dime_tensor *tensor) {
    ((int32_t *)tensor->data)[0] = 10;
}
static void put_minus_one(struct dime_tensor *tensor) {
    ((int32_t *)tensor->data)[0] = -1;
}
static void put_wide_bias(struct dime_tensor *tensor) {
    ((int32_t *)tensor->data)[3] = 32768;
}
static void put_multiplier(struct dime_tensor *tensor) {
    ((int32_t *)tensor->data)[4] = 31;
}
static void put_shift(struct dime_tensor *tensor) {
    ((int32_t *)tensor->data)[5] = 31;
}

static void damage_and_expect(const struct damage *damage) {
    struct dime_safetensors file;
    static const uint64_t one = 1;
    static const uint8_t byte = 0;
    expect_done(dime_safetensors_read(path, &file));
    struct dime_safetensors_writer *writer = dime_safetensors_writer_new();
    for (size_t i = 0; i < file.metadata_count; i++) {
        int replaced = damage->key && !strcmp(damage->key, file.metadata[i].key);
        const char *value = replaced ? damage->value : file.metadata[i].value;
        if (value) dime_safetensors_add_meta(writer, file.metadata[i].key, value);
    }
    for (size_t i = 0; i < file.tensor_count; i++) {
        struct dime_tensor *tensor = &file.tensors[i];
        if (damage->tensor && !strcmp(damage->tensor, tensor->name)) damage->change(tensor);
        if (tensor->name)
            dime_safetensors_add(writer, tensor->name, tensor->type, tensor->rank, tensor->shape,
                                 tensor->data);
    }
    if (damage->extra) dime_safetensors_add(writer, damage->extra, DIME_U8, 1, &one, &byte);
    expect_done(dime_safetensors_write(writer, other_path));
    dime_safetensors_free(&file);
    struct dime_model model;
    expect_refused(damage->code, damage->message, dime_model_read(other_path, &model));
    assert_null(model.layers[0].value);
}

static void reader_refuses_damaged_files(void **state) {
    (void)state;
    static const char huge[] = "input_size: 64\nQuantType: Binary\nlayers:\n"
                               "  - {outputs: 4096}\n  - {outputs: 4096}\n  - {outputs: 5}\n";
    static const struct damage damages[] = {
        {.tensor = "layers.0.weight",
         .change = transpose,
         .code = DIME_ERROR_MALFORMED,
         .message = "F32 [20, 36]"},
        {.tensor = "layers.2.weight",
         .change = flatten,
         .code = DIME_ERROR_MALFORMED,
         .message = "layers.2.weight"},
        {.tensor = "layers.0.weight",
         .change = retype,
         .code = DIME_ERROR_MALFORMED,
         .message = "F32 [20, 36]"},
        {.tensor = "layers.1.weight",
         .change = put_nan,
         .code = DIME_ERROR_MALFORMED,
         .message = "entry 3 is nan"},
        {.tensor = "layers.0.weight",
         .change = drop,
         .code = DIME_ERROR_MALFORMED,
         .message = "do not belong"},
        {.tensor = "layers.0.clip", .change = drop, .code = DIME_ERROR_MALFORMED, .message = "layers.0.clip"},
        {.tensor = "layers.0.clip",
         .change = put_negative,
         .code = DIME_ERROR_MALFORMED,
         .message = "at least 0"},
        {.tensor = "layers.1.norm.running_var",
         .change = put_negative,
         .code = DIME_ERROR_MALFORMED,
         .message = "at least 0"},
        {.tensor = "layers.1.norm.bias",
         .change = drop,
         .code = DIME_ERROR_MALFORMED,
         .message = "norm.bias"},
        {.tensor = "layers.2.weight_int",
         .change = drop,
         .code = DIME_ERROR_MALFORMED,
         .message = "I16 [5, 7]"},
        {.tensor = "layers.0.weight_int",
         .change = put_even,
         .code = DIME_ERROR_MALFORMED,
         .message = "layer 1: integer weight 2 of output 1 is not a level of 4bitsym"},
        {.tensor = "layers.0.weight_int",
         .change = put_far,
         .code = DIME_ERROR_MALFORMED,
         .message = "-32768"},
        {.tensor = "layers.0.bias_shift",
         .change = put_ten,
         .code = DIME_ERROR_MALFORMED,
         .message = "is 10"},
        {.tensor = "layers.0.bias_shift",
         .change = put_minus_one,
         .code = DIME_ERROR_MALFORMED,
         .message = "is -1"},
        {.tensor = "layers.1.affine", .change = drop, .code = DIME_ERROR_MALFORMED, .message = "I32 [7, 3]"},
        {.tensor = "layers.1.affine",
         .change = put_wide_bias,
         .code = DIME_ERROR_MALFORMED,
         .message = "row 1 is"},
        {.tensor = "layers.1.affine",
         .change = put_multiplier,
         .code = DIME_ERROR_MALFORMED,
         .message = "multiplier 31"},
        {.tensor = "layers.1.affine",
         .change = put_shift,
         .code = DIME_ERROR_MALFORMED,
         .message = "row 1 is"},
        {.extra = "layers.3.weight_int",
         .code = DIME_ERROR_MALFORMED,
         .message = "1 do not belong to its 3 layers"},
        {.key = "format", .value = NULL, .code = DIME_ERROR_MALFORMED, .message = "no \"format\""},
        {.key = "format", .value = "dime-2", .code = DIME_ERROR_UNSUPPORTED, .message = "dime-1"},
        {.key = "config", .value = NULL, .code = DIME_ERROR_MALFORMED, .message = "no \"config\""},
        {.key = "config",
         .value = "nonsense: 1\n",
         .code = DIME_ERROR_MALFORMED,
         .message = "configuration is wrong"},
        {.key = "config", .value = huge, .code = DIME_ERROR_MALFORMED, .message = "F32 [4096, 4096]"},
        {.key = "classes", .value = NULL, .code = DIME_ERROR_MALFORMED, .message = "no \"classes\""},
        {.key = "classes", .value = "-5", .code = DIME_ERROR_MALFORMED, .message = "classes"},
        {.key = "classes", .value = "1", .code = DIME_ERROR_MALFORMED, .message = "1 classes"},
        {.key = "classes", .value = "6", .code = DIME_ERROR_MALFORMED, .message = "layers.2.weight"},
        {.key = "metrics", .value = "{\"a\":", .code = DIME_ERROR_MALFORMED, .message = "not a JSON object"},
        {.key = "metrics", .value = "1", .code = DIME_ERROR_MALFORMED, .message = "not a JSON object"},
        {.key = "class_names",
         .value = "[\"a\",\"b\",\"c\",\"d\"]",
         .code = DIME_ERROR_MALFORMED,
         .message = "array of 5 strings"},
        {.key = "class_names",
         .value = "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]",
         .code = DIME_ERROR_MALFORMED,
         .message = "array of 5 strings"},
        {.key = "class_names",
         .value = "[\"a\",\"b\",\"c\",\"d\",5]",
         .code = DIME_ERROR_MALFORMED,
         .message = "array of 5 strings"},
        {.key = "class_names",
         .value = "[\"a\",\"b\",\"c\",\"d\",[\"e\"]]",
         .code = DIME_ERROR_MALFORMED,
         .message = "class_names has"},
        {.key = "class_names",
         .value = "{\"a\":\"b\",\"c\":\"d\"}",
         .code = DIME_ERROR_MALFORMED,
         .message = "array of 5 strings"},
        {.key = "class_names",
         .value = "[\"a\",\"b\"",
         .code = DIME_ERROR_MALFORMED,
         .message = "array of 5 strings"},
        {.key = "class_names", .value = "", .code = DIME_ERROR_MALFORMED, .message = "array of 5 strings"},
        {.key = "class_names",
         .value = "[\"a\",\"b\",\"c\",\"d\",\"\\u001b[2J\"]",
         .code = DIME_ERROR_MALFORMED,
         .message = "class 4 has a control character"},
        {.key = "class_names",
         .value = "[\"a\",\"b\",\"c\",\"d\",\"\\u0000e\"]",
         .code = DIME_ERROR_MALFORMED,
         .message = "class_names has"},
        {.key = "class_names",
         .value = "[\"a\",\"b\",\"c\",\"d\",\"\"]",
         .code = DIME_ERROR_MALFORMED,
         .message = "class 4 is empty"},
    };
    struct dime_config config = small_config(DIME_FORMAT_4BITSYM, DIME_NORM_BATCH, DIME_WSCALE_PER_TENSOR);
    struct dime_model model = random_model(&config);
    name(&model, "last");
    expect_done(dime_model_write(path, &model));
    dime_model_free(&model);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) damage_and_expect(&damages[i]);
}

/* Sums of the packed layer against the plain product with the model's integer weights. */
static void check_sums(const struct dime_layer *packed, const struct dime_model_layer *layer,
                       struct dime_random *random) {
    int8_t activations[64];
    int32_t sums[64];
    for (uint32_t k = 0; k < layer->inputs; k++)
        activations[k] = (int8_t)((int32_t)dime_random_below(random, 255) - 127);
    dime_layer_sums(packed, activations, sums);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        int32_t expected = 0;
        for (uint32_t k = 0; k < layer->inputs; k++)
            expected += layer->value[m * layer->inputs + k] * activations[k];
        assert_int_equal(sums[m], expected);
    }
}

static void check_runtime(enum dime_format_id format, enum dime_norm norm, enum dime_wscale wscale) {
    struct dime_config config = small_config(format, norm, wscale);
    struct dime_model model = random_model(&config), copy = random_model(&config);
    struct dime_random random = dime_random_stream(4, 5, 6);
    struct dime_runtime runtime;
    expect_done(dime_runtime_create(&runtime, &copy));
    dime_model_free(&copy); /* the runtime stands on its own */
    assert_int_equal(runtime.network.widest, 20);
    assert_int_equal(runtime.network.layer_count, 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct dime_layer *layer = &runtime.network.layers[i];
        int last = i == 2;
        int expected = last                      ? DIME_REQUANTIZE_NONE
                       : norm == DIME_NORM_BATCH ? DIME_REQUANTIZE_FIXED
                                                 : DIME_REQUANTIZE_SHIFT;
        assert_int_equal(layer->requantize, expected);
        assert_int_equal(layer->centre, !last && norm == DIME_NORM_LAYER);
        assert_int_equal(layer->activation_bits, config.activation_bits);
        assert_int_equal(layer->affine != NULL, norm == DIME_NORM_BATCH || wscale == DIME_WSCALE_PER_OUTPUT);
        if (layer->affine)
            assert_memory_equal(layer->affine, model.layers[i].affine,
                                layer->outputs * sizeof *layer->affine);
        assert_int_equal(layer->bias_shift, model.layers[i].bias_shift);
        check_sums(layer, &model.layers[i], &random);
    }
    dime_runtime_free(&runtime);
    dime_model_free(&model);
}

static void runtime_is_the_model(void **state) {
    (void)state;
    for (int format = DIME_FORMAT_NONE + 1; format < DIME_FORMAT_COUNT; format++)
        for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm++)
            for (int wscale = 0; wscale <= DIME_WSCALE_PER_OUTPUT; wscale++)
                check_runtime((enum dime_format_id)format, (enum dime_norm)norm, (enum dime_wscale)wscale);
}

static void runtime_refuses_what_cannot_run(void **state) {
    (void)state;
    struct dime_runtime runtime;
    struct dime_config config = small_config(DIME_FORMAT_NONE, DIME_NORM_RMS, DIME_WSCALE_PER_TENSOR);
    struct dime_model model = random_model(&config);
    expect_refused(DIME_ERROR_UNSUPPORTED, "dime quantize", dime_runtime_create(&runtime, &model));
    assert_null(runtime.layers);
    dime_model_free(&model);
    config = small_config(DIME_FORMAT_2BITSYM, DIME_NORM_BATCH, DIME_WSCALE_PER_TENSOR);
    model = random_model(&config);
    model.layers[1].affine[2].multiplier = 64;
    expect_refused(DIME_ERROR_MALFORMED, "layer 2: output 2", dime_runtime_create(&runtime, &model));
    model.layers[1].affine[2].multiplier = 32;
    model.layers[1].affine[2].bias = INT16_MIN;
    model.layers[1].bias_shift = 9; /* -32768 << 9 is -2^24, one too low */
    expect_refused(DIME_ERROR_MALFORMED, "layer 2: output 2", dime_runtime_create(&runtime, &model));
    model.layers[1].affine[2].bias = INT16_MIN + 1;
    expect_done(dime_runtime_create(&runtime, &model));
    dime_runtime_free(&runtime);
    model.layers[2].value[0] = 0;
    expect_refused(DIME_ERROR_MALFORMED, "not a level", dime_runtime_create(&runtime, &model));
    dime_model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_gives_shapes_and_initial_content),
        cmocka_unit_test(create_checks_the_accumulator),
        cmocka_unit_test(create_refuses_impossible_shapes),
        cmocka_unit_test(bytes_are_those_in_flash),
        cmocka_unit_test(files_round_trip),
        cmocka_unit_test(maps_round_trip),
        cmocka_unit_test(kernels_have_four_dimensions),
        cmocka_unit_test(integer_models_round_trip),
        cmocka_unit_test(writer_refuses_what_is_not_quantized),
        cmocka_unit_test(class_names_round_trip),
        cmocka_unit_test(class_names_are_checked),
        cmocka_unit_test(reader_refuses_damaged_files),
        cmocka_unit_test(runtime_is_the_model),
        cmocka_unit_test(runtime_refuses_what_cannot_run),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
