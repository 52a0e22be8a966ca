/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/error.h"
#include "base/team.h"
#include "cli/cli.h"
#include "cli/evaluation.h"
#include "data/dataset.h"
#include "data/registry.h"
#include "model/model.h"

static void print_table(const struct cli_evaluation *evaluation, const char *split, char **names) {
    printf("%u %s images\n", evaluation->images, split);
    printf("  trainer's forward pass  %6.2f %%\n", evaluation->float_accuracy);
    if (evaluation->has_integer) {
        printf("  integer engine          %6.2f %%\n", evaluation->integer_accuracy);
        printf("  mismatches              %6u\n", evaluation->mismatches);
    } else {
        printf("  integer engine          (a float model does not run in it; see dime quantize)\n");
    }
    printf("\nconfusion (rows: label, columns: answer)\n%10s", "");
    for (uint32_t c = 0; c < evaluation->classes; c++) printf(" %5.5s", names[c]);
    for (uint32_t r = 0; r < evaluation->classes; r++) {
        printf("\n%10.10s", names[r]);
        for (uint32_t c = 0; c < evaluation->classes; c++)
            printf(" %5u", evaluation->confusion[r * evaluation->classes + c]);
    }
    printf("\n");
}

static int print_json(const struct cli_evaluation *evaluation, const char *split) {
    cJSON *object = cJSON_CreateObject(), *rows = cJSON_AddArrayToObject(object, "confusion");
    cJSON_AddNumberToObject(object, "images", evaluation->images);
    cJSON_AddStringToObject(object, "split", split);
    cJSON_AddNumberToObject(object, "float_accuracy", evaluation->float_accuracy);
    if (evaluation->has_integer) {
        cJSON_AddNumberToObject(object, "integer_accuracy", evaluation->integer_accuracy);
        cJSON_AddNumberToObject(object, "mismatches", evaluation->mismatches);
    } else {
        cJSON_AddNullToObject(object, "integer_accuracy");
        cJSON_AddNullToObject(object, "mismatches");
    }
    for (uint32_t r = 0; r < evaluation->classes; r++) {
        cJSON *row = cJSON_CreateArray();
        for (uint32_t c = 0; c < evaluation->classes; c++)
            cJSON_AddItemToArray(row, cJSON_CreateNumber(evaluation->confusion[r * evaluation->classes + c]));
        cJSON_AddItemToArray(rows, row);
    }
    return cli_print_json(object);
}

struct eval_options {
    const char *model;
    char *data, *split, *folder;
    int json, threads;
};

static int report_mismatches(const struct cli_evaluation *evaluation) {
    return cli_fail(&cli_eval,
                    dime_error_set(DIME_ERROR_MALFORMED,
                                   "trainer and engine disagree on %u of %u images; the model's integers do "
                                   "not belong to its float weights",
                                   evaluation->mismatches, evaluation->images));
}

/* The model's own dataset may be a path that counted from another folder. */
static int open_data(const struct dime_model *model, const struct eval_options *given, const char *name,
                     struct dime_dataset_pair *pair) {
    int code = dime_dataset_open(name, given->folder, pair);
    if (code && !given->data && !dime_registry_find(name))
        return dime_error_set(code, "%s; give --data", dime_error_message());
    if (code) return code;
    code = cli_check_class_names(model, given->model, pair, name);
    if (code) dime_dataset_close(pair);
    return code;
}

static int evaluate_on(const struct dime_model *model, const struct eval_options *given) {
    struct dime_dataset_pair pair;
    struct cli_evaluation evaluation;
    const char *split = given->split ? given->split : "test";
    int code = open_data(model, given, given->data ? given->data : model->config.dataset, &pair);
    if (code) return cli_fail(&cli_eval, code);
    int status = CLI_DONE;
    code = cli_evaluate(model, &pair, split, (uint32_t)given->threads, &evaluation);
    if (code) {
        status = cli_fail(&cli_eval, code);
    } else {
        if (given->json)
            status = print_json(&evaluation, split);
        else
            print_table(&evaluation, split, model->class_names ? model->class_names : pair.class_names);
        if (status == CLI_DONE && evaluation.mismatches) status = report_mismatches(&evaluation);
        cli_evaluation_free(&evaluation);
    }
    dime_dataset_close(&pair);
    return status;
}

static int evaluate_model(const struct eval_options *given) {
    struct dime_model model;
    int code = dime_model_read(given->model, &model);
    if (code) return cli_fail(&cli_eval, code);
    int status = evaluate_on(&model, given);
    dime_model_free(&model);
    return status;
}

static int run(int argc, const char **argv) {
    struct eval_options given = {.threads = (int)dime_processor_count()};
    struct poptOption options[] = {
        {"data", 0, POPT_ARG_STRING, &given.data, 0, "dataset name or folder (default: the model's own)",
         "NAME|DIR"},
        {"split", 0, POPT_ARG_STRING, &given.split, 0, "test, validation or train (default: test)", "SPLIT"},
        {"dir", 0, POPT_ARG_STRING, &given.folder, 0, "cache folder of named datasets", "DIR"},
        {"threads", 0, POPT_ARG_INT | POPT_ARGFLAG_SHOW_DEFAULT, &given.threads, 0, "threads", "N"},
        {"json", 0, POPT_ARG_NONE, &given.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND,
    };
    struct cli_arguments arguments;
    int status = cli_parse(&cli_eval, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    given.model = arguments.positional[0];
    if (given.threads < 1 || given.threads > 256)
        status = cli_fail(&cli_eval, dime_error_set(DIME_ERROR_USAGE, "--threads: expected 1..256, found %d",
                                                    given.threads));
    else
        status = evaluate_model(&given);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_eval = {
    .name = "eval",
    .usage = "MODEL [--data NAME|DIR] [--split test|validation|train]",
    .summary = "run a model's integers over a dataset, in the trainer and in the engine",
    .run = run,
};
