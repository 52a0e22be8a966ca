/* SPDX-License-Identifier: MIT */
/* A teacher's view of the training pictures gives what pictures made for its own input would give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "train/train_data.h"

enum { PICTURES = 90, SIDE = 20, VALIDATION = 20, SAMPLES = DIME_CHUNK_MOST };
static const size_t plenty = (size_t)1 << 20;

static struct dime_dataset make_dataset(void) {
    static uint8_t pixels[PICTURES * SIDE * SIDE], labels[PICTURES];
    struct dime_random random = {7};
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)dime_random_below(&random, 256);
    for (uint32_t i = 0; i < PICTURES; i++) labels[i] = (uint8_t)(i % 3);
    return (struct dime_dataset){PICTURES, SIDE, SIDE, 3, pixels, labels};
}

static struct dime_config make_config(int keep_original) {
    struct dime_config config;
    dime_config_default(&config);
    config.validation_size = VALIDATION;
    config.keep_original = keep_original;
    config.elastic_probability = 0.5f;
    config.input_size = 10;
    return config;
}

/* The first samples of epoch 3, in rows of dime_pad(inputs) floats; malloc'ed. */
static float *fill(const struct dime_train_data *data, uint8_t *labels) {
    static struct dime_chunk chunk;
    uint32_t samples[2 * PICTURES];
    struct dime_batch_maker maker;
    float *input = calloc((size_t)SAMPLES * dime_pad(data->inputs), sizeof *input);
    assert_non_null(input);
    assert_int_equal(dime_batch_maker_create(&maker, data), 0);
    dime_train_data_shuffle(data, 3, samples);
    chunk.layers[0].input = input;
    dime_batch_fill(data, &maker, 3, samples, SAMPLES, &chunk, dime_pad(data->inputs));
    memcpy(labels, chunk.labels, SAMPLES);
    dime_batch_maker_free(&maker);
    return input;
}

static void check_view(int keep_original, const struct dime_input_format *input, size_t room) {
    struct dime_dataset dataset = make_dataset();
    struct dime_config config = make_config(keep_original);
    struct dime_train_data student, view, own;
    uint8_t seen[SAMPLES], expected[SAMPLES];
    assert_int_equal(dime_train_data_create(&student, &config, &dataset, 1), 0);
    assert_int_equal(dime_train_data_prepare(&student, 1), 0);
    assert_int_equal(dime_train_data_view(&view, &student, input, 1, &room), 0);
    config.input_size = input->size;
    config.input_encoding = input->encoding;
    config.input_threshold = input->threshold;
    assert_int_equal(dime_train_data_create(&own, &config, &dataset, 1), 0);
    assert_int_equal(dime_train_data_prepare(&own, 1), 0);
    float *from_view = fill(&view, seen), *from_own = fill(&own, expected);
    for (size_t n = 0, row = dime_pad(own.inputs); n < SAMPLES; n++)
        assert_memory_equal(from_view + n * row, from_own + n * row, sizeof(float) * own.inputs);
    assert_memory_equal(seen, expected, SAMPLES);
    free(from_view);
    free(from_own);
    dime_train_data_free(&view);
    dime_train_data_free(&own);
    dime_train_data_free(&student);
}

static void test_views(void **state) {
    (void)state;
    const struct dime_input_format inputs[] = {
        {10, DIME_INPUT_BINARY, 100}, {7, DIME_INPUT_UNSIGNED, 73}, {26, DIME_INPUT_MEAN_SUBTRACTED, 73}};
    for (int keep_original = 0; keep_original < 2; keep_original++) {
        for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
            check_view(keep_original, &inputs[i], 0);
            check_view(keep_original, &inputs[i], plenty);
        }
    }
}

/* Pictures are shared where the size is the same, and prepared within the room only. */
static void test_memory(void **state) {
    (void)state;
    struct dime_dataset dataset = make_dataset();
    struct dime_config config = make_config(0);
    struct dime_input_format same = {10, DIME_INPUT_BINARY, 100}, other = {7, DIME_INPUT_UNSIGNED, 73};
    struct dime_train_data student, view;
    size_t room = plenty;
    assert_int_equal(dime_train_data_create(&student, &config, &dataset, 1), 0);
    assert_int_equal(dime_train_data_prepare(&student, 1), 0);
    assert_int_equal(dime_train_data_view(&view, &student, &same, 1, &room), 0);
    assert_ptr_equal(view.prepared, student.prepared);
    assert_null(view.encoded);
    assert_int_equal(room, plenty);
    dime_train_data_free(&view);
    assert_int_equal(dime_train_data_view(&view, &student, &other, 1, &room), 0);
    assert_non_null(view.prepared);
    assert_int_equal(room, plenty - PICTURES * view.prepared_bytes);
    dime_train_data_free(&view);
    room = 100;
    assert_int_equal(dime_train_data_view(&view, &student, &other, 1, &room), 0);
    assert_null(view.prepared);
    assert_int_equal(room, 100);
    dime_train_data_free(&view);
    dime_train_data_free(&student);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_views), cmocka_unit_test(test_memory)};
    return cmocka_run_group_tests_name("train_data", tests, NULL, NULL);
}
