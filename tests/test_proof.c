/* SPDX-License-Identifier: MIT */
/* The proof: the trainer's own forward pass and the integer engine give the same digit on all 10,000 MNIST
   test images, for every weight format, norm and scale, and for the other ways in which arithmetic can
   differ. Needs `dime data fetch mnist` first, which `make test` does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/team.h"
#include "data/dataset.h"
#include "train/evaluate.h"
#include "train/train_data.h"
#include "train/trainer.h"

/* Under the sanitizers, which are slow and look for other things, a part of the images will do. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifdef SANITIZED
enum { TRAINED_ON = 300, TESTED_ON = 200, EPOCHS = 1 };
#else
enum { TRAINED_ON = 4000, TESTED_ON = 10000, EPOCHS = 2 };
#endif

static struct dime_dataset_pair mnist;

static int open_mnist(void **state) {
    (void)state;
    if (dime_dataset_open("mnist", NULL, &mnist) == 0) return 0;
    fprintf(stderr, "%s\n", dime_error_message());
    return -1;
}

static int close_mnist(void **state) {
    (void)state;
    dime_dataset_close(&mnist);
    return 0;
}

static struct dime_config small_config(void) {
    struct dime_config config;
    dime_config_default(&config);
    config.epochs = EPOCHS;
    config.validation_size = 0;
    config.batch_size = 64;
    config.learning_rate = 0.003f;
    config.layer_count = 3;
    config.layers[0].outputs = 32;
    config.layers[1].outputs = 24;
    config.layers[2].outputs = 10;
    return config;
}

static void set_format(struct dime_config *config, enum dime_format_id format) {
    config->format = format;
    for (uint32_t i = 0; i < config->layer_count; i++) config->layers[i].format = format;
}

static void train_model(const struct dime_config *config, struct dime_model *model) {
    struct dime_dataset part = mnist.train;
    struct dime_trainer *trainer;
    struct dime_epoch_report report;
    part.count = TRAINED_ON;
    assert_int_equal(dime_trainer_create(&trainer, config, &part, dime_processor_count()), 0);
    for (uint32_t epoch = 0; epoch < config->epochs; epoch++)
        assert_int_equal(dime_trainer_epoch(trainer, NULL, &report), 0);
    assert_int_equal(dime_trainer_store(trainer, DIME_TRAINER_CHOSEN, model), 0);
    dime_trainer_free(trainer);
}

/* Not only the answers: every logit of the first images, to the last unit. */
static void check_logits(const struct dime_model *model, const struct dime_network_state *network,
                         const int8_t *encoded, const char *what) {
    const struct dime_train_layer *last = &network->layers[network->layer_count - 1];
    struct dime_runtime runtime;
    struct dime_chunk chunk;
    assert_int_equal(dime_runtime_create(&runtime, model), 0);
    int32_t *sums = malloc(runtime.network.sums * sizeof *sums);
    int8_t *activations = malloc(runtime.network.activations);
    assert_true(sums && activations);
    assert_int_equal(dime_chunk_create(&chunk, network, 0), 0);
    for (uint32_t start = 0; start + DIME_CHUNK <= TESTED_ON && start < 1600; start += DIME_CHUNK) {
        chunk.count = DIME_CHUNK;
        for (uint32_t n = 0; n < DIME_CHUNK; n++)
            network->kernels->widen(encoded + (size_t)(start + n) * network->inputs, network->inputs,
                                    chunk.layers[0].input + (size_t)n * network->padded_inputs);
        dime_chunk_forward(network, &chunk, 0);
        for (uint32_t n = 0; n < DIME_CHUNK; n++) {
            dime_network_infer(&runtime.network, encoded + (size_t)(start + n) * network->inputs, sums,
                               activations);
            if (memcmp(sums, chunk.logits + (size_t)n * last->padded_outputs, last->outputs * sizeof *sums))
                fail_msg("%s: the logits of image %u differ", what, start + n);
        }
    }
    free(sums);
    free(activations);
    dime_chunk_free(&chunk);
    dime_runtime_free(&runtime);
}

/* least: percent that a trained network reaches; an untrained one has about 10. Agreement of networks that
   have learned nothing would prove little. */
static void check_model(const struct dime_model *model, double least, const char *what) {
    static uint8_t trainer_answers[TESTED_ON], engine_answers[TESTED_ON];
    uint32_t threads = dime_processor_count(), mismatches = 0;
    struct dime_input_format input = dime_config_input(&model->config);
    struct dime_dataset test = mnist.test;
    struct dime_evaluation trainer, engine;
    struct dime_network_state network;
    int8_t *encoded;
    assert_int_equal(test.count, 10000);
    test.count = TESTED_ON;
    assert_int_equal(dime_encode_dataset(&input, &test, threads, &encoded), 0);
    assert_int_equal(dime_network_load(&network, model), 0);
    assert_int_equal(dime_evaluate_network(&network, encoded, test.labels, NULL, test.count, threads,
                                           trainer_answers, &trainer),
                     0);
    assert_int_equal(
        dime_evaluate_engine(model, encoded, test.labels, NULL, test.count, threads, engine_answers, &engine),
        0);
    for (uint32_t i = 0; i < test.count; i++) mismatches += trainer_answers[i] != engine_answers[i];
    printf("%-44s %6.2f %%  %u mismatches\n", what, 100.0 * engine.correct / test.count, mismatches);
    if (mismatches) fail_msg("%s: %u mismatches", what, mismatches);
    if (TESTED_ON == 10000 && engine.correct < 100 * least)
        fail_msg("%s: only %u of 10000 right", what, engine.correct);
    check_logits(model, &network, encoded, what);
    dime_network_free(&network);
    free(encoded);
}

static void check(const struct dime_config *config, double least, const char *what) {
    struct dime_model model;
    train_model(config, &model);
    check_model(&model, least, what);
    dime_model_free(&model);
}

static void test_format_norm_scale(void **state) {
    (void)state;
    for (int format = DIME_FORMAT_BINARY; format < DIME_FORMAT_COUNT; format++) {
        for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm++) {
            for (int wscale = 0; wscale < 2; wscale++) {
                struct dime_config config = small_config();
                char what[80];
                set_format(&config, (enum dime_format_id)format);
                config.norm = (enum dime_norm)norm;
                config.wscale = (enum dime_wscale)wscale;
                snprintf(what, sizeof what, "%s %s %s", dime_format_name(config.format),
                         dime_norm_name(config.norm), dime_wscale_name(config.wscale));
                check(&config, 70, what);
            }
        }
    }
}

static void test_inputs(void **state) {
    (void)state;
    for (int encoding = DIME_INPUT_MEAN_SUBTRACTED; encoding <= DIME_INPUT_UNSIGNED4; encoding++) {
        for (uint32_t size = 12; size <= 28; size += 8) {
            for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm += 3) {
                struct dime_config config = small_config();
                char what[80];
                config.input_encoding = (enum dime_input_encoding)encoding;
                config.input_size = size;
                config.norm = (enum dime_norm)norm;
                snprintf(what, sizeof what, "%s input, %ux%u, %s",
                         dime_input_encoding_name(config.input_encoding), size, size,
                         dime_norm_name(config.norm));
                check(&config, 70, what);
            }
        }
    }
}

static void test_activation_widths(void **state) {
    (void)state;
    for (uint32_t bits = 2; bits <= 8; bits++) {
        for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm++) {
            struct dime_config config = small_config();
            char what[80];
            config.activation_bits = bits;
            config.norm = (enum dime_norm)norm;
            snprintf(what, sizeof what, "activations of %u bits, %s", bits, dime_norm_name(config.norm));
            check(&config, bits == 2 ? 40 : 70, what);
        }
    }
    struct dime_config clipped = small_config();
    clipped.norm = DIME_NORM_BATCH;
    clipped.activation_bits = 4;
    clipped.activation_clip = 1.5f;
    check(&clipped, 70, "activations of 4 bits, BatchNorm, clipped at 1.5");
}

/* Layers of different formats; one, two and four layers; clipping that moves in every step. */
static void test_shapes(void **state) {
    (void)state;
    struct dime_config mixed = small_config(), single = small_config(), deep = small_config(),
                       moving = small_config();
    mixed.layers[0].format = DIME_FORMAT_2BITSYM;
    mixed.layers[1].format = DIME_FORMAT_TERNARY;
    mixed.layers[2].format = DIME_FORMAT_8BIT;
    check(&mixed, 70, "2bitsym, Ternary and 8bit layers");
    single.layer_count = 1;
    single.layers[0].outputs = 10;
    check(&single, 70, "one layer");
    single.norm = DIME_NORM_BATCH;
    check(&single, 70, "one layer, BatchNorm");
    deep.layer_count = 5;
    deep.layers[1].outputs = 17; /* no multiple of anything */
    for (uint32_t i = 2; i < 4; i++)
        deep.layers[i] = (struct dime_layer_config){.outputs = 21, .format = DIME_FORMAT_5BITSYM};
    deep.layers[4] = (struct dime_layer_config){.outputs = 10, .format = DIME_FORMAT_NF4};
    check(&deep, 70, "five layers of odd widths");
    moving.clip = DIME_CLIP_PROP;
    moving.clip_update = DIME_CLIP_EVERY_STEP;
    moving.weight_averaging = 0.99f;
    check(&moving, 70, "clipping in every step, averaged weights");
    moving = mixed;
    moving.clip = DIME_CLIP_LSQ;
    moving.clip_update = DIME_CLIP_LEARNED;
    moving.clip_until_epoch = moving.epochs;
    check(&moving, 70, "learned scales");
    moving.wscale = DIME_WSCALE_PER_OUTPUT;
    moving.norm = DIME_NORM_BATCH;
    moving.layers[0].format = DIME_FORMAT_BINARY;
    check(&moving, 70, "learned scales, BatchNorm, PerOutput");
}

/* A float model quantized afterwards, from both ways of clipping while training. */
static void test_post_training(void **state) {
    (void)state;
    for (int every_step = 0; every_step < 2; every_step++) {
        struct dime_config config = small_config();
        struct dime_model trained, quantized;
        set_format(&config, DIME_FORMAT_NONE);
        config.clip = every_step ? DIME_CLIP_PROP : DIME_CLIP_OCTAV;
        config.clip_update = every_step ? DIME_CLIP_EVERY_STEP : DIME_CLIP_EVERY_EPOCH;
        train_model(&config, &trained);
        for (int format = DIME_FORMAT_BINARY; format < DIME_FORMAT_COUNT; format++) {
            for (int clip = DIME_CLIP_OCTAV; clip <= DIME_CLIP_PROP; clip++) {
                char what[80];
                snprintf(what, sizeof what, "None, then %s by %s",
                         dime_format_name((enum dime_format_id)format), dime_clip_name((enum dime_clip)clip));
                assert_int_equal(dime_model_convert(&trained, (enum dime_format_id)format,
                                                    (enum dime_clip)clip, &quantized),
                                 0);
                check_model(&quantized, 20, what);
                dime_model_free(&quantized);
            }
        }
        dime_model_free(&trained);
    }
}

/* A configuration as a user writes it, on fewer pictures. */
static void check_text(const char *text, double least, const char *what) {
    struct dime_config config;
    char whole[1000];
    snprintf(whole, sizeof whole,
             "num_epochs: %d\nvalidation_size: 0\nbatch_size: 64\nlearning_rate: 0.003\n%s", EPOCHS, text);
    if (dime_config_parse(what, whole, strlen(whole), &config)) fail_msg("%s", dime_error_message());
    check(&config, least, what);
}

/* Both kinds of convolution and pooling, borders, strides, every way from one layer of maps to the next. */
static void test_maps(void **state) {
    (void)state;
    check_text("input_size: 12\nNormType: BatchNorm\ninput_encoding: unsigned\nlayers: "
               "[{type: conv2d, outputs: 5, QuantType: PoT3}, {type: maxpool}, "
               "{type: conv2d, outputs: 7, QuantType: Ternary, activation_bits: 5}, {outputs: 20}, {}]",
               70, "BatchNorm: conv2d, maxpool, conv2d, 5-bit activations");
    check_text("input_size: 11\nNormType: BatchNorm\nWScale: PerOutput\nlayers: "
               "[{type: conv2d, outputs: 6, kernel: 5, padding: 2, stride: 2}, "
               "{type: depthwise, QuantType: 8bit, padding: 1}, {type: avgpool}, {}]",
               60, "BatchNorm, PerOutput: borders, stride 2, depthwise, avgpool");
    check_text("input_size: 12\nlayers: [{type: avgpool}, {type: conv2d, outputs: 6, kernel: 2}, "
               "{type: maxpool, size: 3, stride: 2}, {}]",
               40, "RMS: avgpool first, kernel 2, pooling windows that overlap");
    check_text("input_size: 12\nNormType: LayerNorm\nWScale: PerOutput\nlayers: "
               "[{type: conv2d, outputs: 8, padding: 1}, {type: avgpool}, {type: conv2d, outputs: 8}, {}]",
               60, "LayerNorm, PerOutput: avgpool of centred maps");
    check_text("input_size: 12\nNormType: Lin\nlayers: "
               "[{type: conv2d, outputs: 8, QuantType: 4bit}, {type: depthwise, QuantType: FP130}, "
               "{type: maxpool}, {outputs: 16, QuantType: NF4}, {}]",
               60, "Lin: conv2d, depthwise, maxpool");
    check_text("model: CNNMNIST\ncnn_width: 8\nnetwork_width1: 24\nnetwork_width2: 16\nnetwork_width3: 0", 70,
               "CNNMNIST: 32-bit activations");
    check_text("input_size: 14\nNormType: LayerNorm\nlayers: [{type: conv2d, outputs: 6, NormType: None}, "
               "{type: avgpool}, {type: depthwise, QuantType: Ternary}, {outputs: 16}, {}]",
               60, "32-bit activations, avgpool, LayerNorm");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_norm_scale), cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_activation_widths), cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_post_training),     cmocka_unit_test(test_maps),
    };
    return cmocka_run_group_tests_name("proof", tests, open_mnist, close_mnist);
}
