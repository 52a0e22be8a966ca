/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "base/error.h"
#include "cli/cli.h"
#include "model/bitnetmcu.h"
#include "model/layer_text.h"

struct import_options {
    const char *out, *encoding;
    int size, threshold, json;
};

/* Turns the command line into what the reader takes; a wrong value is a usage error. */
static int translate(const struct import_options *given, struct dime_bitnetmcu_options *options) {
    *options = (struct dime_bitnetmcu_options){(uint32_t)given->size, -1, (uint32_t)given->threshold};
    if (!given->out) return dime_error_set(DIME_ERROR_USAGE, "--out FILE is missing");
    if (given->size && (given->size < 4 || given->size > 64))
        return dime_error_set(DIME_ERROR_USAGE, "--input-size %d: 4 to 64 are possible", given->size);
    if (given->threshold && (given->threshold < 1 || given->threshold > 255))
        return dime_error_set(DIME_ERROR_USAGE, "--input-threshold %d: 1 to 255 are possible",
                              given->threshold);
    if (!given->encoding) return 0;
    options->input_encoding = dime_bitnetmcu_encoding(given->encoding);
    if (options->input_encoding >= 0) return 0;
    return dime_error_set(DIME_ERROR_USAGE,
                          "--input-encoding %.40s: known are mean-subtracted, unsigned, binary, unsigned4",
                          given->encoding);
}

static int print_result(const struct import_options *options, const struct dime_model *model) {
    if (!options->json) {
        char text[DIME_MODEL_TEXT_BYTES];
        dime_model_text(model, text, sizeof text);
        printf("%s: %s, %s, %s input of %ux%u pixels, %zu bytes of weights\n", options->out, text,
               dime_format_name(model->config.format), dime_input_encoding_name(model->config.input_encoding),
               model->config.input_size, model->config.input_size, dime_model_bytes(model));
        return CLI_DONE;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "model", options->out);
    cJSON_AddNumberToObject(object, "layers", model->layer_count);
    cJSON_AddNumberToObject(object, "classes", model->classes);
    cJSON_AddNumberToObject(object, "input_size", model->config.input_size);
    cJSON_AddStringToObject(object, "input_encoding", dime_input_encoding_name(model->config.input_encoding));
    cJSON_AddNumberToObject(object, "model_bytes", (double)dime_model_bytes(model));
    return cli_print_json(object);
}

static int import(const char *header, const struct import_options *given) {
    struct dime_bitnetmcu_options options;
    struct dime_model model;
    int error = translate(given, &options);
    if (!error) error = dime_model_check_target(given->out);
    if (error) return cli_fail(&cli_import, error);
    error = dime_bitnetmcu_read(header, &options, &model);
    if (error) return cli_fail(&cli_import, error);
    error = dime_model_write(given->out, &model);
    int status = error ? cli_fail(&cli_import, error) : print_result(given, &model);
    dime_model_free(&model);
    return status;
}

static int run(int argc, const char **argv) {
    struct import_options given = {0};
    struct poptOption options[] = {
        {"out", 'o', POPT_ARG_STRING, &given.out, 0, "model file to write", "FILE"},
        {"input-size", 0, POPT_ARG_INT, &given.size, 0,
         "height and width of the picture; default: the square root of the inputs", "N"},
        {"input-encoding", 0, POPT_ARG_STRING, &given.encoding, 0,
         "mean-subtracted, unsigned, binary or unsigned4; default: binary for 28x28 inputs, else "
         "mean-subtracted",
         "NAME"},
        {"input-threshold", 0, POPT_ARG_INT, &given.threshold, 0,
         "grey level from which on binary input is 1; default: 73", "N"},
        {"json", 0, POPT_ARG_NONE, &given.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND,
    };
    struct cli_arguments arguments;
    int status = cli_parse(&cli_import, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    status = import(arguments.positional[0], &given);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_import = {
    .name = "import",
    .usage = "HEADER.h --out FILE [--input-size N] [--input-encoding NAME] [--input-threshold N] [--json]",
    .summary = "turn a BitNetMCU_model.h into a model file",
    .run = run,
};
