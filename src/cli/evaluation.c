/* SPDX-License-Identifier: MIT */
#include "cli/evaluation.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/class_names.h"
#include "train/evaluate.h"
#include "train/train_data.h"

/* Encoded pictures of one split. */
struct split {
    const int8_t *encoded;
    const uint8_t *labels;
    const uint32_t *indices; /* NULL: all in order */
    uint32_t count;
};

static uint8_t label_of(const struct split *split, uint32_t i) {
    return split->labels[split->indices ? split->indices[i] : i];
}

static void fill_confusion(const struct split *split, const uint8_t *answers,
                           struct cli_evaluation *evaluation) {
    for (uint32_t i = 0; i < split->count; i++)
        evaluation->confusion[label_of(split, i) * evaluation->classes + answers[i]]++;
}

static int compare(const struct dime_model *model, const struct dime_network_state *network,
                   const struct split *split, uint32_t threads, uint8_t *answers,
                   struct cli_evaluation *evaluation) {
    uint8_t *integer_answers = answers + split->count;
    struct dime_evaluation result;
    int code = dime_evaluate_network(network, split->encoded, split->labels, split->indices, split->count,
                                     threads, answers, &result);
    if (code) return code;
    evaluation->float_accuracy = 100.0 * result.correct / split->count;
    evaluation->has_integer = network->quantized;
    if (!network->quantized) {
        fill_confusion(split, answers, evaluation);
        return 0;
    }
    code = dime_evaluate_engine(model, split->encoded, split->labels, split->indices, split->count, threads,
                                integer_answers, &result);
    if (code) return code;
    evaluation->integer_accuracy = 100.0 * result.correct / split->count;
    for (uint32_t i = 0; i < split->count; i++) evaluation->mismatches += answers[i] != integer_answers[i];
    fill_confusion(split, integer_answers, evaluation);
    memcpy(answers, integer_answers, split->count);
    return 0;
}

static int evaluate_split(const struct dime_model *model, const struct split *split, uint32_t threads,
                          struct cli_evaluation *evaluation) {
    struct dime_network_state network;
    if (split->count == 0) return dime_error_set(DIME_ERROR_CONFIG, "this split has no pictures");
    evaluation->images = split->count;
    evaluation->classes = model->classes;
    evaluation->confusion = calloc((size_t)model->classes * model->classes, sizeof *evaluation->confusion);
    uint8_t *answers = malloc(2 * (size_t)split->count);
    int code = evaluation->confusion && answers
                   ? dime_network_load(&network, model)
                   : dime_error_set(DIME_ERROR_MEMORY, "out of memory for answers");
    if (!code) {
        code = compare(model, &network, split, threads, answers, evaluation);
        dime_network_free(&network);
    }
    evaluation->answers = answers;
    if (code) cli_evaluation_free(evaluation);
    return code;
}

static int evaluate_test(const struct dime_model *model, const struct dime_dataset *test, uint32_t threads,
                         struct cli_evaluation *evaluation) {
    struct dime_input_format input = dime_config_input(&model->config);
    int8_t *encoded;
    int code = dime_encode_dataset(&input, test, threads, &encoded);
    if (code) return code;
    struct split split = {encoded, test->labels, NULL, test->count};
    code = evaluate_split(model, &split, threads, evaluation);
    free(encoded);
    return code;
}

static int evaluate_part(const struct dime_model *model, const struct dime_dataset *train, int validation,
                         uint32_t threads, struct cli_evaluation *evaluation) {
    struct dime_train_data data;
    int code = dime_train_data_create(&data, &model->config, train, threads);
    if (code) return code;
    struct split split = {data.encoded, train->labels, data.order + (validation ? data.train_count : 0),
                          validation ? data.validation_count : data.train_count};
    code = evaluate_split(model, &split, threads, evaluation);
    dime_train_data_free(&data);
    return code;
}

int cli_evaluate(const struct dime_model *model, const struct dime_dataset_pair *pair, const char *split,
                 uint32_t threads, struct cli_evaluation *evaluation) {
    memset(evaluation, 0, sizeof *evaluation);
    int validation = strcmp(split, "validation") == 0;
    if (!validation && strcmp(split, "test") != 0 && strcmp(split, "train") != 0)
        return dime_error_set(DIME_ERROR_USAGE,
                              "--split: unknown split '%s'; expected test, validation or train", split);
    if (pair->train.classes != model->classes)
        return dime_error_set(DIME_ERROR_CONFIG,
                              "the data has %u classes, the model was trained on %u; choose other data",
                              pair->train.classes, model->classes);
    if (strcmp(split, "test") == 0) return evaluate_test(model, &pair->test, threads, evaluation);
    return evaluate_part(model, &pair->train, validation, threads, evaluation);
}

int cli_check_class_names(const struct dime_model *model, const char *model_name,
                          const struct dime_dataset_pair *pair, const char *data_name) {
    uint32_t classes = pair->train.classes < model->classes ? pair->train.classes : model->classes;
    if (!model->class_names || dime_class_names_are_numbers(pair->class_names, pair->train.classes)) return 0;
    for (uint32_t i = 0; i < classes; i++)
        if (strcmp(model->class_names[i], pair->class_names[i]))
            return dime_error_set(
                DIME_ERROR_CONFIG,
                "class %u is '%s' in %s, but '%.*s' in %s; choose data with the model's classes", i,
                model->class_names[i], model_name, DIME_CLASS_NAME_BYTES, pair->class_names[i], data_name);
    return 0;
}

void cli_evaluation_free(struct cli_evaluation *evaluation) {
    free(evaluation->answers);
    free(evaluation->confusion);
    memset(evaluation, 0, sizeof *evaluation);
}
