/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "model/quantize.h"

struct quantize_options {
    char *format, *clip, *out;
    int json;
};

static int parse_format(const char *name, enum dime_format_id *format) {
    if (!name) return dime_error_set(DIME_ERROR_USAGE, "--format FORMAT is missing");
    int found = dime_format_find(name);
    if (found > DIME_FORMAT_NONE) {
        *format = (enum dime_format_id)found;
        return 0;
    }
    return dime_error_set(DIME_ERROR_USAGE, "--format: found '%s'%s, expected one of %s", name,
                          found == DIME_FORMAT_NONE ? ", which is not quantized" : "",
                          dime_format_quantized_list());
}

static int parse_clip(const char *name, enum dime_clip *clip) {
    *clip = DIME_CLIP_OCTAV;
    if (!name || strcmp(name, "octav") == 0) return 0;
    *clip = DIME_CLIP_PROP;
    if (strcmp(name, "prop") == 0) return 0;
    return dime_error_set(DIME_ERROR_USAGE, "--clip: found '%s', expected octav or prop", name);
}

static int print_result(const struct quantize_options *given, const struct dime_model *model) {
    if (!given->json) {
        printf("%s: %s, clipped by %s, %zu bytes of weights\n", given->out,
               dime_format_name(model->config.format), dime_clip_name(model->config.clip),
               dime_model_bytes(model));
        return CLI_DONE;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "model", given->out);
    cJSON_AddStringToObject(object, "format", dime_format_name(model->config.format));
    cJSON_AddStringToObject(object, "clip", dime_clip_name(model->config.clip));
    cJSON_AddNumberToObject(object, "model_bytes", (double)dime_model_bytes(model));
    return cli_print_json(object);
}

/* What the options ask for. */
struct conversion {
    enum dime_format_id format;
    enum dime_clip clip;
};

static int translate(const struct quantize_options *given, struct conversion *wanted) {
    int code = parse_format(given->format, &wanted->format);
    if (!code) code = parse_clip(given->clip, &wanted->clip);
    if (!code && !given->out) code = dime_error_set(DIME_ERROR_USAGE, "--out FILE is missing");
    return code ? code : dime_model_check_target(given->out);
}

static int convert(const struct dime_model *source, const struct conversion *wanted,
                   const struct quantize_options *given) {
    struct dime_model target;
    int code = dime_model_convert(source, wanted->format, wanted->clip, &target);
    if (code) return cli_fail(&cli_quantize, code);
    code = dime_model_write(given->out, &target);
    int status = code ? cli_fail(&cli_quantize, code) : print_result(given, &target);
    dime_model_free(&target);
    return status;
}

static int quantize(const char *path, const struct quantize_options *given) {
    struct dime_model source;
    struct conversion wanted = {DIME_FORMAT_NONE, DIME_CLIP_OCTAV};
    int code = translate(given, &wanted);
    if (!code) code = dime_model_read(path, &source);
    if (code) return cli_fail(&cli_quantize, code);
    int status = convert(&source, &wanted, given);
    dime_model_free(&source);
    return status;
}

static int run(int argc, const char **argv) {
    struct quantize_options given = {0};
    char formats[160];
    snprintf(formats, sizeof formats, "weight format: %s", dime_format_quantized_list());
    struct poptOption options[] = {
        {"format", 0, POPT_ARG_STRING, &given.format, 0, formats, "FORMAT"},
        {"clip", 0, POPT_ARG_STRING, &given.clip, 0, "clipping algorithm, octav or prop (default: octav)",
         "NAME"},
        {"out", 'o', POPT_ARG_STRING, &given.out, 0, "model file to write", "FILE"},
        {"json", 0, POPT_ARG_NONE, &given.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND,
    };
    struct cli_arguments arguments;
    int status = cli_parse(&cli_quantize, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    status = quantize(arguments.positional[0], &given);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_quantize = {
    .name = "quantize",
    .usage = "MODEL --format FORMAT [--clip octav|prop] --out FILE",
    .summary = "quantize a float model without training it again",
    .run = run,
};
