/* SPDX-License-Identifier: MIT */
#include "cli/run_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/chip_facts.h"
#include "data/encoded.h"
#include "data/resize.h"
#include "train/train_data.h"

#define CONFIG_LIMIT (1 << 20)

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while looking at a run");
}

/* ---- files of the run folder ---- */

/* FOLDER/NAME where it exists, malloc'ed, or NULL. */
static char *file_of_run(const char *folder, const char *name) {
    char *path = dime_is_folder(folder) ? dime_path_join(folder, name) : NULL;
    if (path && access(path, R_OK)) {
        free(path);
        path = NULL;
    }
    return path;
}

static int read_metrics(const char *folder, struct cli_run_facts *run) {
    char *path = file_of_run(folder, "metrics.csv");
    if (!path) return 0;
    int code = dime_metrics_read(path, &run->metrics);
    free(path);
    if (!code && run->metrics.count) run->facts.metrics = &run->metrics;
    return code;
}

static int read_config(const char *folder, struct cli_run_facts *run) {
    uint8_t *bytes;
    size_t size;
    char *path = file_of_run(folder, "config.yaml");
    if (!path) {
        run->config_text = dime_config_format(&run->model.config);
    } else {
        int code = dime_file_read(path, CONFIG_LIMIT, &bytes, &size);
        free(path);
        if (code) return code;
        run->config_text = (char *)bytes;
    }
    run->facts.config_text = run->config_text;
    return run->config_text ? 0 : out_of_memory();
}

/* ---- mistakes ---- */

/* Logits of one picture after another. */
struct reader {
    struct dime_runtime runtime;
    struct dime_input_format input;
    int8_t *encoded, *activations;
    int32_t *sums;
};

static void close_reader(struct reader *reader) {
    dime_runtime_free(&reader->runtime);
    free(reader->encoded);
    free(reader->activations);
    free(reader->sums);
}

static int open_reader(struct reader *reader, const struct dime_model *model) {
    memset(reader, 0, sizeof *reader);
    int code = dime_runtime_create(&reader->runtime, model);
    if (code) return code;
    reader->input = dime_config_input(&model->config);
    reader->encoded = malloc(dime_model_input_count(model));
    reader->activations = malloc(reader->runtime.network.activations);
    reader->sums = malloc(reader->runtime.network.sums * sizeof *reader->sums);
    if (reader->encoded && reader->activations && reader->sums) return 0;
    close_reader(reader);
    return out_of_memory();
}

static int measure_margin(struct reader *reader, const struct dime_dataset *test,
                          struct dime_mistake *mistake) {
    int code =
        dime_encode_pictures(&reader->input, mistake->pixels, 1, test->height, test->width, reader->encoded);
    if (code) return code;
    dime_network_infer(&reader->runtime.network, reader->encoded, reader->sums, reader->activations);
    mistake->margin = (int64_t)reader->sums[mistake->answer] - reader->sums[mistake->label];
    return 0;
}

static int measure_margins(struct cli_run_facts *run, const struct dime_dataset *test) {
    struct reader reader;
    if (!dime_facts_is_integer(&run->facts)) return 0;
    int code = open_reader(&reader, &run->model);
    if (code) return code;
    for (size_t i = 0; !code && i < run->facts.test.mistake_count; i++)
        code = measure_margin(&reader, test, &run->mistakes[i]);
    close_reader(&reader);
    return code;
}

static int compare_mistakes(const void *a, const void *b) {
    const struct dime_mistake *left = a, *right = b;
    if (left->margin != right->margin) return left->margin < right->margin ? 1 : -1;
    return (left->index > right->index) - (left->index < right->index);
}

static size_t count_mistakes(const struct dime_dataset *test, const uint8_t *answers) {
    size_t count = 0;
    for (uint32_t i = 0; i < test->count; i++) count += answers[i] != test->labels[i];
    return count;
}

/* Copies the pictures, so that the data may be closed. */
static void copy_mistakes(struct cli_run_facts *run, const struct dime_dataset *test) {
    size_t area = (size_t)test->height * test->width, count = 0;
    for (uint32_t i = 0; i < test->count; i++) {
        uint8_t answer = run->evaluation.answers[i];
        if (answer == test->labels[i]) continue;
        uint8_t *pixels = run->pixels + count * area;
        memcpy(pixels, test->pixels + i * area, area);
        run->mistakes[count++] = (struct dime_mistake){i, test->labels[i], answer, 0, pixels};
    }
}

static int gather_mistakes(struct cli_run_facts *run, const struct dime_dataset *test) {
    size_t count = count_mistakes(test, run->evaluation.answers);
    run->mistakes = calloc(count + 1, sizeof *run->mistakes);
    run->pixels = malloc((size_t)test->height * test->width * (count + 1));
    if (!run->mistakes || !run->pixels) return out_of_memory();
    copy_mistakes(run, test);
    run->facts.test.mistakes = run->mistakes;
    run->facts.test.mistake_count = count;
    int code = measure_margins(run, test);
    qsort(run->mistakes, count, sizeof *run->mistakes, compare_mistakes);
    return code;
}

/* ---- data ---- */

static int gather_test(struct cli_run_facts *run, const struct dime_dataset_pair *pair, uint32_t threads) {
    const struct cli_evaluation *evaluation = &run->evaluation;
    int code = cli_evaluate(&run->model, pair, "test", threads, &run->evaluation);
    if (code) return code;
    run->facts.test = (struct dime_test_facts){
        .images = evaluation->images,
        .accuracy = evaluation->has_integer ? evaluation->integer_accuracy : evaluation->float_accuracy,
        .trainer_accuracy = evaluation->float_accuracy,
        .has_integer = evaluation->has_integer,
        .mismatches = evaluation->mismatches,
        .confusion = evaluation->confusion,
        .height = pair->test.height,
        .width = pair->test.width,
    };
    uint32_t validation = run->model.config.validation_size;
    run->facts.validation_images = validation < pair->train.count ? validation : 0;
    run->facts.train_images = pair->train.count - run->facts.validation_images;
    return gather_mistakes(run, &pair->test);
}

/* Pictures for the chip: the first of the test set. */
static int gather_chip(struct cli_run_facts *run, const struct dime_dataset *test) {
    uint32_t size = run->model.config.input_size;
    uint32_t count = test->count < CLI_CHIP_PICTURES ? test->count : CLI_CHIP_PICTURES;
    uint8_t *grey = malloc((size_t)CLI_CHIP_PICTURES * size * size);
    if (!grey) return out_of_memory();
    int code = dime_resize_many(test->pixels, count, test->height, test->width, grey, size, size);
    if (!code) cli_chip_measure(&run->model, grey, count, &run->facts.chip);
    free(grey);
    return code;
}

static int gather_from_data(struct cli_run_facts *run, const char *path,
                            const struct cli_facts_options *options) {
    const char *name = options->data ? options->data : run->model.config.dataset;
    struct dime_dataset_pair pair;
    int code = dime_dataset_open(name, options->folder, &pair);
    if (code && options->data) return code;
    if (code) {
        if (options->notice)
            fprintf(stderr, "%s: its data cannot be had, so no test results: %s\n", path,
                    dime_error_message());
        return 0;
    }
    code = cli_check_class_names(&run->model, path, &pair, name);
    if (!code) code = gather_test(run, &pair, options->threads);
    if (!code && options->chip) code = gather_chip(run, &pair.test);
    dime_dataset_close(&pair);
    return code;
}

int cli_run_facts_gather(const char *path, const struct cli_facts_options *options,
                         struct cli_run_facts *run) {
    memset(run, 0, sizeof *run);
    int code = dime_model_read(path, &run->model);
    if (code) return code;
    run->facts.name = path;
    run->facts.model = &run->model;
    snprintf(run->facts.chip.origin, sizeof run->facts.chip.origin, "not measured%s",
             options->chip ? ": its data is not there" : "");
    code = read_config(path, run);
    if (!code) code = read_metrics(path, run);
    if (!code) code = gather_from_data(run, path, options);
    return code;
}

void cli_run_facts_free(struct cli_run_facts *run) {
    dime_model_free(&run->model);
    dime_metrics_free(&run->metrics);
    cli_evaluation_free(&run->evaluation);
    free(run->config_text);
    free(run->mistakes);
    free(run->pixels);
    memset(run, 0, sizeof *run);
}
