/* SPDX-License-Identifier: MIT */
/* The training loop on a small synthetic dataset: it learns, it does not depend on threads, it resumes, it
   revives dead units. tests/test_resume.sh does the same to the program, with kills. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "train/evaluate.h"
#include "train/trainer.h"
#include "train/trainer_state.h"

enum { COUNT = 600, SIDE = 8, CLASSES = 3 };

static uint8_t pixels[COUNT * SIDE * SIDE], labels[COUNT];
static const struct dime_dataset dataset = {COUNT, SIDE, SIDE, CLASSES, pixels, labels};

/* Class c has a bright bar at rows 2c .. 2c+1, under noise. */
static int draw_dataset(void **state) {
    (void)state;
    struct dime_random random = {11};
    for (uint32_t i = 0; i < COUNT; i++) {
        labels[i] = (uint8_t)dime_random_below(&random, CLASSES);
        for (uint32_t p = 0; p < SIDE * SIDE; p++) {
            uint32_t row = p / SIDE, bright = row / 2 == labels[i] ? 120 : 0;
            pixels[i * SIDE * SIDE + p] = (uint8_t)(bright + dime_random_below(&random, 130));
        }
    }
    return 0;
}

static struct dime_config small_config(void) {
    struct dime_config config;
    dime_config_default(&config);
    config.input_size = SIDE;
    config.epochs = 6;
    config.batch_size = 50;
    config.learning_rate = 0.003f;
    config.validation_size = 100;
    config.elastic_probability = 0.5f;
    config.layer_count = 3;
    config.layers[0].outputs = 20;
    config.layers[1].outputs = 12;
    config.layers[2].outputs = CLASSES;
    return config;
}

static void learn_scales(struct dime_config *config) {
    config->clip = DIME_CLIP_LSQ;
    config->clip_update = DIME_CLIP_LEARNED;
    config->clip_until_epoch = config->epochs;
    config->layers[0].format = DIME_FORMAT_TERNARY;
    config->layers[1].format = DIME_FORMAT_BINARY;
}

static struct dime_model teachers[2]; /* of the labels, seen at two sizes */

static struct dime_trainer *make(const struct dime_config *config, uint32_t threads) {
    struct dime_trainer *trainer;
    if (dime_trainer_create(&trainer, config, &dataset, threads)) fail_msg("%s", dime_error_message());
    if (dime_trainer_teach(trainer, teachers)) fail_msg("%s", dime_error_message());
    return trainer;
}

static void train(struct dime_trainer *trainer, uint32_t until) {
    struct dime_epoch_report report;
    while (dime_trainer_epochs_done(trainer) < until)
        assert_int_equal(dime_trainer_epoch(trainer, NULL, &report), 0);
}

static int same_weights(const struct dime_trainer *a, const struct dime_trainer *b) {
    for (uint32_t i = 0; i < a->network.layer_count; i++) {
        const struct dime_parameter *x = &a->network.layers[i].weight, *y = &b->network.layers[i].weight;
        if (memcmp(x->value, y->value, x->count * sizeof(float))) return 0;
        if (memcmp(x->moment2, y->moment2, x->count * sizeof(float))) return 0;
        const struct dime_parameter *s = &a->network.layers[i].clip, *t = &b->network.layers[i].clip;
        if (memcmp(s->value, t->value, s->count * sizeof(float))) return 0;
    }
    return 1;
}

static void test_learns(void **state) {
    (void)state;
    struct dime_config config = small_config();
    struct dime_trainer *trainer = make(&config, 2);
    struct dime_epoch_report first, last;
    assert_int_equal(dime_trainer_epoch(trainer, NULL, &first), 0);
    train(trainer, 5);
    assert_int_equal(dime_trainer_epoch(trainer, NULL, &last), 0);
    assert_true(last.train_loss < first.train_loss);
    assert_true(last.validation_accuracy > 90);
    assert_true(last.learning_rate < first.learning_rate);
    assert_true(last.epoch == 6 && last.epochs == 6 && last.layer_count == 3);
    assert_true(last.active_fraction > 0 && last.active_fraction < 1);
    assert_true(last.entropy[0] > 2 && last.entropy[0] <= 4);
    dime_trainer_free(trainer);
}

static void check_threads(struct dime_config config) {
    struct dime_trainer *one = make(&config, 1);
    train(one, 3);
    for (uint32_t threads = 2; threads <= 8; threads += 3) {
        struct dime_trainer *many = make(&config, threads);
        train(many, 3);
        assert_true(same_weights(one, many));
        dime_trainer_free(many);
    }
    dime_trainer_free(one);
}

static void test_threads_do_not_matter(void **state) {
    (void)state;
    struct dime_config config = small_config();
    check_threads(config);
    config.norm = DIME_NORM_BATCH;
    config.wscale = DIME_WSCALE_PER_OUTPUT;
    config.batch_size = 200;
    config.weight_averaging = 0.9f;
    check_threads(config);
    learn_scales(&config);
    check_threads(config);
}

static void test_seed_matters(void **state) {
    (void)state;
    struct dime_config config = small_config(), other = config;
    other.seed = 2;
    struct dime_trainer *a = make(&config, 1), *b = make(&other, 1);
    train(a, 1);
    train(b, 1);
    assert_false(same_weights(a, b));
    dime_trainer_free(a);
    dime_trainer_free(b);
}

static void check_restore(struct dime_config config) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/dime-test-trainer-%ld.safetensors", (long)getpid());
    struct dime_trainer *whole = make(&config, 2), *begun = make(&config, 1), *resumed = make(&config, 2);
    struct dime_model a, b;
    train(whole, 6);
    train(begun, 2);
    assert_int_equal(dime_trainer_save(begun, path), 0);
    assert_int_equal(dime_trainer_restore(resumed, path), 0);
    assert_int_equal(dime_trainer_epochs_done(resumed), 2);
    train(resumed, 6);
    assert_true(same_weights(whole, resumed));
    assert_int_equal(dime_trainer_chosen_epoch(whole), dime_trainer_chosen_epoch(resumed));
    assert_int_equal(dime_trainer_store(whole, DIME_TRAINER_CHOSEN, &a), 0);
    assert_int_equal(dime_trainer_store(resumed, DIME_TRAINER_CHOSEN, &b), 0);
    for (uint32_t i = 0; i < a.layer_count; i++)
        assert_memory_equal(a.layers[i].weight, b.layers[i].weight,
                            a.layers[i].inputs * a.layers[i].outputs * sizeof(float));
    dime_model_free(&a);
    dime_model_free(&b);
    config.learning_rate *= 2; /* another configuration's checkpoint is refused */
    struct dime_trainer *other = make(&config, 1);
    assert_int_equal(dime_trainer_restore(other, path), DIME_ERROR_CONFIG);
    dime_trainer_free(other);
    dime_trainer_free(whole);
    dime_trainer_free(begun);
    dime_trainer_free(resumed);
    unlink(path);
}

static void test_restore(void **state) {
    (void)state;
    struct dime_config config = small_config();
    check_restore(config);
    config.norm = DIME_NORM_BATCH;
    config.wscale = DIME_WSCALE_PER_OUTPUT;
    config.weight_averaging = 0.95f;
    check_restore(config);
    config = small_config();
    config.clip = DIME_CLIP_PROP;
    config.clip_update = DIME_CLIP_EVERY_STEP;
    config.selection = DIME_SELECT_BEST;
    check_restore(config);
    learn_scales(&config);
    config.clip_until_epoch = 4;
    config.weight_averaging = 0.95f;
    check_restore(config);
}

/* Scales move with every step until the epoch that freezes them, and the model written has them. */
static void test_scales_are_learned(void **state) {
    (void)state;
    struct dime_config config = small_config();
    struct dime_epoch_report report;
    struct dime_model model;
    learn_scales(&config);
    config.clip_until_epoch = 4;
    struct dime_trainer *trainer = make(&config, 1);
    float before[3];
    for (uint32_t epoch = 0; epoch < 6; epoch++) {
        for (uint32_t i = 0; i < 3; i++) before[i] = trainer->network.layers[i].clip.value[0];
        assert_int_equal(dime_trainer_epoch(trainer, NULL, &report), 0);
        for (uint32_t i = 0; i < 3; i++)
            assert_true((trainer->network.layers[i].clip.value[0] != before[i]) == (epoch < 4));
    }
    assert_true(report.validation_accuracy > 90);
    assert_int_equal(dime_trainer_store(trainer, DIME_TRAINER_CHOSEN, &model), 0);
    for (uint32_t i = 0; i < 3; i++) {
        const struct dime_train_layer *layer = &trainer->network.layers[i];
        assert_true(model.layers[i].clip[0] == layer->clip.value[0]);
        for (uint32_t m = 0; m < layer->outputs; m++)
            for (uint32_t k = 0; k < layer->inputs; k++)
                assert_true(model.layers[i].value[m * layer->inputs + k] ==
                            layer->values[k * layer->padded_outputs + m]);
    }
    dime_model_free(&model);
    dime_trainer_free(trainer);
}

/* ---- teachers ---- */

static struct dime_config taught_config(void) {
    struct dime_config config = small_config();
    config.teacher_count = 2;
    strcpy(config.teacher[0], "first");
    strcpy(config.teacher[1], "second");
    return config;
}

static int make_teachers(void **state) {
    draw_dataset(state);
    for (uint32_t i = 0; i < 2; i++) {
        struct dime_config config = small_config();
        config.input_size = i ? 6 : SIDE;
        config.input_encoding = i ? DIME_INPUT_UNSIGNED : config.input_encoding;
        struct dime_trainer *trainer = make(&config, 1);
        train(trainer, 6);
        assert_int_equal(dime_trainer_store(trainer, DIME_TRAINER_CHOSEN, &teachers[i]), 0);
        dime_trainer_free(trainer);
    }
    return 0;
}

static int free_teachers(void **state) {
    (void)state;
    for (uint32_t i = 0; i < 2; i++) dime_model_free(&teachers[i]);
    return 0;
}

/* Labels that say nothing: what the student knows, its teachers told it. */
static void test_teachers_teach(void **state) {
    (void)state;
    struct dime_config config = taught_config();
    uint8_t truth[COUNT];
    memcpy(truth, labels, sizeof truth);
    config.teacher_weight = 1;
    for (uint32_t i = 0; i < COUNT; i++) labels[i] = (uint8_t)(i % CLASSES);
    struct dime_trainer *trainer = make(&config, 2);
    train(trainer, 6);
    memcpy(labels, truth, sizeof truth);
    struct dime_evaluation result;
    const struct dime_train_data *data = &trainer->data;
    assert_int_equal(dime_evaluate_network(&trainer->chosen, data->encoded, labels,
                                           data->order + data->train_count, data->validation_count, 1, NULL,
                                           &result),
                     0);
    assert_true(result.correct > 90);
    dime_trainer_free(trainer);
}

static void test_taught_runs_repeat(void **state) {
    (void)state;
    struct dime_config config = taught_config();
    check_threads(config);
    check_restore(config);
}

static void expect_error(int code, const char *part) {
    assert_int_equal(code, DIME_ERROR_CONFIG);
    assert_non_null(strstr(dime_error_message(), part));
}

static void test_teacher_errors(void **state) {
    (void)state;
    char path[64];
    struct dime_config config = taught_config();
    struct dime_trainer *trainer, *whole = make(&config, 1);
    struct dime_epoch_report report;
    struct dime_model swapped[2] = {teachers[1], teachers[0]};
    assert_int_equal(dime_trainer_create(&trainer, &config, &dataset, 1), 0);
    expect_error(dime_trainer_epoch(trainer, NULL, &report), "no model was loaded");
    swapped[0].classes = 4;
    expect_error(dime_trainer_teach(trainer, swapped), "teacher first has 4 classes, the data has 3");
    swapped[0].classes = CLASSES;
    float *weight = swapped[1].layers[2].weight;
    swapped[1].layers[2].weight = NULL;
    expect_error(dime_trainer_teach(trainer, swapped), "teacher second has no float part");
    swapped[1].layers[2].weight = weight;
    assert_int_equal(dime_trainer_teach(trainer, swapped), 0);
    snprintf(path, sizeof path, "/tmp/dime-test-teacher-%ld.safetensors", (long)getpid());
    train(whole, 1);
    assert_int_equal(dime_trainer_save(whole, path), 0);
    expect_error(dime_trainer_restore(trainer, path), "teachers of other weights");
    unlink(path);
    dime_trainer_free(trainer);
    dime_trainer_free(whole);
}

/* A unit whose weights are all far below zero never fires on unsigned input. */
static void kill_unit(struct dime_trainer *trainer, uint32_t m) {
    struct dime_train_layer *layer = &trainer->network.layers[0];
    for (uint32_t k = 0; k < layer->inputs; k++) layer->weight.value[k * layer->padded_outputs + m] = -1;
    dime_network_refresh(&trainer->network);
}

static double positive_weights(const struct dime_trainer *trainer, uint32_t m) {
    const struct dime_train_layer *layer = &trainer->network.layers[0];
    double positive = 0;
    for (uint32_t k = 0; k < layer->inputs; k++)
        positive += layer->weight.value[k * layer->padded_outputs + m] > 0;
    return positive / layer->inputs;
}

static void test_revives_dead_units(void **state) {
    (void)state;
    struct dime_config config = small_config();
    config.input_encoding = DIME_INPUT_UNSIGNED;
    for (int revive = 0; revive < 2; revive++) {
        config.revive = revive;
        struct dime_trainer *trainer = make(&config, 1);
        kill_unit(trainer, 7);
        train(trainer, 1);
        if (revive)
            assert_in_range(100 * positive_weights(trainer, 7), 25, 75);
        else
            assert_true(positive_weights(trainer, 7) == 0);
        dime_trainer_free(trainer);
    }
}

/* Validation picks the best epoch: the chosen network scores what the best epoch reported. */
static void test_selection(void **state) {
    (void)state;
    struct dime_config config = small_config();
    config.selection = DIME_SELECT_BEST;
    config.learning_rate = 0.1f; /* accuracy jumps up and down */
    config.schedule = DIME_SCHEDULE_STEP;
    struct dime_trainer *trainer = make(&config, 1);
    struct dime_epoch_report report;
    double best = -1;
    uint32_t best_epoch = 0;
    for (uint32_t epoch = 1; epoch <= 6; epoch++) {
        assert_int_equal(dime_trainer_epoch(trainer, NULL, &report), 0);
        if (report.validation_accuracy >= best) {
            best = report.validation_accuracy;
            best_epoch = epoch;
        }
        assert_int_equal(dime_trainer_chosen_epoch(trainer), best_epoch);
    }
    struct dime_evaluation result;
    const struct dime_train_data *data = &trainer->data;
    assert_int_equal(dime_evaluate_network(&trainer->chosen, data->encoded, labels,
                                           data->order + data->train_count, data->validation_count, 1, NULL,
                                           &result),
                     0);
    assert_true(fabs(100.0 * result.correct / data->validation_count - best) < 1e-9);
    dime_trainer_free(trainer);
}

/* Training and validation pictures do not overlap and are all there. */
static void test_split(void **state) {
    (void)state;
    struct dime_config config = small_config();
    struct dime_trainer *trainer = make(&config, 1);
    uint8_t seen[COUNT] = {0};
    assert_int_equal(trainer->data.train_count, COUNT - 100);
    for (uint32_t i = 0; i < COUNT; i++) seen[trainer->data.order[i]]++;
    for (uint32_t i = 0; i < COUNT; i++) assert_int_equal(seen[i], 1);
    dime_trainer_free(trainer);
    config.validation_size = COUNT;
    assert_int_equal(dime_trainer_create(&trainer, &config, &dataset, 1), DIME_ERROR_CONFIG);
    assert_non_null(strstr(dime_error_message(), "validation_size"));
}

/* Gradients of many chunks of a wide network: refused, not left to the kernel's out-of-memory killer. */
static void test_batch_beyond_memory(void **state) {
    (void)state;
    static uint8_t pixels_of_many[65536], labels_of_many[65536] = {1};
    const struct dime_dataset many = {65536, 1, 1, 2, pixels_of_many, labels_of_many};
    struct dime_config config = small_config();
    struct dime_trainer *trainer;
    config.input_size = 28;
    config.batch_size = 65536;
    config.layers[0].outputs = 4096;
    config.layers[2].outputs = 2;
    assert_int_equal(dime_trainer_create(&trainer, &config, &many, 1), DIME_ERROR_CONFIG);
    assert_non_null(strstr(dime_error_message(), "batch_size"));
}

/* Absurd settings end in an error, not in a crash or a model of NaNs. */
static void test_divergence(void **state) {
    (void)state;
    for (int format = DIME_FORMAT_NONE; format <= DIME_FORMAT_BINARY; format++) {
        struct dime_config config = small_config();
        struct dime_epoch_report report;
        config.learning_rate = 10;
        config.weight_decay = 10;
        config.format = (enum dime_format_id)format;
        for (uint32_t i = 0; i < config.layer_count; i++) config.layers[i].format = config.format;
        struct dime_trainer *trainer = make(&config, 1);
        int code = 0;
        for (uint32_t epoch = 0; epoch < 6 && !code; epoch++)
            code = dime_trainer_epoch(trainer, NULL, &report);
        assert_int_equal(code, DIME_ERROR_CONFIG);
        assert_non_null(strstr(dime_error_message(), "diverged"));
        dime_trainer_free(trainer);
    }
}

static int stop_at_once(void *context) {
    (void)context;
    return 1;
}

static void test_stop(void **state) {
    (void)state;
    struct dime_config config = small_config();
    struct dime_train_watch watch = {NULL, stop_at_once, NULL};
    struct dime_epoch_report report;
    for (uint32_t threads = 1; threads < 4; threads++) {
        struct dime_trainer *trainer = make(&config, threads);
        assert_int_equal(dime_trainer_epoch(trainer, &watch, &report), DIME_ERROR_INTERRUPTED);
        assert_int_equal(dime_trainer_epochs_done(trainer), 0);
        dime_trainer_free(trainer);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_seed_matters),
        cmocka_unit_test(test_restore),
        cmocka_unit_test(test_scales_are_learned),
        cmocka_unit_test(test_teachers_teach),
        cmocka_unit_test(test_taught_runs_repeat),
        cmocka_unit_test(test_teacher_errors),
        cmocka_unit_test(test_revives_dead_units),
        cmocka_unit_test(test_selection),
        cmocka_unit_test(test_split),
        cmocka_unit_test(test_batch_beyond_memory),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_stop),
    };
    return cmocka_run_group_tests_name("trainer", tests, make_teachers, free_teachers);
}
