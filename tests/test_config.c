/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"
#include "base/nearest.h"
#include "base/random.h"
#include "model/config.h"
#include "model/formats.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int parse(const char *text, struct dime_config *config) {
    memset(config, 0, sizeof *config);
    return dime_config_parse("t.yaml", text, strlen(text), config);
}

static void parse_good(const char *text, struct dime_config *config) {
    int error = parse(text, config);
    if (error) print_error("%s\n  in: %s\n", dime_error_message(), text);
    assert_int_equal(error, 0);
}

static void assert_refused(const char *text, int code, const char *message) {
    struct dime_config config;
    memset(&config, 0xA5, sizeof config);
    struct dime_config before = config;
    int error = dime_config_parse("t.yaml", text, strlen(text), &config);
    if (error != code) print_error("status %d of: %s\n", error, text);
    assert_int_equal(error, code);
    assert_string_equal(dime_error_message(), message);
    assert_memory_equal(&config, &before, sizeof config);
}

/* --- defaults --- */

static void test_defaults_are_the_seeds(void **state) {
    (void)state;
    struct dime_config config;
    dime_config_default(&config);
    assert_string_equal(config.model, "FCMNIST");
    assert_string_equal(config.dataset, "MNIST");
    assert_string_equal(config.runtag, "");
    assert_int_equal(config.format, DIME_FORMAT_4BITSYM);
    assert_int_equal(config.norm, DIME_NORM_RMS);
    assert_int_equal(config.wscale, DIME_WSCALE_PER_TENSOR);
    assert_int_equal(config.clip, DIME_CLIP_OCTAV);
    assert_int_equal(config.clip_update, DIME_CLIP_EVERY_EPOCH);
    assert_int_equal(config.clip_until_epoch, 60);
    assert_true(config.clip_scale == 0.25f);
    assert_int_equal(config.batch_size, 128);
    assert_int_equal(config.epochs, 60);
    assert_int_equal(config.schedule, DIME_SCHEDULE_COSINE);
    assert_true(config.learning_rate == 0.001f && config.lr_decay == 0.1f);
    assert_int_equal(config.step_size, 10);
    assert_int_equal(config.t_0, 10);
    assert_int_equal(config.t_mult, 1);
    assert_int_equal(config.halve_lr_epoch, -1);
    assert_int_equal(config.augmentation, 1);
    assert_int_equal(config.keep_original, 1);
    assert_true(config.rotation1 == 10 && config.rotation2 == 10);
    assert_true(config.translation == 0.1f && config.scale == 0.1f && config.shear == 0);
    assert_true(config.elastic_probability == 0 && config.elastic_alpha == 40 && config.elastic_sigma == 4);
}

static void test_defaults_of_our_own(void **state) {
    (void)state;
    struct dime_config config;
    dime_config_default(&config);
    assert_int_equal(config.input_size, 16);
    assert_int_equal(config.input_encoding, DIME_INPUT_MEAN_SUBTRACTED);
    assert_int_equal(config.input_threshold, 73);
    assert_int_equal(config.validation_size, 5000);
    assert_int_equal(config.seed, 1);
    assert_int_equal(config.activation_bits, 8);
    assert_true(config.activation_clip == 0);
    assert_true(config.weight_decay == 0 && config.adam_beta1 == 0.9f && config.adam_beta2 == 0.999f);
    assert_int_equal(config.warmup_epochs, 0);
    assert_int_equal(config.layer_count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(config.layers[i].outputs, i < 3 ? 64 : 0);
        assert_int_equal(config.layers[i].format, DIME_FORMAT_4BITSYM);
    }
    for (int i = 0; i < 3; i++) assert_int_equal(config.width[i], 64);
}

/* What the documentation calls the default is the default, key by key. */
static void test_each_default_reads_back(void **state) {
    (void)state;
    struct dime_config expected, config;
    memset(&expected, 0, sizeof expected);
    dime_config_default(&expected);
    parse_good("", &config);
    assert_memory_equal(&config, &expected, sizeof config);
    for (size_t i = 0; i < dime_config_key_count(); i++) {
        struct dime_config_key key;
        dime_config_key_describe(i, &key);
        if (!*key.default_value || !strcmp(key.name, "maxw_update_until_epoch")) continue;
        char text[128];
        snprintf(text, sizeof text, "%s: %s\n", key.name, key.default_value);
        parse_good(text, &config);
        assert_memory_equal(&config, &expected, sizeof config);
    }
}

/* --- the peers' files and our own --- */

static char *read_text(const char *path) {
    uint8_t *bytes;
    size_t size;
    int error = dime_file_read(path, 1 << 20, &bytes, &size);
    if (error) print_error("%s\n", dime_error_message());
    assert_int_equal(error, 0);
    return (char *)bytes;
}

static void test_file_of_the_seed(void **state) {
    (void)state;
    struct dime_config config;
    assert_int_equal(dime_config_read("tests/data/parameters-seed.yaml", NULL, 0, &config), 0);
    assert_int_equal(config.clip, DIME_CLIP_PROP);
    assert_int_equal(config.clip_update, DIME_CLIP_EVERY_STEP);
    assert_true(config.clip_scale == 0.25f);
    assert_string_equal(config.model, "FCMNIST");
    assert_string_equal(config.runtag, "opt_");
    assert_int_equal(config.layer_count, 3);
    assert_int_equal(config.layers[0].outputs, 16);
    assert_int_equal(config.layers[1].outputs, 16);
    assert_int_equal(config.layers[2].outputs, 0);
}

/* Writes over a part of a longer text. */
static void overwrite(char *at, const char *text) {
    while (*text) *at++ = *text++;
}

static void check_layer(const struct dime_layer_config *layer, enum dime_layer_kind kind, uint32_t outputs,
                        enum dime_format_id format, int wide) {
    assert_int_equal(layer->kind, kind);
    assert_int_equal(layer->outputs, outputs);
    assert_int_equal(layer->format, format);
    assert_int_equal(layer->wide, wide);
}

/* The network of BitNetMCU's models.py; a width of 0 is left out. */
static void check_cnnmnist(const struct dime_config *config, uint32_t width1, uint32_t width2,
                           uint32_t width3) {
    const struct dime_layer_config *layer = config->layers;
    check_layer(layer++, DIME_LAYER_CONV2D, config->cnn_width, DIME_FORMAT_8BIT, 1);
    check_layer(layer++, DIME_LAYER_DEPTHWISE, 0, DIME_FORMAT_8BIT, 1);
    check_layer(layer++, DIME_LAYER_MAX_POOL, 0, config->format, 0);
    check_layer(layer++, DIME_LAYER_DEPTHWISE, 0, DIME_FORMAT_8BIT, 1);
    check_layer(layer++, DIME_LAYER_MAX_POOL, 0, config->format, 0);
    check_layer(layer++, DIME_LAYER_FC, width1, DIME_FORMAT_2BITSYM, 0);
    check_layer(layer++, DIME_LAYER_FC, width2, config->format, 0);
    if (width3) check_layer(layer++, DIME_LAYER_FC, width3, config->format, 0);
    check_layer(layer++, DIME_LAYER_FC, 0, config->format, 0);
    assert_int_equal(config->layer_count, layer - config->layers);
}

static void test_file_of_bitnetmcu(void **state) {
    (void)state;
    const char *path = "tests/data/parameters-bitnetmcu.yaml";
    struct dime_config config;
    assert_int_equal(dime_config_read(path, NULL, 0, &config), 0);
    check_cnnmnist(&config, 96, 64, 0);
    char *text = read_text(path);
    char *model = strstr(text, "'CNNMNIST'");
    assert_non_null(model);
    overwrite(model, "'FCMNIST' ");
    parse_good(text, &config);
    free(text);
    assert_int_equal(config.clip, DIME_CLIP_OCTAV);
    assert_int_equal(config.clip_update, DIME_CLIP_EVERY_EPOCH);
    assert_int_equal(config.t_0, 5);
    assert_int_equal(config.t_mult, 4);
    assert_int_equal(config.halve_lr_epoch, 30);
    assert_int_equal(config.batch_size, 64);
    assert_int_equal(config.width[0], 96);
    assert_int_equal(config.cnn_width, 64);
}

static void test_published_configurations(void **state) {
    (void)state;
    struct dime_config config;
    assert_int_equal(dime_config_read("configs/seed-16x16.yaml", NULL, 0, &config), 0);
    assert_int_equal(config.input_size, 16);
    assert_int_equal(config.layer_count, 4);
    assert_int_equal(config.clip_update, DIME_CLIP_EVERY_STEP);
    assert_int_equal(dime_config_read("configs/seed-28x28.yaml", NULL, 0, &config), 0);
    assert_int_equal(config.input_size, 28);
    assert_int_equal(config.input_encoding, DIME_INPUT_BINARY);
    assert_int_equal(config.input_threshold, 73);
    assert_int_equal(config.layer_count, 3);
    assert_int_equal(dime_config_read("configs/fc-12k.yaml", NULL, 0, &config), 0);
    assert_true(config.clip_update == DIME_CLIP_LEARNED && config.input_encoding == DIME_INPUT_UNSIGNED4);
    assert_int_equal(dime_config_read("configs/cnn-5k.yaml", NULL, 0, &config), 0);
    assert_int_equal(dime_config_read("configs/cnn-8k.yaml", NULL, 0, &config), 0);
}

/* --- values --- */

static void test_truth_values(void **state) {
    (void)state;
    static const char *const yes[] = {"True", "true", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"};
    static const char *const no[] = {"False", "false", "FALSE", "no", "No", "NO", "off", "Off", "OFF"};
    struct dime_config config;
    char text[64];
    for (size_t i = 0; i < COUNT(yes); i++) {
        snprintf(text, sizeof text, "augmentation: %s\n", yes[i]);
        parse_good(text, &config);
        assert_int_equal(config.augmentation, 1);
        snprintf(text, sizeof text, "augmentation: %s\n", no[i]);
        parse_good(text, &config);
        assert_int_equal(config.augmentation, 0);
    }
}

static void test_whole_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t value;
    } cases[] = {{"0", 0},        {"64", 64},  {"+64", 64},
                 {"0x40", 64},    {"0b11", 3}, {"010", 8},
                 {"1_000", 1000}, {"-0", 0},   {"18446744073709551615", UINT64_MAX}};
    struct dime_config config;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "seed: %s\n", cases[i].text);
        parse_good(text, &config);
        assert_true(config.seed == cases[i].value);
    }
    static const char *const wrong[] = {"18446744073709551616",
                                        "-1",
                                        "1.0",
                                        "1e3",
                                        "'1'",
                                        "0x",
                                        "08",
                                        "1:30",
                                        "one",
                                        "0xfg",
                                        "0X1",
                                        "~",
                                        "",
                                        "_1"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char text[64];
        snprintf(text, sizeof text, "seed: %s\n", wrong[i]);
        assert_int_equal(parse(text, &config), DIME_ERROR_CONFIG);
    }
}

static void test_fractional_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        float value;
    } cases[] = {{"0.001", 0.001f}, {"1", 1},       {".5", 0.5f},       {"5.e-1", 0.5f}, {"1.0e-3", 0.001f},
                 {"1e-3", 0.001f},  {"+0.1", 0.1f}, {"0.000_1", 1e-4f}, {"0x2", 2},      {"010", 8}};
    struct dime_config config;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[64];
        snprintf(text, sizeof text, "learning_rate: %s\n", cases[i].text);
        parse_good(text, &config);
        assert_true(config.learning_rate == cases[i].value);
    }
    static const char *const wrong[] = {"0",      "0.0",  "-1",    ".inf", ".nan",  "nan", "inf",
                                        "0x1p-3", "10.1", "1e400", ".",    "e1",    "1e",  "''",
                                        "'0.1'",  "08",   "1e_1",  "._1",  "1:30.5"};
    for (size_t i = 0; i < COUNT(wrong); i++) {
        char text[64];
        snprintf(text, sizeof text, "learning_rate: %s\n", wrong[i]);
        assert_int_equal(parse(text, &config), DIME_ERROR_CONFIG);
    }
}

static void test_text(void **state) {
    (void)state;
    struct dime_config config;
    parse_good("runtag: \"a \\\"b\\\" \\u00e9\"\ndataset: 'C:\\dir'\n", &config);
    assert_string_equal(config.runtag, "a \"b\" \xC3\xA9");
    assert_string_equal(config.dataset, "C:\\dir");
    parse_good("runtag: 12\n", &config);
    assert_string_equal(config.runtag, "12");
    parse_good("runtag:\n", &config);
    assert_string_equal(config.runtag, "");
    parse_good("runtag: ~\n", &config);
    assert_string_equal(config.runtag, "");
}

static void test_every_choice(void **state) {
    (void)state;
    struct dime_config config;
    char text[64];
    for (int id = 0; id < DIME_FORMAT_COUNT; id++) {
        snprintf(text, sizeof text, "QuantType: %s\n", dime_format_name((enum dime_format_id)id));
        parse_good(text, &config);
        assert_int_equal(config.format, id);
        assert_int_equal(config.layers[0].format, id);
    }
    parse_good("NormType: LayerNorm\nWScale: PerOutput\nscheduler: CosineWarmRestarts\n", &config);
    assert_int_equal(config.norm, DIME_NORM_LAYER);
    assert_int_equal(config.wscale, DIME_WSCALE_PER_OUTPUT);
    assert_int_equal(config.schedule, DIME_SCHEDULE_COSINE_WARM_RESTARTS);
    assert_string_equal(dime_norm_name(DIME_NORM_BATCH), "BatchNorm");
    assert_string_equal(dime_wscale_name(DIME_WSCALE_PER_TENSOR), "PerTensor");
    assert_string_equal(dime_clip_name(DIME_CLIP_PROP), "prop");
    assert_string_equal(dime_schedule_name(DIME_SCHEDULE_STEP), "StepLR");
    assert_string_equal(dime_input_encoding_name(DIME_INPUT_UNSIGNED), "unsigned");
}

static void test_bits_per_weight(void **state) {
    (void)state;
    static const char *const good[] = {"QuantType: Binary\nBPW: 1\n",
                                       "QuantType: BinarySym\nBPW: 1\n",
                                       "QuantType: Ternary\nBPW: 1.6\n",
                                       "BPW: 2\nQuantType: Ternary\n",
                                       "QuantType: 2bitsym\nBPW: 2\n",
                                       "QuantType: 4bit\nBPW: 4.0\n",
                                       "BPW: 4\n",
                                       "QuantType: FP130\nBPW: 4\n",
                                       "QuantType: NF4\nBPW: 4\n",
                                       "QuantType: 5bitsym\nBPW: 5\n",
                                       "QuantType: 8bit\nBPW: 8\n",
                                       "QuantType: None\nBPW: 32\n"};
    struct dime_config config;
    for (size_t i = 0; i < COUNT(good); i++) parse_good(good[i], &config);
    assert_refused("QuantType: 8bit\nBPW: 4\n", DIME_ERROR_CONFIG,
                   "t.yaml:2: BPW 4 contradicts QuantType '8bit', whose weights have 8 bits; leave BPW out "
                   "or make it 8");
    assert_refused(
        "BPW: 2\n\nQuantType: 4bitsym\n", DIME_ERROR_CONFIG,
        "t.yaml:3: BPW 2 contradicts QuantType '4bitsym', whose weights have 4 bits; leave BPW out or make "
        "it 4");
}

static void test_clipping(void **state) {
    (void)state;
    struct dime_config config;
    parse_good("maxw_quantscale: 0.5\n", &config);
    assert_true(config.clip == DIME_CLIP_OCTAV && config.clip_update == DIME_CLIP_EVERY_EPOCH);
    assert_true(config.clip_scale == 0.5f);
    parse_good("maxw_algo: prop\nquantscale: 0.5\n", &config);
    assert_true(config.clip == DIME_CLIP_PROP && config.clip_update == DIME_CLIP_EVERY_EPOCH);
    assert_true(config.clip_scale == 0.5f);
    parse_good("quantscale: 0.3\nmaxw_quantscale: 0.3\n", &config);
    assert_true(config.clip_update == DIME_CLIP_EVERY_EPOCH && config.clip_scale == 0.3f);
    parse_good("quantscale: 0.3\nmaxw_update_until_epoch: 4\n", &config);
    assert_true(config.clip_update == DIME_CLIP_EVERY_STEP && config.clip_until_epoch == 4);
    parse_good("maxw_algo: lsq\nquantscale: 0.3\nmaxw_update_until_epoch: 4\n", &config);
    assert_true(config.clip == DIME_CLIP_LSQ && config.clip_update == DIME_CLIP_LEARNED);
    assert_int_equal(config.clip_until_epoch, 4);
    parse_good("num_epochs: 7\n", &config);
    assert_int_equal(config.clip_until_epoch, 7);
    parse_good("num_epochs: 7\nmaxw_update_until_epoch: 60\n", &config);
    assert_int_equal(config.clip_until_epoch, 60);
}

static void test_activation_clip(void **state) {
    (void)state;
    struct dime_config config;
    parse_good("NormType: BatchNorm\nactivation_clip: 4.5\n", &config);
    assert_true(config.activation_clip == 4.5f);
    assert_refused(
        "NormType: BatchNorm\nactivation_clip: 0.25\n", DIME_ERROR_CONFIG,
        "t.yaml:2: activation_clip 0.25 clips nearly everything; make it 0.5 or more, or 0 for that "
        "of activation_bits");
    assert_refused("activation_clip: 4\nNormType: RMS\n", DIME_ERROR_CONFIG,
                   "t.yaml:2: activation_clip 4 needs NormType 'BatchNorm', found 'RMS', which scales "
                   "activations instead of clipping them");
}

static void test_layers(void **state) {
    (void)state;
    struct dime_config config;
    parse_good("layers:\n  - {outputs: 32, QuantType: 2bitsym}\n  - outputs: 20\n    type: fc\n  - "
               "{QuantType: 8bit}\n"
               "QuantType: NF4\n",
               &config);
    assert_int_equal(config.layer_count, 3);
    assert_int_equal(config.layers[0].outputs, 32);
    assert_int_equal(config.layers[0].format, DIME_FORMAT_2BITSYM);
    assert_int_equal(config.layers[1].outputs, 20);
    assert_int_equal(config.layers[1].format, DIME_FORMAT_NF4);
    assert_int_equal(config.layers[2].outputs, 0);
    assert_int_equal(config.layers[2].format, DIME_FORMAT_8BIT);
    assert_int_equal(config.width[0] + config.width[1] + config.width[2], 0);
    parse_good("network_width1: 0\nnetwork_width2: 8\nnetwork_width3: 0\n", &config);
    assert_int_equal(config.layer_count, 2);
    assert_int_equal(config.layers[0].outputs, 8);
    parse_good("network_width1: 0\nnetwork_width2: 0\nnetwork_width3: 0\n", &config);
    assert_int_equal(config.layer_count, 1);
}

static void assert_same_layers(const struct dime_config *a, const struct dime_config *b) {
    assert_int_equal(a->layer_count, b->layer_count);
    assert_memory_equal(a->layers, b->layers, a->layer_count * sizeof *a->layers);
}

static void test_convolutions(void **state) {
    (void)state;
    struct dime_config config, again;
    parse_good(
        "QuantType: PoT3\nNormType: BatchNorm\nlayers:\n"
        "  - {type: conv2d, outputs: 8, activation_bits: 4}\n"
        "  - type: maxpool\n"
        "  - {type: conv2d, kernel: 5, stride: 2, padding: 1, groups: 8, outputs: 8, QuantType: 8bit}\n"
        "  - {type: avgpool, size: 3, stride: 3}\n"
        "  - {}\n",
        &config);
    static const struct dime_layer_config expected[] = {
        {8, DIME_FORMAT_POT3, DIME_LAYER_CONV2D, 3, 1, 0, 4, 0},
        {0, DIME_FORMAT_POT3, DIME_LAYER_MAX_POOL, 2, 2, 0, 0, 0},
        {8, DIME_FORMAT_8BIT, DIME_LAYER_DEPTHWISE, 5, 2, 1, 0, 0},
        {0, DIME_FORMAT_POT3, DIME_LAYER_AVG_POOL, 3, 3, 0, 0, 0},
        {0, DIME_FORMAT_POT3, DIME_LAYER_FC, 0, 0, 0, 0, 0}};
    assert_int_equal(config.layer_count, 5);
    assert_memory_equal(config.layers, expected, sizeof expected);
    char *text = dime_config_format(&config);
    parse_good(text, &again);
    assert_same_layers(&config, &again);
    free(text);
}

static void test_cnnmnist_follows_its_keys(void **state) {
    (void)state;
    struct dime_config config, again;
    parse_good("model: CNNMNIST\ncnn_width: 16\nnetwork_width1: 64\nnetwork_width2: 48\nnetwork_width3: 0\n",
               &config);
    check_cnnmnist(&config, 64, 48, 0);
    char *text = dime_config_format(&config);
    assert_non_null(strstr(text, "cnn_width: 16\n"));
    assert_null(strstr(text, "layers:"));
    parse_good(text, &again);
    assert_same_layers(&config, &again);
    free(text);
    const char *const wider[] = {"cnn_width=24"}, *const floats[] = {"QuantType=None"};
    assert_int_equal(dime_config_set(&config, wider, 1), 0);
    check_cnnmnist(&config, 64, 48, 0);
    assert_int_equal(config.layers[0].outputs, 24);
    assert_int_equal(dime_config_set(&config, floats, 1), 0);
    for (uint32_t i = 0; i < config.layer_count; i++)
        assert_int_equal(config.layers[i].format, DIME_FORMAT_NONE);
}

/* --- errors --- */

static void test_messages(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"\n\nnetwrok_width1: 64\n",
         "t.yaml:3: key 'netwrok_width1' is unknown; did you mean 'network_width1'?"},
        {"quanttype: NF4\n", "t.yaml:1: key 'quanttype' is unknown; did you mean 'QuantType'?"},
        {"colour: red\n", "t.yaml:1: key 'colour' is unknown; docs/configuration.md lists all keys"},
        {"[a]: 1\n", "t.yaml:1: a list or map stands where the name of a key is expected"},
        {"NormType: BatchNrom\n",
         "t.yaml:1: key 'NormType' is 'BatchNrom'; did you mean 'BatchNorm'? expected one of "
         "RMS, Lin, LayerNorm, BatchNorm"},
        {"NormType: Group\n",
         "t.yaml:1: key 'NormType' is 'Group'; expected one of RMS, Lin, LayerNorm, BatchNorm"},
        {"batch_size: 0\n", "t.yaml:1: key 'batch_size' is '0'; expected a whole number 1 .. 65536"},
        {"batch_size: 1.5\n", "t.yaml:1: key 'batch_size' is '1.5'; expected a whole number 1 .. 65536"},
        {"batch_size: '64'\n",
         "t.yaml:1: key 'batch_size' is the text \"64\"; expected a whole number 1 .. 65536"},
        {"batch_size:\n", "t.yaml:1: key 'batch_size' is empty; expected a whole number 1 .. 65536"},
        {"batch_size: [1]\n", "t.yaml:1: key 'batch_size' is a list; expected a whole number 1 .. 65536"},
        {"batch_size:\n  a: 1\n", "t.yaml:2: key 'batch_size' is a map; expected a whole number 1 .. 65536"},
        {"halve_lr_epoch: -2\n",
         "t.yaml:1: key 'halve_lr_epoch' is '-2'; expected a whole number -1 .. 100000"},
        {"learning_rate: fast\n", "t.yaml:1: key 'learning_rate' is 'fast'; expected a number 1e-09 .. 10"},
        {"augmentation: 1\n", "t.yaml:1: key 'augmentation' is '1'; expected True or False"},
        {"augmentation: \"True\"\n",
         "t.yaml:1: key 'augmentation' is the text \"True\"; expected True or False"},
        {"dataset: ''\n", "t.yaml:1: key 'dataset' is the text \"\"; expected text of 1 .. 255 bytes"},
        {"dataset:\n", "t.yaml:1: key 'dataset' is empty; expected text of 1 .. 255 bytes"},
        {"runtag: \"a\\nb\"\n", "t.yaml:1: key 'runtag' contains a line break or another control character"},
        {"runtag: \"a\\0b\"\n", "t.yaml:1: key 'runtag' contains a line break or another control character"},
        {"runtag: a/b\n", "t.yaml:1: runtag 'a/b' contains '/', but it is part of a folder's name"},
        {"seed: 1\nbatch_size: 2\nseed: 3\n",
         "t.yaml:3: key 'seed' is given twice, first on line 1; keep one of them"},
        {"teacher:\n", "t.yaml:1: key 'teacher' is empty; expected text of 1 .. 255 bytes"},
        {"seed: 1\nteacher: [a, [b]]\n",
         "t.yaml:2: key 'teacher' is a list; expected text of 1 .. 255 bytes"},
        {"teacher: {a: b}\n", "t.yaml:1: key 'teacher' is a map; expected a path, or a list of up to 4"},
        {"teacher:\n  [a, b, c, d,\n   e]\n",
         "t.yaml:3: key 'teacher' is a longer list; expected a path, or a list of up to 4"},
        {"model: FCMNST\n", "t.yaml:1: model 'FCMNST' is unknown; did you mean 'FCMNIST'"},
        {"model: ResNet\n", "t.yaml:1: model 'ResNet' is unknown; known are 'FCMNIST' and 'CNNMNIST'"},
        {"layers: [{outputs: 4}]\nnetwork_width2: 3\n",
         "t.yaml:2: network_width2 contradicts the list `layers`; keep one of them"},
        {"quantscale: 0.25\nmaxw_quantscale: 0.5\n",
         "t.yaml:2: quantscale 0.25 contradicts maxw_quantscale 0.5; keep one of them"},
        {"NormType: BatchNorm\nbatch_size: 1\n",
         "t.yaml:2: NormType 'BatchNorm' needs a batch_size of 2 or more, found 1"},
        {"num_epochs: 3\nwarmup_epochs: 4\n", "t.yaml:2: warmup_epochs 4 is more than num_epochs 3"},
        {"a line\n", "t.yaml:1: expected a configuration in YAML: lines such as 'batch_size: 128'; data goes "
                     "into its key `dataset:`"},
        {"- seed: 1\n", "t.yaml:1: expected a configuration in YAML: lines such as 'batch_size: 128'; data "
                        "goes into its key `dataset:`"},
        {"seed: 1\n---\nseed: 2\n", "t.yaml:2: a second YAML document begins here; only one is taken"},
        {"seed: &a 1\n", "t.yaml:1: anchors and aliases are not taken here; write the value itself"},
        {"seed: *a\n", "t.yaml:1: anchors and aliases are not taken here; write the value itself"},
        {"seed: !!int 1\n", "t.yaml:1: tags are not taken here; write the value itself"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(cases[i].text, DIME_ERROR_CONFIG, cases[i].message);
}

static void test_layer_messages(void **state) {
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"layers: 3\n", "t.yaml:1: key 'layers' is '3'; expected a list of 1 .. 16 maps"},
        {"layers: {outputs: 3}\n", "t.yaml:1: key 'layers' is a map; expected a list of 1 .. 16 maps"},
        {"layers: []\n", "t.yaml:1: key 'layers' is an empty list; expected a list of 1 .. 16 maps"},
        {"layers:\n  - 64\n",
         "t.yaml:2: layers, entry 1: expected a map such as {outputs: 64, QuantType: 4bitsym}"},
        {"layers:\n  - {outputs: 4}\n  - {output: 4}\n",
         "t.yaml:3: layers, entry 2: key 'output' is unknown; did you mean 'outputs'?"},
        {"layers:\n  - {outputs: 4, outputs: 5}\n",
         "t.yaml:2: layers, entry 1: key 'outputs' is given twice"},
        {"layers:\n  - {outputs: 0}\n", "t.yaml:2: key 'outputs' is '0'; expected a whole number 1 .. 4096"},
        {"layers:\n  - {type: conv2d, outputs: 4, kernel: 17}\n",
         "t.yaml:2: key 'kernel' is '17'; expected a whole number 1 .. 16"},
        {"layers:\n  - {type: conv2d}\n  - {}\n", "t.yaml:2: layers, entry 1 has no 'outputs', its channels"},
        {"layers:\n  - {type: maxpool, kernel: 2}\n  - {}\n",
         "t.yaml:2: layers, entry 1: 'kernel' does not go with type 'maxpool'; pooling has a 'size'"},
        {"layers:\n  - {type: depthwise, size: 2}\n  - {}\n",
         "t.yaml:2: layers, entry 1: 'size' does not go with type 'depthwise'; a convolution has a 'kernel'"},
        {"layers:\n  - {padding: 1}\n", "t.yaml:2: layers, entry 1: 'padding' does not go with type 'fc'"},
        {"input_size: 8\nlayers:\n  - {type: conv2d, outputs: 4, kernel: 9}\n  - {}\n",
         "t.yaml:3: layers, entry 1 (conv2d): its 9x9 kernel is larger than the 8x8 maps that reach it"},
        {"layers:\n  - {type: conv2d, outputs: 4, kernel: 4}\n  - {type: avgpool}\n  - {}\n",
         "t.yaml:3: layers, entry 2 (avgpool): windows of 2 with stride 2 do not divide the 13x13 maps that "
         "reach it; change a kernel or padding before it"},
        {"layers:\n  - {type: conv2d, outputs: 4}\n  - {outputs: 8}\n  - {type: maxpool}\n  - {}\n",
         "t.yaml:4: layers, entry 3 (maxpool): convolution and pooling must come before every fully "
         "connected "
         "layer"},
        {"layers:\n  - {type: conv2d, outputs: 4}\n  - {type: maxpool}\n",
         "t.yaml:3: layers, entry 2 (maxpool): the last layer must be fully connected: `type: fc`"},
        {"layers:\n  - {type: conv2d, outputs: 4}\n  - {type: conv2d, outputs: 4, groups: 2}\n  - {}\n",
         "t.yaml:3: layers, entry 2: groups 2; 1 (each output sees every channel) and 4 (as many as there "
         "are "
         "channels) are possible"},
        {"layers:\n  - {type: conv2d, outputs: 4, groups: 2}\n  - {}\n",
         "t.yaml:2: layers, entry 1: groups 2; 1 (each output sees every channel) is possible"},
        {"layers:\n  - {outputs: 4}\n  - {type: maxpool}\n  - {}\n",
         "t.yaml:3: layers, entry 2 (maxpool): convolution and pooling must come before every fully "
         "connected layer"},
        {"layers:\n  - {type: conv2d, outputs: 4, NormType: None}\n  - {}\n",
         "t.yaml:2: layers, entry 1 (conv2d): NormType None gives 32-bit outputs, which pooling or a "
         "depthwise "
         "convolution must take before a fully connected layer can"},
        {"NormType: BatchNorm\nlayers:\n  - {type: conv2d, outputs: 4, NormType: None}\n  - {type: maxpool}\n"
         "  - {}\n",
         "t.yaml:3: layers, entry 1 (conv2d): NormType None cannot stand in a network of NormType BatchNorm"},
        {"model: CNNMNIST\ninput_size: 18\n",
         "t.yaml:2: layers, entry 5 (maxpool): windows of 2 with stride 2 do not divide the 5x5 maps that "
         "reach it; change a kernel or padding before it"},
        {"layers:\n  - {type: conv}\n",
         "t.yaml:2: key 'type' is 'conv'; expected one of fc, conv2d, depthwise, maxpool, avgpool"},
        {"seed: 1\nlayers:\n  - {QuantType: NF4}\n  - {outputs: 4}\n",
         "t.yaml:3: layers, entry 1 has no 'outputs'; only the last may leave them out"},
        {"layers:\n  - {outputs: 4, QuantType: None}\n  - {}\n",
         "t.yaml:1: layers mix QuantType 'None' (float) with integer formats; make all of them 'None' or "
         "none"},
        {"layers: [{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]\n",
         "t.yaml:1: key 'layers' is a longer list; expected a list of 1 .. 16 maps"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_refused(cases[i].text, DIME_ERROR_CONFIG, cases[i].message);
}

static void test_broken_yaml(void **state) {
    (void)state;
    static const struct {
        const char *text, *start;
    } cases[] = {
        {"seed: 1\nlayers: [\n", "t.yaml:3: not valid YAML: did not find expected node content"},
        {"seed: 1\n\tbatch_size: 2\n",
         "t.yaml:2: not valid YAML: found a tab character that violates indentation"},
        {"seed: 'abc\n", "t.yaml:2: not valid YAML: found unexpected end of stream"},
        {"seed: 1\nruntag: \xFF\n", "t.yaml:2: not valid YAML: invalid leading UTF-8 octet"},
        {"seed: 1\n\nruntag: a\x01\n", "t.yaml:3: not valid YAML: control characters are not allowed"},
        {"\xFF\xFEs\n", "t.yaml:1: not valid YAML: invalid leading UTF-8 octet"},
    };
    struct dime_config config;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(parse(cases[i].text, &config), DIME_ERROR_MALFORMED);
        const char *message = dime_error_message();
        if (strncmp(message, cases[i].start, strlen(cases[i].start))) print_error("%s\n", message);
        assert_memory_equal(message, cases[i].start, strlen(cases[i].start));
    }
}

static void test_hostile_sizes(void **state) {
    (void)state;
    size_t size = (1 << 20) + 1;
    char *text = malloc(size);
    assert_non_null(text);
    struct dime_config config;
    memset(text, '[', size);
    assert_int_equal(dime_config_parse("t", text, size, &config), DIME_ERROR_MALFORMED);
    assert_non_null(strstr(dime_error_message(), "larger than"));
    assert_int_equal(dime_config_parse("t", text, size - 1, &config), DIME_ERROR_CONFIG);
    overwrite(text, "seed: ");
    assert_int_equal(dime_config_parse("t", text, size - 1, &config), DIME_ERROR_CONFIG);
    memset(text + 6, 'x', size - 6);
    assert_int_equal(dime_config_parse("t", text, size - 1, &config), DIME_ERROR_CONFIG);
    assert_true(strlen(dime_error_message()) < 200);
    memset(text, 'x', size);
    overwrite(text + 1000, ": 1");
    assert_int_equal(dime_config_parse("t", text, 1003, &config), DIME_ERROR_CONFIG);
    assert_true(strlen(dime_error_message()) < 200);
    free(text);
    assert_int_equal(dime_config_read("tests/data/no-such-file.yaml", NULL, 0, &config), DIME_ERROR_IO);
    assert_int_equal(dime_config_read("tests", NULL, 0, &config), DIME_ERROR_IO);
}

/* --- dime_config_set --- */

static int set(struct dime_config *config, const char *first, const char *second) {
    const char *const assignments[] = {first, second};
    return dime_config_set(config, assignments, second ? 2 : 1);
}

static void test_set(void **state) {
    (void)state;
    struct dime_config config;
    dime_config_default(&config);
    assert_int_equal(set(&config, "num_epochs=5", "learning_rate=0.01"), 0);
    assert_int_equal(config.epochs, 5);
    assert_int_equal(config.clip_until_epoch, 5); /* still follows */
    assert_true(config.learning_rate == 0.01f);
    assert_int_equal(set(&config, "seed=2", "seed=3"), 0);
    assert_int_equal(config.seed, 3);
    assert_int_equal(set(&config, "QuantType=NF4", "BPW=4"), 0);
    assert_int_equal(config.layers[3].format, DIME_FORMAT_NF4);
    assert_int_equal(set(&config, "network_width3=0", NULL), 0);
    assert_int_equal(config.layer_count, 3);
    assert_int_equal(set(&config, "runtag=\"\"", NULL), 0);
    assert_int_equal(set(&config, "runtag=x", "runtag="), 0);
    assert_string_equal(config.runtag, "");
    assert_int_equal(set(&config, "dataset=/data/x=y.csv", NULL), 0);
    assert_string_equal(config.dataset, "/data/x=y.csv");
}

static void test_teachers(void **state) {
    (void)state;
    struct dime_config config;
    parse_good("teacher: runs/a\nteacher_temperature: 3\n", &config);
    assert_true(config.teacher_count == 1 && config.teacher_temperature == 3);
    assert_string_equal(config.teacher[0], "runs/a");
    parse_good("teacher:\n  - a.yaml\n  - \"b c\"\n  - d\n", &config);
    assert_true(config.teacher_count == 3);
    assert_string_equal(config.teacher[1], "b c");
    assert_int_equal(set(&config, "teacher=[x]", NULL), 0);
    assert_true(config.teacher_count == 1 && !strcmp(config.teacher[0], "x") && !*config.teacher[1]);
    assert_int_equal(set(&config, "teacher=[]", NULL), 0);
    assert_true(config.teacher_count == 0 && !*config.teacher[0]);
}

static void test_set_layers(void **state) {
    (void)state;
    struct dime_config config;
    dime_config_default(&config);
    assert_int_equal(set(&config, "layers=[{outputs: 32}, {QuantType: 8bit}]", NULL), 0);
    assert_int_equal(config.layer_count, 2);
    assert_int_equal(config.layers[0].outputs, 32);
    assert_int_equal(config.width[0], 0);
    assert_int_equal(set(&config, "QuantType=NF4", NULL), 0);
    assert_int_equal(config.layers[0].format, DIME_FORMAT_NF4);
    assert_int_equal(config.layers[1].format, DIME_FORMAT_8BIT);
    assert_int_equal(set(&config, "network_width1=8", NULL), DIME_ERROR_CONFIG);
    assert_string_equal(dime_error_message(),
                        "--set: network_width1 contradicts the list `layers`; keep one of them");
}

static void test_set_clipping(void **state) {
    (void)state;
    struct dime_config config;
    assert_int_equal(dime_config_read("tests/data/parameters-seed.yaml", NULL, 0, &config), 0);
    assert_int_equal(set(&config, "num_epochs=3", NULL), 0);
    assert_int_equal(config.clip_update, DIME_CLIP_EVERY_STEP);
    assert_int_equal(set(&config, "maxw_algo=octav", NULL), 0);
    assert_int_equal(config.clip, DIME_CLIP_OCTAV);
    assert_int_equal(config.clip_update, DIME_CLIP_EVERY_EPOCH);
    assert_int_equal(set(&config, "maxw_algo=lsq", NULL), 0);
    assert_int_equal(config.clip_update, DIME_CLIP_LEARNED);
    assert_int_equal(set(&config, "num_epochs=4", NULL), 0);
    assert_int_equal(config.clip_update, DIME_CLIP_LEARNED);
    assert_int_equal(set(&config, "quantscale=0.5", NULL), 0);
    assert_int_equal(config.clip, DIME_CLIP_PROP);
    assert_int_equal(config.clip_update, DIME_CLIP_EVERY_STEP);
    assert_true(config.clip_scale == 0.5f);
}

static void test_set_messages(void **state) {
    (void)state;
    static const struct {
        const char *assignment, *message;
        int code;
    } cases[] = {
        {"batch_size", "--set batch_size: expected KEY=VALUE", DIME_ERROR_CONFIG},
        {"batchsize=3", "--set batchsize=3: key 'batchsize' is unknown; did you mean 'batch_size'?",
         DIME_ERROR_CONFIG},
        {"zzz=3", "--set zzz=3: key 'zzz' is unknown; docs/configuration.md lists all keys",
         DIME_ERROR_CONFIG},
        {"batch_size=", "--set batch_size=: key 'batch_size' is empty; expected a whole number 1 .. 65536",
         DIME_ERROR_CONFIG},
        {"seed=1\n---\n2", "--set seed=1?---?2: a second YAML document begins here; only one is taken",
         DIME_ERROR_CONFIG},
        {"seed=[", "--set seed=[: key 'seed' is a list; expected a whole number 0 .. 18446744073709551615",
         DIME_ERROR_CONFIG},
        {"BPW=8",
         "--set: BPW 8 contradicts QuantType '4bitsym', whose weights have 4 bits; leave BPW out or make it "
         "4",
         DIME_ERROR_CONFIG},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct dime_config config, before;
        memset(&config, 0, sizeof config);
        dime_config_default(&config);
        before = config;
        assert_int_equal(set(&config, "num_epochs=9", cases[i].assignment), cases[i].code);
        assert_string_equal(dime_error_message(), cases[i].message);
        assert_memory_equal(&config, &before, sizeof config);
    }
}

/* --- dime_config_format --- */

/* Byte for byte: a configuration has no byte that a reader leaves to chance. */
static int differ(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct dime_config)) != 0;
}

static void assert_reads_back(const struct dime_config *config) {
    char *text = dime_config_format(config);
    assert_non_null(text);
    struct dime_config again;
    parse_good(text, &again);
    if (differ(config, &again)) print_error("%s", text);
    assert_memory_equal(config, &again, sizeof again);
    char *second = dime_config_format(&again);
    assert_non_null(second);
    assert_string_equal(text, second);
    free(second);
    free(text);
}

static float random_share(struct dime_random *random, float low, float high) {
    float value = dime_random_range(random, low, high);
    return value < low ? low : value > high ? high : value;
}

static void draw_layers(struct dime_config *config, struct dime_random *random) {
    memset(config->layers, 0, sizeof config->layers);
    memset(config->width, 0, sizeof config->width);
    config->layer_count = 1 + dime_random_below(random, DIME_MAX_LAYERS);
    for (uint32_t i = 0; i < config->layer_count; i++) {
        config->layers[i].outputs = 1 + dime_random_below(random, 4096);
        config->layers[i].format =
            (enum dime_format_id)(1 + dime_random_below(random, DIME_FORMAT_COUNT - 1));
    }
    if (dime_random_below(random, 2)) config->layers[config->layer_count - 1].outputs = 0;
}

static void draw_config(struct dime_config *config, struct dime_random *random) {
    memset(config, 0, sizeof *config);
    dime_config_default(config);
    config->norm = (enum dime_norm)dime_random_below(random, 4);
    config->wscale = (enum dime_wscale)dime_random_below(random, 2);
    config->clip = (enum dime_clip)dime_random_below(random, 3);
    config->clip_update = config->clip == DIME_CLIP_PROP ? (enum dime_clip_update)dime_random_below(random, 2)
                          : config->clip == DIME_CLIP_LSQ ? DIME_CLIP_LEARNED
                                                          : DIME_CLIP_EVERY_EPOCH;
    config->clip_until_epoch = dime_random_below(random, 100);
    config->clip_scale = random_share(random, 0.001f, 100);
    config->schedule = (enum dime_schedule)dime_random_below(random, 3);
    config->learning_rate = random_share(random, 1e-9f, 1e-4f);
    config->weight_decay = random_share(random, 0, 1e-6f);
    config->lr_decay = dime_random_unit(random);
    config->rotation1 = random_share(random, 0, 180);
    config->elastic_probability = dime_random_unit(random);
    config->adam_beta1 = random_share(random, 0, 0.9999f);
    config->adam_beta2 = random_share(random, 0.99f, 0.999999f);
    config->weight_averaging = random_share(random, 0.9f, 0.9999f);
    config->selection = (enum dime_selection)dime_random_below(random, 2);
    config->batchnorm_images = dime_random_below(random, 5000);
    config->revive = (int)dime_random_below(random, 2);
    config->teacher_count = dime_random_below(random, DIME_MAX_TEACHERS + 1);
    for (uint32_t i = 0; i < config->teacher_count; i++)
        snprintf(config->teacher[i], sizeof config->teacher[i], "runs/\"%u\" #: [,", i);
    config->teacher_weight = random_share(random, 0, 1);
    config->teacher_temperature = random_share(random, 0.1f, 100);
    config->halve_lr_epoch = (int32_t)dime_random_below(random, 100) - 1;
    config->augmentation = (int)dime_random_below(random, 2);
    config->bilinear = (int)dime_random_below(random, 2);
    config->seed = dime_random_next(random);
    config->input_encoding = (enum dime_input_encoding)dime_random_below(random, 4);
    strcpy(config->runtag, "r: \"#' \\");
    if (dime_random_below(random, 2)) draw_layers(config, random);
}

static void test_format_reads_back(void **state) {
    (void)state;
    struct dime_config config;
    memset(&config, 0, sizeof config);
    dime_config_default(&config);
    assert_reads_back(&config);
    struct dime_random random = dime_random_stream(1, 2, 3);
    for (int i = 0; i < 300; i++) {
        draw_config(&config, &random);
        assert_reads_back(&config);
    }
}

static void test_format_spells_out_every_key(void **state) {
    (void)state;
    static const char *const absent[] = {
        "BPW",         "quantscale",          "layers",           "lambda_l1",
        "prune_epoch", "prune_groupstoprune", "prune_totalgroups"};
    struct dime_config config;
    dime_config_default(&config);
    char *text = dime_config_format(&config);
    assert_non_null(text);
    for (size_t i = 0; i < dime_config_key_count(); i++) {
        struct dime_config_key key;
        dime_config_key_describe(i, &key);
        int expected = 1;
        for (size_t j = 0; j < COUNT(absent); j++) expected &= strcmp(absent[j], key.name) != 0;
        char line[64];
        snprintf(line, sizeof line, "\n%s: ", key.name);
        assert_int_equal(strstr(text, line) != NULL, expected);
    }
    assert_non_null(strstr(text, "# Quantization\nQuantType: 4bitsym\nNormType: RMS\n"));
    assert_non_null(strstr(text, "\nlearning_rate: 0.001\n"));
    free(text);
}

static void test_floats_have_the_yaml_form(void **state) {
    (void)state;
    struct dime_config config;
    parse_good("learning_rate: 0.00001\nrotation1: 10\nbeta1: 0.1\nweight_decay: 1.5e-7\n", &config);
    char *text = dime_config_format(&config);
    assert_non_null(text);
    assert_non_null(strstr(text, "\nlearning_rate: 1.0e-05\n"));
    assert_non_null(strstr(text, "\nrotation1: 10.0\n"));
    assert_non_null(strstr(text, "\nbeta1: 0.1\n"));
    assert_non_null(strstr(text, "\nweight_decay: 1.5e-07\n"));
    free(text);
}

/* --- documentation --- */

static void write_rows(FILE *stream) {
    const char *group = "";
    for (size_t i = 0; i < dime_config_key_count(); i++) {
        struct dime_config_key key;
        dime_config_key_describe(i, &key);
        if (strcmp(group, key.group))
            fprintf(
                stream,
                "\n### %s\n\n| key | from | value | default | unit | meaning |\n|---|---|---|---|---|---|\n",
                key.group);
        group = key.group;
        const char *tick = *key.default_value ? "`" : "";
        fprintf(stream, "| `%s` | %s | %s | %s%s%s | %s | %s |\n", key.name, key.owner, key.expected, tick,
                key.default_value, tick, key.unit, key.meaning);
    }
    fputc('\n', stream);
}

static void update(const char *path, const char *document, const char *begin, const char *rows,
                   const char *end) {
    char *text = NULL;
    assert_true(asprintf(&text, "%.*s%s%s", (int)(begin - document), document, rows, end) > 0);
    assert_int_equal(dime_file_write(path, text, strlen(text)), 0);
    free(text);
}

static void test_documentation_lists_the_table(void **state) {
    (void)state;
    const char *path = "docs/configuration.md";
    char *document = read_text(path), *rows = NULL;
    size_t size;
    FILE *stream = open_memstream(&rows, &size);
    assert_non_null(stream);
    write_rows(stream);
    assert_int_equal(fclose(stream), 0);
    char *begin = strstr(document, "<!-- keys: begin"), *end = strstr(document, "<!-- keys: end");
    assert_true(begin && end && begin < end);
    begin = strchr(begin, '\n') + 1;
    int differs = (size_t)(end - begin) != size || memcmp(begin, rows, size) != 0;
    if (differs && getenv("DIME_UPDATE"))
        update(path, document, begin, rows, end);
    else if (differs)
        fail_msg("%s differs from the table of keys; run this test with DIME_UPDATE=1", path);
    free(rows);
    free(document);
}

/* --- formats and names --- */

static void test_format_table(void **state) {
    (void)state;
    char list[256] = "";
    for (int id = 0; id < DIME_FORMAT_COUNT; id++) {
        enum dime_format_id format = (enum dime_format_id)id;
        const char *name = dime_format_name(format);
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", id ? ", " : "", name);
        assert_int_equal(dime_format_find(name), id);
        if (format == DIME_FORMAT_NONE) continue;
        const struct dime_format *descriptor = dime_format_get(format);
        assert_string_equal(descriptor->name, name);
        uint32_t many = 320; /* fills whole words in every width */
        assert_int_equal(dime_format_row_bytes(descriptor, many),
                         (int)(many * dime_format_bits(format) / 8 + 0.5));
    }
    assert_string_equal(list, dime_format_list());
    assert_null(dime_format_get(DIME_FORMAT_NONE));
    assert_ptr_equal(dime_format_get(DIME_FORMAT_FP130), &dime_format_fp130);
    assert_string_equal(dime_format_symbol(DIME_FORMAT_2BITSYM), "dime_format_2bitsym");
    assert_true(dime_format_find("4BITSYM") < 0);
}

static void test_name_distance(void **state) {
    (void)state;
    assert_int_equal(dime_name_distance("", ""), 0);
    assert_int_equal(dime_name_distance("", "abc"), 3);
    assert_int_equal(dime_name_distance("kitten", "sitting"), 3);
    assert_int_equal(dime_name_distance("netwrok", "network"), 1);
    assert_int_equal(dime_name_distance("NETWORK", "network"), 0);
    assert_int_equal(dime_name_distance("ca", "abc"), 3);
    char longest[65];
    memset(longest, 'a', 64);
    longest[64] = 0;
    assert_true(dime_name_distance(longest, "a") == SIZE_MAX);
    longest[63] = 0;
    assert_int_equal(dime_name_distance(longest, "a"), 62);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_the_seeds),
        cmocka_unit_test(test_defaults_of_our_own),
        cmocka_unit_test(test_each_default_reads_back),
        cmocka_unit_test(test_file_of_the_seed),
        cmocka_unit_test(test_file_of_bitnetmcu),
        cmocka_unit_test(test_published_configurations),
        cmocka_unit_test(test_truth_values),
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_fractional_numbers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_every_choice),
        cmocka_unit_test(test_bits_per_weight),
        cmocka_unit_test(test_clipping),
        cmocka_unit_test(test_activation_clip),
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_teachers),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_layer_messages),
        cmocka_unit_test(test_broken_yaml),
        cmocka_unit_test(test_hostile_sizes),
        cmocka_unit_test(test_set),
        cmocka_unit_test(test_set_layers),
        cmocka_unit_test(test_set_clipping),
        cmocka_unit_test(test_set_messages),
        cmocka_unit_test(test_format_reads_back),
        cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_cnnmnist_follows_its_keys),
        cmocka_unit_test(test_format_spells_out_every_key),
        cmocka_unit_test(test_floats_have_the_yaml_form),
        cmocka_unit_test(test_documentation_lists_the_table),
        cmocka_unit_test(test_format_table),
        cmocka_unit_test(test_name_distance),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
