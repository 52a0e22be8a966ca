/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/team.h"
#include "cli/cli.h"
#include "cli/training_run.h"

struct train_options {
    char *out, *folder;
    const char **assignments;
    char *seed;
    int threads, resume, json;
};

static size_t count_strings(const char **strings) {
    size_t count = 0;
    while (strings && strings[count]) count++;
    return count;
}

/* The configuration file, then --set in order, then --seed. */
static int read_config(const char *path, const struct train_options *given, struct dime_config *config) {
    for (size_t i = 0; i < count_strings(given->assignments); i++)
        if (!strchr(given->assignments[i], '='))
            return dime_error_set(DIME_ERROR_USAGE, "--set %s: expected KEY=VALUE", given->assignments[i]);
    int code = dime_config_read(path, given->assignments, count_strings(given->assignments), config);
    if (code || !given->seed) return code;
    char assignment[64];
    const char *list[1] = {assignment};
    if (strspn(given->seed, "0123456789") != strlen(given->seed) || strlen(given->seed) > 20 || !*given->seed)
        return dime_error_set(DIME_ERROR_USAGE, "--seed: expected a whole number, found '%s'", given->seed);
    snprintf(assignment, sizeof assignment, "seed=%s", given->seed);
    return dime_config_set(config, list, 1);
}

static int print_result(const struct cli_run_result *result, int json) {
    if (!json) {
        printf("%s: ", result->run);
        if (result->has_validation) printf("validation %.2f %%, ", result->validation_accuracy);
        printf("test %.2f %% (%s), %zu bytes of weights, %.1f s\n", result->test_accuracy,
               result->integer ? "integer engine, 0 mismatches" : "float", result->model_bytes,
               result->seconds);
        return CLI_DONE;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "run", result->run);
    cJSON_AddNumberToObject(object, "seconds", result->seconds);
    cJSON_AddNumberToObject(object, "epochs", result->epochs);
    cJSON_AddNumberToObject(object, "images_per_second", result->images_per_second);
    if (result->has_validation)
        cJSON_AddNumberToObject(object, "validation_accuracy", result->validation_accuracy);
    else
        cJSON_AddNullToObject(object, "validation_accuracy");
    cJSON_AddNumberToObject(object, "test_accuracy", result->test_accuracy);
    cJSON_AddNumberToObject(object, "model_bytes", (double)result->model_bytes);
    return cli_print_json(object);
}

static int train(const char *path, const struct train_options *given) {
    struct cli_run_request request = {.out = given->out,
                                      .folder = given->folder,
                                      .threads = (uint32_t)given->threads,
                                      .resume = given->resume};
    struct cli_run_result result;
    if (given->threads < 1 || given->threads > 256)
        return cli_fail(&cli_train, dime_error_set(DIME_ERROR_USAGE, "--threads: expected 1..256, found %d",
                                                   given->threads));
    int code = read_config(path, given, &request.config);
    if (!code) code = cli_run_training(&request, &result);
    if (code) return cli_fail(&cli_train, code);
    return print_result(&result, given->json);
}

static int run(int argc, const char **argv) {
    struct train_options given = {.threads = (int)dime_processor_count()};
    struct poptOption options[] = {
        {"out", 'o', POPT_ARG_STRING, &given.out, 0,
         "run folder (default: runs/ and a name made from the keys)", "RUN"},
        {"set", 0, POPT_ARG_ARGV, &given.assignments, 0,
         "override a key of the configuration; may be repeated", "KEY=VALUE"},
        {"seed", 0, POPT_ARG_STRING, &given.seed, 0, "the same as --set seed=N", "N"},
        {"threads", 0, POPT_ARG_INT, &given.threads, 0, "threads; the result does not depend on them", "N"},
        {"resume", 0, POPT_ARG_NONE, &given.resume, 0, "go on from the run folder's checkpoint", NULL},
        {"dir", 0, POPT_ARG_STRING, &given.folder, 0, "cache folder of named datasets", "DIR"},
        {"json", 0, POPT_ARG_NONE, &given.json, 0, "print one JSON object at the end", NULL},
        POPT_TABLEEND,
    };
    struct cli_arguments arguments;
    int status = cli_parse(&cli_train, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    status = train(arguments.positional[0], &given);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_train = {
    .name = "train",
    .usage = "CONFIG [--out RUN] [--set KEY=VALUE]... [--seed N] [--threads N] [--resume]",
    .summary = "train a quantized network",
    .run = run,
};
