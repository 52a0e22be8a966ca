/* SPDX-License-Identifier: MIT */
/* Camera-like pictures, and that device/vision finds the digit on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "data/dataset.h"
#include "data/photo_view.h"
#include "data/picture.h"
#include "data/png_write.h"
#include "train/trainer.h"

enum { WIDTH = 320, HEIGHT = 240, AREA = WIDTH * HEIGHT };
#if defined(__SANITIZE_ADDRESS__)
enum { PICTURES = 20, TRAINED_ON = 500, EPOCHS = 1, LEAST_RIGHT = 0 };
#else
enum { PICTURES = 200, TRAINED_ON = 10000, EPOCHS = 2, LEAST_RIGHT = 150 };
#endif

static struct dime_dataset_pair mnist;

static void check(int code) {
    if (code) fail_msg("%s", dime_error_message());
}

static const uint8_t *digit(uint32_t index) {
    return mnist.test.pixels + (size_t)index * 784;
}

static void photograph(const struct dime_photo_settings *settings, const uint8_t *source, uint64_t seed,
                       uint8_t *picture) {
    struct dime_photographer *photographer;
    check(dime_photographer_create(&photographer, 28, 28, HEIGHT, WIDTH, settings));
    dime_photograph(photographer, source, dime_random_stream(seed, 0, 0), picture);
    dime_photographer_free(photographer);
}

/* The same numbers, the same picture; others, another. */
static void test_seeded(void **state) {
    (void)state;
    static uint8_t first[AREA], second[AREA];
    photograph(&dime_photo_usual, digit(0), 1, first);
    photograph(&dime_photo_usual, digit(0), 1, second);
    assert_memory_equal(first, second, AREA);
    photograph(&dime_photo_usual, digit(0), 2, second);
    assert_memory_not_equal(first, second, AREA);
}

/* The extremes of every setting: no value leaves its range, which the sanitizers would notice. */
static void test_extremes(void **state) {
    (void)state;
    static uint8_t picture[AREA];
    static const uint8_t nothing[784];
    struct dime_photo_settings settings = dime_photo_usual;
    settings.shadow_probability = settings.squares_probability = 1;
    settings.blur = (struct dime_photo_range){0.05f, 0.05f};
    settings.size = (struct dime_photo_range){2, 2};
    settings.board_probability = 1;
    photograph(&settings, digit(1), 3, picture);
    photograph(&settings, nothing, 3, picture);
}

/* Empty paper holds no digit; paper with one is dark ink on light paper. */
static void test_empty(void **state) {
    (void)state;
    static const uint8_t nothing[784];
    struct dime_photo_viewer *viewer;
    uint8_t output[256];
    check(dime_photo_viewer_create(&viewer, 28, 28, HEIGHT, WIDTH, 16, &dime_photo_clean));
    for (uint32_t i = 0; i < 20; i++) {
        struct dime_random random = dime_random_stream(5, 0, i);
        assert_int_equal(dime_photo_view(viewer, nothing, random, output), DIME_VISION_EMPTY);
        assert_int_equal(dime_photo_view(viewer, digit(i), random, output), DIME_VISION_DIGIT);
    }
    dime_photo_viewer_free(viewer);
}

static void test_png(void **state) {
    (void)state;
    static uint8_t picture[AREA];
    char path[] = "/tmp/dime-test-photo.XXXXXX";
    struct dime_picture read;
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    photograph(&dime_photo_usual, digit(2), 1, picture);
    check(dime_png_write(path, picture, HEIGHT, WIDTH));
    check(dime_picture_read(path, &read));
    assert_int_equal(read.height, HEIGHT);
    assert_int_equal(read.width, WIDTH);
    assert_memory_equal(read.pixels, picture, AREA);
    dime_picture_free(&read);
    unlink(path);
    assert_int_equal(dime_png_write("/nowhere/picture.png", picture, HEIGHT, WIDTH), DIME_ERROR_IO);
}

static void train(float photos, struct dime_model *model) {
    struct dime_config config;
    struct dime_dataset part = mnist.train;
    struct dime_trainer *trainer;
    struct dime_epoch_report report;
    dime_config_default(&config);
    config.epochs = EPOCHS;
    config.validation_size = 0;
    config.photos = photos;
    part.count = TRAINED_ON;
    check(dime_trainer_create(&trainer, &config, &part, 2));
    for (uint32_t i = 0; i < EPOCHS; i++) check(dime_trainer_epoch(trainer, NULL, &report));
    check(dime_trainer_store(trainer, DIME_TRAINER_CHOSEN, model));
    dime_trainer_free(trainer);
}

/* A network that was trained on camera pictures reads them. */
static void test_training(void **state) {
    (void)state;
    struct dime_model model;
    struct dime_runtime runtime;
    struct dime_photo_viewer *viewer;
    uint8_t grey[256];
    int8_t input[256], activations[64];
    int32_t sums[64];
    uint32_t right = 0;
    train(0.5f, &model);
    check(dime_runtime_create(&runtime, &model));
    assert_true(runtime.network.sums <= 64 && runtime.network.activations <= 64);
    check(dime_photo_viewer_create(&viewer, 28, 28, HEIGHT, WIDTH, 16, &dime_photo_usual));
    for (uint32_t i = 0; i < PICTURES; i++) {
        if (dime_photo_view(viewer, digit(i), dime_random_stream(1, 100, i), grey) != DIME_VISION_DIGIT)
            continue;
        dime_encode(model.config.input_encoding, model.config.input_threshold, grey, 256, input);
        right += dime_network_infer(&runtime.network, input, sums, activations) == mnist.test.labels[i];
    }
    printf("%u of %d camera pictures read\n", right, PICTURES);
    assert_true(right >= LEAST_RIGHT);
    dime_photo_viewer_free(viewer);
    dime_runtime_free(&runtime);
    dime_model_free(&model);
}

static int set_up(void **state) {
    (void)state;
    if (!dime_dataset_open("mnist", NULL, &mnist)) return 0;
    fprintf(stderr, "%s\n", dime_error_message());
    return -1;
}

static int tear_down(void **state) {
    (void)state;
    dime_dataset_close(&mnist);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seeded), cmocka_unit_test(test_extremes), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_png),    cmocka_unit_test(test_training),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
