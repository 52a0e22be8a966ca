/* SPDX-License-Identifier: MIT */
/* What layers see of pictures, against counts by hand; and what the model's metrics keep of it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "model/activity.h"
#include "model/weight_code.h"

#define NEAR(a, b) assert_true(fabs((a) - (b)) < 1e-6)

/* All weights are 1. */
static void make(const char *text, struct dime_model *model) {
    struct dime_config config;
    if (dime_config_parse("test", text, strlen(text), &config) || dime_model_create(model, &config, 10))
        fail_msg("%s", dime_error_message());
    for (uint32_t i = 0; i < model->layer_count; i++)
        for (uint32_t j = 0; j < model->layers[i].inputs * model->layers[i].outputs; j++)
            model->layers[i].value[j] = 1;
}

/* 16 inputs, 8 units, 10 classes: all units are equal. */
static void make_model(struct dime_model *model) {
    make("input_size: 4\ninput_encoding: unsigned\nlayers: [{outputs: 8}, {}]\n", model);
}

/* Two pictures: one with 3, 16 and 127 in two groups of four, one that is blank. */
static void test_counts(void **state) {
    (void)state;
    struct dime_model model = {0};
    struct dime_activity activity;
    int8_t pictures[2][16] = {{0, 3, 0, 0, 0, 0, 0, 0, 16, 127}};
    make_model(&model);
    assert_int_equal(dime_activity_count(&model, pictures[0], 2, &activity), 0);
    const struct dime_layer_activity *first = &activity.layers[0];
    NEAR(first->active, 3 / 2.0);
    NEAR(first->words, 2 / 2.0);
    NEAR(first->bytes, (2 + 2) / 2.0);
    NEAR(first->high, 2 / 2.0);
    static const double bits[8] = {2, 2, 1, 1, 2, 1, 1, 0};
    for (uint32_t b = 0; b < 8; b++) NEAR(first->bits[b], bits[b] / 2);
    NEAR(first->digits, (2 + 1 + 2) / 2.0); /* 4 - 1, 16, 128 - 1 */
    NEAR(first->ones, (2 + 1 + 7) / 2.0);
    NEAR(first->lengths, (2 + 5 + 7 + 13 + 16) / 2.0);
    NEAR(first->low, 2 / 2.0);
    NEAR(first->fives, 1 / 2.0);
    NEAR(first->negative, 0);
    NEAR(first->filled_15 + first->filled_16, 0);
    NEAR(first->moved, (1 + 3 + 1 + 3) / 2.0); /* bits 6 and 5 to bit 4, bits 3 and 2 to bit 1 */
    NEAR(first->begun_15, 3 / 2.0);
    NEAR(first->begun_16, 7 / 2.0); /* one for each bit that is set anywhere */
    NEAR(first->fours, 7 / 2.0);
    NEAR(first->eights, 7 / 2.0);
    NEAR(first->code, first->active * dime_weight_code_length(&model, 0)); /* all blocks are equal */
    assert_true(first->code > 0);
    NEAR(first->offset, 0);
    NEAR(first->positive, 8 / 2.0);
    NEAR(activity.layers[1].active, 8 / 2.0);
    NEAR(activity.picture.active, first->active);
    dime_model_free(&model);
}

/* Full buckets: 40 inputs with bit 0 set, three with bit 1, twice which does not fit beside the ten that are
   left; and pairs of places that see something. */
static void test_groups(void **state) {
    (void)state;
    struct dime_model model = {0};
    struct dime_activity activity;
    int8_t picture[64] = {0};
    make("input_size: 8\ninput_encoding: unsigned\nNormType: BatchNorm\n"
         "layers: [{type: conv2d, outputs: 2}, {}]\n",
         &model);
    for (uint32_t i = 0; i < 40; i++) picture[i] = i < 3 ? 3 : 1;
    if (dime_activity_count(&model, picture, 1, &activity)) fail_msg("%s", dime_error_message());
    NEAR(activity.picture.filled_15, 2);
    NEAR(activity.picture.begun_15, 3 + 1);
    NEAR(activity.picture.moved, 0);
    NEAR(activity.picture.filled_16, 2);
    NEAR(activity.picture.begun_16, 3 + 1);
    NEAR(activity.picture.fours, 10 + 1);
    NEAR(activity.picture.eights, 5 + 1);
    NEAR(activity.picture.fives, 8);
    NEAR(activity.layers[0].seen, 15); /* 6x6 places see rows 0 to 4, all but the last row: 30 of them */
    dime_model_free(&model);
}

static void test_metrics(void **state) {
    (void)state;
    struct dime_model model = {0};
    struct dime_activity activity, read;
    int8_t picture[16] = {1, 2, 4, 8};
    make_model(&model);
    assert_int_equal(dime_activity_count(&model, picture, 1, &activity), 0);
    assert_int_equal(dime_activity_read(&model, &read), 0); /* no metrics at all */
    model.metrics = dime_activity_add("{\"test_accuracy\":98}", &activity);
    assert_non_null(model.metrics);
    assert_non_null(strstr(model.metrics, "\"test_accuracy\":98"));
    assert_int_equal(dime_activity_read(&model, &read), 1);
    NEAR(read.picture.active, 4);
    NEAR(read.layers[1].active, activity.layers[1].active);
    dime_model_free(&model);
}

/* Passed over, never believed. */
static void test_damaged(void **state) {
    (void)state;
    static const char older[] = /* with 30 numbers a layer */
        "{\"activity\":[[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"
        "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1],"
        "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]]}";
    static const char *const damaged[] = {
        "{\"activity\":1}",
        "{\"activity\":[]}",
        "{\"activity\":[[],[],[]]}",
        "{\"activity\":[[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,-1],[],[]]}",
        "{\"activity\":[1,2,3]}",
        older};
    struct dime_model model = {0};
    struct dime_activity read;
    make_model(&model);
    for (size_t i = 0; i < sizeof damaged / sizeof *damaged; i++) {
        model.metrics = strdup(damaged[i]);
        assert_int_equal(dime_activity_read(&model, &read), 0);
        free(model.metrics);
        model.metrics = NULL;
    }
    dime_model_free(&model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_damaged),
    };
    return cmocka_run_group_tests_name("activity", tests, NULL, NULL);
}
