/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/random.h"
#include "model/bitnetmcu.h"

static char folder[] = "/tmp/dime-test-bitnetmcu-XXXXXX";
static char path[128];

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/BitNetMCU_model.h", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
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

static int parse(const char *text, struct dime_model *model) {
    size_t length = strlen(text);
    char *copy = malloc(length + 1); /* without the zero, so that a sanitizer sees reads behind the end */
    memcpy(copy, text, length);
    int code = dime_bitnetmcu_parse("h", copy, length, NULL, model);
    free(copy);
    return code;
}

/* Two layers of 16-8-2: pictures of 4x4, 4-bit formats. */
#define LAYER_1(id, words)                                                                                   \
    "#define L1_active\n#define L1_bitperweight " id "\n#define L1_incoming_weights 16\n"                    \
    "#define L1_outgoing_weights 8\nconst uint32_t L1_weights[] = {" words "};\n"
#define LAYER_2(id, words)                                                                                   \
    "#define L2_active\n#define L2_bitperweight " id "\n#define L2_incoming_weights 8\n"                     \
    "#define L2_outgoing_weights 2\nconst uint32_t L2_weights[] = {" words "};\n"
/* 1 channel of 4x4 to 2 of 2x2, with something wrong in it. */
#define CONVOLUTION(groups, out_x, type)                                                                     \
    "#define L0_type BitConv2d\n#define L0_in_channels 1\n#define L0_out_channels 2\n#define L0_incoming_x " \
    "4\n"                                                                                                    \
    "#define L0_kernel_size 3\n#define L0_stride 1\n#define L0_padding 0\n#define L0_groups " groups         \
    "\n#define L0_bitperweight 8\n#define L0_outgoing_x " out_x "\nconst " type                              \
    " L0_weights[] = {1,2,3,4,5,6,7,8,9,1,2,3,4,5,6,7,8,9};\n#define L1_type MaxPool2d\n#define "            \
    "L1_pool_size 1\n"

#define ZEROS_14 "0,0,0,0,0,0,0,0,0,0,0,0,0,0"
#define ZEROS_16 "0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0"
#define COUNT_DIGITS "0x01234567,0x89abcdef"

static void expect_row(const struct dime_model_layer *layer, uint32_t m, uint32_t count,
                       const int16_t *expected) {
    assert_memory_equal(layer->value + m * layer->inputs, expected, count * sizeof *expected);
}

/* What exportquant.py packs for each format: the first weight in the topmost bits. */
static void decodes_each_format(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum dime_format_id format;
        int16_t rows[2][8];
    } cases[] = {
        {LAYER_1("4", ZEROS_16) LAYER_2("4", COUNT_DIGITS),
         DIME_FORMAT_4BITSYM,
         {{1, 3, 5, 7, 9, 11, 13, 15}, {-1, -3, -5, -7, -9, -11, -13, -15}}},
        {LAYER_1("12", ZEROS_16) LAYER_2("12", COUNT_DIGITS),
         DIME_FORMAT_4BIT,
         {{0, 1, 2, 3, 4, 5, 6, 7}, {-8, -7, -6, -5, -4, -3, -2, -1}}},
        {LAYER_1("20", ZEROS_16) LAYER_2("20", COUNT_DIGITS),
         DIME_FORMAT_FP130,
         {{1, 2, 4, 8, 16, 32, 64, 128}, {-1, -2, -4, -8, -16, -32, -64, -128}}},
        {LAYER_1("36", ZEROS_16) LAYER_2("36", COUNT_DIGITS),
         DIME_FORMAT_NF4,
         {{-127, -88, -67, -50, -36, -23, -12, 0}, {10, 20, 31, 43, 56, 71, 92, 127}}},
        {LAYER_1("4", ZEROS_16) LAYER_2("16", "0x0001027f,0x8081feff,0,0"),
         DIME_FORMAT_8BIT,
         {{0, 1, 2, 127, -128, -127, -2, -1}, {0, 0, 0, 0, 0, 0, 0, 0}}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dime_model model;
        expect_done(parse(cases[i].text, &model));
        assert_int_equal(model.layers[1].format, cases[i].format);
        assert_null(model.layers[1].weight);
        assert_int_equal(model.classes, 2);
        expect_row(&model.layers[1], 0, 8, cases[i].rows[0]);
        expect_row(&model.layers[1], 1, 8, cases[i].rows[1]);
        dime_model_free(&model);
    }
}

static void decodes_one_and_two_bits(void **state) {
    (void)state;
    struct dime_model model;
    expect_done(
        parse("#define L1_bitperweight 2\n#define L1_incoming_weights 16\n#define L1_outgoing_weights 32\n"
              "const uint32_t L1_weights[] = {0x1b1b1b1b," ZEROS_16 ",0,0,0,0,0,0,0,0,0,0,0,0,0,0,0};\n"
              "#define L2_bitperweight 1\n#define L2_incoming_weights 32\n#define L2_outgoing_weights 2\n"
              "const uint32_t L2_weights[] = {0x40000000,0xbfffffff};\n",
              &model));
    expect_row(&model.layers[0], 0, 8, (const int16_t[]){1, 3, -1, -3, 1, 3, -1, -3});
    expect_row(&model.layers[1], 0, 4, (const int16_t[]){-1, 1, -1, -1});
    expect_row(&model.layers[1], 1, 4, (const int16_t[]){1, -1, 1, 1});
    dime_model_free(&model);
}

/* 16 inputs filled up to 20. Trits of the first word 0,1,2,2,2,2,2,2,2,2 are 3^8 + 2 (3^8 - 1) / 2 = 13121,
   which exportquant.py stores as ceil(13121 * 65536 / 59049) = 14563; ten times 2 are 59048, stored as 65535.
 */
#define TERNARY(word)                                                                                        \
    "#define L1_bitperweight 64\n#define L1_incoming_weights 20\n#define L1_outgoing_weights 2\n"            \
    "const uint16_t L1_weights[] = {0x38e3, 0xffff, 0xffff," word "};\n"

static void decodes_filled_up_ternary(void **state) {
    (void)state;
    struct dime_model model;
    expect_done(parse(TERNARY("0xffff"), &model));
    assert_int_equal(model.layers[0].inputs, 16);
    assert_int_equal(model.config.input_size, 4);
    expect_row(&model.layers[0], 0, 4, (const int16_t[]){1, -1, 0, 0});
    dime_model_free(&model);
    expect_refused(DIME_ERROR_MALFORMED, "weights behind its last input", parse(TERNARY("0xfffe"), &model));
}

static const char vintage[] =
    "// Automatically generated header file\r\n"
    "#include <stdint.h>\r\n"
    "#ifndef BITNETMCU_MODEL_H /* guard */\r\n"
    "#define BITNETMCU_MODEL_H\r\n"
    "#define MODEL_FCMNIST\r\n"
    "#pragma once\r\n"
    "/* Accuracy of\r\n   quantized model: 99 % */\r\n"
    "#define NUM_LAYERS \\\r\n  2 // two\r\n"
    "static const int8_t picture[2] = {-128, 127};\r\n"
    "#define L3_active\r\n#define L3_bitperweight 4 /* a\n b */\r\n"
    "#  define L3_incoming_weights 0x10u\r\n#define L3_outgoing_weights 8 // x \\\n y\r\n"
    "const\nuint32_t L3_weights [ 16 ] = {\r\n\t1,0XfFUL,\n" ZEROS_14 " /*,*/\r\n}; // first\r\n"
    "#define L5_bitperweight 4\r\n#define L5_incoming_weights 8\r\n"
    "#define L5_outgoing_weights 2\r\nconst uint32_t L5_weights[] = {5, 0x6,};\r\n#endif";

/* Comments, line ends, continuations, gaps between layers' numbers. */
static void reads_all_that_c_allows_here(void **state) {
    (void)state;
    struct dime_model model;
    expect_done(parse(vintage, &model));
    assert_int_equal(model.layer_count, 2);
    expect_row(&model.layers[0], 0, 16,
               (const int16_t[]){1, 1, 1, 1, 1, 1, 1, 3, 1, 1, 1, 1, 1, 1, -15, -15});
    expect_row(&model.layers[1], 1, 8, (const int16_t[]){1, 1, 1, 1, 1, 1, 1, 13});
    dime_model_free(&model);
}

static void refuses_with_line_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int code;
        const char *message;
    } cases[] = {
        {"", DIME_ERROR_MALFORMED, "no layers"},
        {"#include <stdint.h>\n", DIME_ERROR_MALFORMED, "no layers"},
        {"\n/* a\n\n", DIME_ERROR_MALFORMED, "h:2: this comment has no end"},
        {"\n#", DIME_ERROR_MALFORMED, "h:2: the file ends where a directive"},
        {"#define", DIME_ERROR_MALFORMED, "h:1: the file ends where a macro's name"},
        {"#define 'x'", DIME_ERROR_MALFORMED, "h:1: '''"},
        {"#ifdef X\n", DIME_ERROR_UNSUPPORTED, "h:1: #ifdef"},
        {"#ifndef X\n#else\n", DIME_ERROR_UNSUPPORTED, "h:2: #else"},
        {"\n\nint main(void) {}", DIME_ERROR_MALFORMED, "h:3: '(' where"},
        {"\x01", DIME_ERROR_MALFORMED, "h:1: byte 0x01"},
        {"const float w[] = {1};", DIME_ERROR_UNSUPPORTED, "h:1: an array of type float"},
        {"const uint8_t w[] = {256};", DIME_ERROR_MALFORMED, "h:1: 256 is not"},
        {"const uint8_t w[] = {-1};", DIME_ERROR_MALFORMED, "h:1: -1 is not"},
        {"const int8_t w[] = {-129};", DIME_ERROR_MALFORMED, "h:1: -129 is not"},
        {"const uint32_t w[] = {0x100000000};", DIME_ERROR_MALFORMED, "h:1: 0x100000000 is not"},
        {"const uint32_t w[] = {010};", DIME_ERROR_MALFORMED, "h:1: 010 is not"},
        {"const uint32_t w[] = {0x};", DIME_ERROR_MALFORMED, "h:1: 0x is not"},
        {"const uint32_t w[] = {1.5};", DIME_ERROR_MALFORMED, "h:1: '.' where a comma"},
        {"const uint32_t w[] = {1\n\n 2};", DIME_ERROR_MALFORMED, "h:3: '2' where a comma"},
        {"const uint32_t w[] = {1,", DIME_ERROR_MALFORMED, "file ends"},
        {"const uint32_t w[] = {1}", DIME_ERROR_MALFORMED, "the file ends where ;"},
        {"const uint32_t w[2] = {1};", DIME_ERROR_MALFORMED, "h:1: w[2] has 1 numbers"},
        {"const uint32_t w = 1;", DIME_ERROR_MALFORMED, "h:1: '=' where ["},
        {"#define L1_bitperweight four\n", DIME_ERROR_MALFORMED, "h:1: L1_bitperweight is not defined as"},
        {"#define L1_bitperweight 4\n#define L1_bitperweight 4\n", DIME_ERROR_MALFORMED,
         "h:2: L1_bitperweight is defined "
         "again, first in line 1"},
        {LAYER_1("4", ZEROS_16) "const uint32_t L1_weights[] = {0};", DIME_ERROR_MALFORMED,
         "h:6: L1_weights stands here "
         "again, first in line 5"},
        {"#define L1_active\n", DIME_ERROR_MALFORMED, "h:1: layer L1 has no L1_bitperweight"},
        {LAYER_1("4", ZEROS_16) "#define L2_active\n", DIME_ERROR_MALFORMED, "h:6: layer L2 has no"},
        {"#define NUM_LAYERS 3\n" LAYER_1("4", ZEROS_16), DIME_ERROR_MALFORMED,
         "h:1: NUM_LAYERS is 3, but 1"},
        {LAYER_1("5", ZEROS_16), DIME_ERROR_UNSUPPORTED,
         "h:2: L1_bitperweight 5 is unknown; known: 1 Binary"},
        {LAYER_1("4", "0"), DIME_ERROR_MALFORMED,
         "h:5: L1_weights has 1 words; 8 outputs of 16 inputs need 16"},
        {LAYER_1("4", ZEROS_16 ",0"), DIME_ERROR_MALFORMED, "h:5: L1_weights has 17 words"},
        {LAYER_1("1", "0"), DIME_ERROR_UNSUPPORTED, "h:3: 16 inputs of Binary do not fill 32-bit words"},
        {LAYER_1("64", "0"), DIME_ERROR_UNSUPPORTED, "h:3: 16 inputs are no square picture"},
        {LAYER_1("4", ZEROS_16) LAYER_1("4", ZEROS_16), DIME_ERROR_MALFORMED,
         "h:7: L1_bitperweight is defined again"},
        {LAYER_2("4", "0,0"), DIME_ERROR_UNSUPPORTED, "h:3: 8 inputs are no square picture"},
        {"#define L1_quanttype 4bit\n" LAYER_1("4", ZEROS_16), DIME_ERROR_MALFORMED,
         "h:1: L1_quanttype contradicts"},
        {"#define L1_type Conv3d\n" LAYER_1("8", ZEROS_16), DIME_ERROR_UNSUPPORTED,
         "h:1: layer L1 is a Conv3d; known are BitConv2d, MaxPool2d and BitLinear"},
        {"#define L1_type BitConv2d\n" LAYER_1("8", ZEROS_16), DIME_ERROR_MALFORMED,
         "h:1: layer L1 has no L1_in_channels; cut short?"},
        {"#define L3_type MaxPool2d\n", DIME_ERROR_MALFORMED, "h:1: layer L3 has no L3_pool_size"},
        {CONVOLUTION("2", "6", "int8_t") LAYER_2("4", "0,0"), DIME_ERROR_UNSUPPORTED,
         "h:8: L0_groups 2; 1 and"},
        {CONVOLUTION("1", "7", "int8_t") LAYER_2("4", "0,0"), DIME_ERROR_MALFORMED,
         "h:10: L0_outgoing_x is 7, but the layers before it give 2"},
        {CONVOLUTION("1", "2", "uint32_t") LAYER_2("4", "0,0"), DIME_ERROR_UNSUPPORTED,
         "h:9: L0 is a convolution with weights other than 8 bits"},
        {"#define DIME_INPUT_ENCODING x\n", DIME_ERROR_MALFORMED, "h:1: unknown input encoding"},
        {"#define DIME_INPUT_SIZE 5\n" LAYER_1("4", ZEROS_16), DIME_ERROR_MALFORMED,
         "h:4: L1_incoming_weights is 16, but"},
        {"#define DIME_INPUT_SIZE 70000\n" LAYER_1("4", ZEROS_16), DIME_ERROR_CONFIG, "input_size"},
        {"#define L1_outgoing_weights 1\n#define L1_bitperweight 4\n#define L1_incoming_weights 16\n"
         "const uint32_t L1_weights[] = {0,0};",
         DIME_ERROR_CONFIG, "1 classes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dime_model model;
        expect_refused(cases[i].code, cases[i].message, parse(cases[i].text, &model));
        assert_null(model.layers[0].value);
    }
}

static void refuses_every_truncation(void **state) {
    (void)state;
    static const char text[] = "#define NUM_LAYERS 2\n" LAYER_1("4", ZEROS_16) LAYER_2("4", "1,2");
    struct dime_model model;
    for (size_t cut = 0; cut < sizeof text - 3; cut++) { /* up to before the last semicolon */
        char *shorter = malloc(cut + 1);
        memcpy(shorter, text, cut);
        assert_int_not_equal(dime_bitnetmcu_parse("h", shorter, cut, NULL, &model), 0);
        free(shorter);
    }
    expect_done(parse(text, &model));
    dime_model_free(&model);
}

static void input_comes_from_options_then_header_then_size(void **state) {
    (void)state;
    static const char text[] =
        "#define DIME_INPUT_ENCODING \"unsigned\"\n#define DIME_INPUT_THRESHOLD 9\n" LAYER_1("4", ZEROS_16);
    struct dime_model model;
    expect_done(parse(text, &model));
    assert_int_equal(model.config.input_encoding, DIME_INPUT_UNSIGNED);
    assert_int_equal(model.config.input_threshold, 9);
    dime_model_free(&model);
    struct dime_bitnetmcu_options options = {4, DIME_INPUT_BINARY, 200};
    expect_done(dime_bitnetmcu_parse("h", text, strlen(text), &options, &model));
    assert_int_equal(model.config.input_encoding, DIME_INPUT_BINARY);
    assert_int_equal(model.config.input_threshold, 200);
    dime_model_free(&model);
    options.input_size = 5;
    expect_refused(DIME_ERROR_MALFORMED, "but the picture or layer before it gives 25",
                   dime_bitnetmcu_parse("h", text, strlen(text), &options, &model));
    options = (struct dime_bitnetmcu_options){0, -1, 256};
    expect_refused(DIME_ERROR_MALFORMED, "threshold 256",
                   dime_bitnetmcu_parse("h", text, strlen(text), &options, &model));
    expect_done(parse(LAYER_1("4", ZEROS_16), &model));
    assert_int_equal(model.config.input_encoding, DIME_INPUT_MEAN_SUBTRACTED);
    dime_model_free(&model);
}

/* 784 inputs are RiscV's binary pictures. */
static void binary_is_assumed_for_28_pixels(void **state) {
    (void)state;
    struct dime_model model;
    char text[4000] =
        "#define L1_bitperweight 4\n#define L1_incoming_weights 784\n#define L1_outgoing_weights 2\n"
        "const uint32_t L1_weights[] = {";
    for (int i = 0; i < 196; i++) strcat(text, "0,");
    strcat(text, "};");
    expect_done(parse(text, &model));
    assert_int_equal(model.config.input_size, 28);
    assert_int_equal(model.config.input_encoding, DIME_INPUT_BINARY);
    assert_int_equal(model.config.input_threshold, 73);
    dime_model_free(&model);
}

/* 16x16 pictures and the given outputs, all weights random. */
static struct dime_model random_model(enum dime_format_id format, uint32_t layers, const uint32_t *outputs) {
    struct dime_config config;
    struct dime_model model;
    struct dime_random random = dime_random_stream(7, 8, 9);
    dime_config_default(&config);
    memset(config.width, 0, sizeof config.width);
    config.format = format;
    config.norm = DIME_NORM_LIN;
    config.wscale = DIME_WSCALE_PER_TENSOR;
    config.input_size = 16;
    config.input_encoding = DIME_INPUT_UNSIGNED;
    config.activation_bits = 8;
    config.layer_count = layers;
    for (uint32_t i = 0; i < layers; i++)
        config.layers[i] = (struct dime_layer_config){.outputs = outputs[i], .format = format};
    expect_done(dime_model_create(&model, &config, outputs[layers - 1]));
    for (uint32_t i = 0; i < layers; i++) {
        struct dime_model_layer *layer = &model.layers[i];
        const struct dime_format *descriptor = dime_format_get(format);
        for (uint32_t j = 0; layer->value && j < layer->inputs * layer->outputs; j++)
            layer->value[j] = descriptor->value(dime_random_below(&random, descriptor->codes));
    }
    return model;
}

static void round_trip(enum dime_format_id format, uint32_t layers, const uint32_t *outputs) {
    struct dime_model model = random_model(format, layers, outputs), read;
    uint8_t *first, *second;
    size_t first_size, second_size;
    expect_done(dime_bitnetmcu_write(&model, path));
    expect_done(dime_file_read(path, 1 << 24, &first, &first_size));
    expect_done(dime_bitnetmcu_read(path, NULL, &read));
    assert_int_equal(read.config.input_encoding, model.config.input_encoding);
    assert_int_equal(read.layer_count, layers);
    for (uint32_t i = 0; i < layers; i++) {
        assert_int_equal(read.layers[i].format, format);
        assert_int_equal(read.layers[i].inputs, model.layers[i].inputs);
        size_t count = (size_t)model.layers[i].inputs * model.layers[i].outputs;
        assert_memory_equal(read.layers[i].value, model.layers[i].value,
                            count * sizeof *model.layers[i].value);
    }
    expect_done(dime_bitnetmcu_write(&read, path));
    expect_done(dime_file_read(path, 1 << 24, &second, &second_size));
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    free(first);
    free(second);
    dime_model_free(&model);
    dime_model_free(&read);
}

static void headers_round_trip(void **state) {
    (void)state;
    static const enum dime_format_id formats[] = {
        DIME_FORMAT_BINARY, DIME_FORMAT_BINARYSYM, DIME_FORMAT_TERNARY, DIME_FORMAT_2BITSYM,
        DIME_FORMAT_4BIT,   DIME_FORMAT_4BITSYM,   DIME_FORMAT_8BIT,    DIME_FORMAT_FP130,
    };
    static const uint32_t three[] = {64, 32, 10}, four[] = {32, 64, 32, 3};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        round_trip(formats[i], 3, three);
        round_trip(formats[i], 4, four);
    }
    round_trip(DIME_FORMAT_TERNARY, 3,
               (const uint32_t[]){47, 31, 10}); /* rows of Ternary may have any width */
}

/* CNNMNIST of `channels` channels with random weights. */
static struct dime_model random_cnn(const char *settings) {
    struct dime_config config;
    struct dime_model model;
    struct dime_random random = dime_random_stream(10, 11, 12);
    expect_done(dime_config_parse("cnn", settings, strlen(settings), &config));
    expect_done(dime_model_create(&model, &config, 10));
    for (uint32_t i = 0; i < model.layer_count; i++) {
        struct dime_model_layer *layer = &model.layers[i];
        const struct dime_format *descriptor = dime_format_get(layer->format);
        for (uint32_t j = 0; j < layer->inputs * layer->outputs; j++)
            layer->value[j] = descriptor->value(dime_random_below(&random, descriptor->codes));
    }
    return model;
}

#define CNN "model: CNNMNIST\nnetwork_width1: 32\nnetwork_width2: 16\ncnn_width: 12\n"

static void convolutions_round_trip(void **state) {
    (void)state;
    struct dime_model model = random_cnn(CNN "network_width3: 0\n"), read;
    expect_done(dime_bitnetmcu_write(&model, path));
    expect_done(dime_bitnetmcu_read(path, NULL, &read));
    assert_string_equal(read.config.model, "CNNMNIST");
    assert_int_equal(read.config.cnn_width, 12);
    assert_int_equal(read.config.width[0], 32);
    assert_true(dime_config_made_from_widths(&read.config));
    assert_int_equal(read.layer_count, model.layer_count);
    for (uint32_t i = 0; i < read.layer_count; i++) {
        const struct dime_model_layer *layer = &read.layers[i], *expected = &model.layers[i];
        assert_int_equal(layer->shape.kind, expected->shape.kind);
        assert_int_equal(layer->format, expected->format);
        assert_memory_equal(&layer->shape, &expected->shape, sizeof layer->shape);
        if (expected->value)
            assert_memory_equal(layer->value, expected->value,
                                (size_t)layer->inputs * layer->outputs * sizeof *layer->value);
    }
    dime_model_free(&model);
    dime_model_free(&read);
}

static void write_and_expect(struct dime_model model, int code, const char *message);

static void writer_refuses_other_convolutions(void **state) {
    (void)state;
    static const char *const settings[] = {CNN "network_width3: 8\n",
                                           "layers:\n  - {type: conv2d, outputs: 4, QuantType: 8bit, "
                                           "NormType: None}\n  - {type: maxpool}\n  - {outputs: 32}\n"
                                           "  - {outputs: 32}\n  - {}\n",
                                           "layers:\n  - {type: conv2d, outputs: 4}\n  - {}\n"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct dime_model model = random_cnn(settings[i]);
        write_and_expect(model, DIME_ERROR_UNSUPPORTED, "cannot run these convolutions");
        dime_model_free(&model);
    }
}

static void write_and_expect(struct dime_model model, int code, const char *message) {
    unlink(path);
    expect_refused(code, message, dime_bitnetmcu_write(&model, path));
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Changes the model's configuration behind its back: the writer must look at it, not at tables. */
static void writer_refuses_what_bitnetmcu_cannot_run(void **state) {
    (void)state;
    static const uint32_t shape[] = {32, 32, 32, 10, 10};
    struct dime_model model = random_model(DIME_FORMAT_4BITSYM, 3, (const uint32_t[]){32, 32, 10});
    struct dime_model changed = model;
    changed.config.wscale = DIME_WSCALE_PER_OUTPUT;
    write_and_expect(changed, DIME_ERROR_UNSUPPORTED, "PerOutput");
    changed = model;
    changed.config.norm = DIME_NORM_BATCH;
    write_and_expect(changed, DIME_ERROR_UNSUPPORTED, "BatchNorm");
    changed.config.norm = DIME_NORM_LAYER;
    write_and_expect(changed, DIME_ERROR_UNSUPPORTED, "LayerNorm");
    changed = model;
    changed.config.activation_bits = 4;
    write_and_expect(changed, DIME_ERROR_UNSUPPORTED, "activations of 4 bits");
    model.layers[1].value[5] = 2;
    write_and_expect(model, DIME_ERROR_MALFORMED, "not a level");
    dime_model_free(&model);
    static const struct {
        enum dime_format_id format;
        const char *message;
    } formats[] = {{DIME_FORMAT_NONE, "None"}, {DIME_FORMAT_NF4, "NF4"}, {DIME_FORMAT_5BITSYM, "5bitsym"}};
    for (size_t i = 0; i < 3; i++) {
        model = random_model(formats[i].format, 3, (const uint32_t[]){32, 32, 10});
        write_and_expect(model, DIME_ERROR_UNSUPPORTED, formats[i].message);
        dime_model_free(&model);
    }
    model = random_model(DIME_FORMAT_4BITSYM, 2, (const uint32_t[]){32, 10});
    write_and_expect(model, DIME_ERROR_UNSUPPORTED, "2 layers");
    dime_model_free(&model);
    model = random_model(DIME_FORMAT_2BITSYM, 5, shape);
    write_and_expect(model, DIME_ERROR_UNSUPPORTED, "5 layers");
    dime_model_free(&model);
    model = random_model(DIME_FORMAT_4BITSYM, 3, (const uint32_t[]){32, 12, 10});
    write_and_expect(model, DIME_ERROR_UNSUPPORTED, "12 inputs of 4bitsym (layer 3): 48 bits do not fill");
    dime_model_free(&model);
}

/* MAX_N_ACTIVATIONS bounds their two buffers: widest output, and hidden inputs as Ternary fills them up. */
static void activations_are_bounded(void **state) {
    (void)state;
    uint8_t *text;
    size_t size;
    struct dime_model model = random_model(DIME_FORMAT_TERNARY, 3, (const uint32_t[]){47, 31, 10});
    expect_done(dime_bitnetmcu_write(&model, path));
    expect_done(dime_file_read(path, 1 << 24, &text, &size));
    assert_non_null(strstr((const char *)text, "#define MAX_N_ACTIVATIONS 50\n"));
    assert_non_null(strstr((const char *)text, "#define L1_incoming_weights 260\n"));
    assert_non_null(strstr((const char *)text, "#define MODEL_FCMNIST\n"));
    free(text);
    dime_model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_each_format),
        cmocka_unit_test(decodes_one_and_two_bits),
        cmocka_unit_test(decodes_filled_up_ternary),
        cmocka_unit_test(reads_all_that_c_allows_here),
        cmocka_unit_test(refuses_with_line_numbers),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(input_comes_from_options_then_header_then_size),
        cmocka_unit_test(binary_is_assumed_for_28_pixels),
        cmocka_unit_test(headers_round_trip),
        cmocka_unit_test(convolutions_round_trip),
        cmocka_unit_test(writer_refuses_other_convolutions),
        cmocka_unit_test(writer_refuses_what_bitnetmcu_cannot_run),
        cmocka_unit_test(activations_are_bounded),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
