/* SPDX-License-Identifier: MIT */
/* dime inspect: what a model's layers look like and what they need. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/team.h"
#include "cli/chip_prediction.h"
#include "cli/cli.h"
#include "cli/run_facts.h"
#include "model/chip_cost.h"
#include "model/export_c.h"
#include "model/layer_text.h"
#include "model/model.h"
#include "model/statistics.h"
#include "report/pictures.h"

#define BAR_WIDTH 50
#define MOST_BARS 32

static uint32_t bias_count(const struct dime_model_layer *layer) {
    return layer->affine ? layer->outputs : 0;
}

static int runs_in_engine(const struct dime_model *model) {
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (model->layers[i].format == DIME_FORMAT_NONE) return 0;
    return 1;
}

/* Input buffer and scratch: all the memory that one inference writes, its call frames aside. */
static uint32_t ram_bytes(const struct dime_model *model) {
    return dime_model_input_count(model) + dime_model_scratch_bytes(model);
}

/* Milliseconds at the chip's 48 MHz. */
static double milliseconds(double cycles) {
    return cycles / 48000;
}

/* ---- for people ---- */

static void print_bar(double low, double high, uint64_t count, uint64_t most, uint64_t total) {
    char range[48], bar[BAR_WIDTH + 1];
    size_t length = (size_t)((count * BAR_WIDTH + most / 2) / most);
    if (length == 0 && count > 0) length = 1;
    memset(bar, '#', length);
    bar[length] = 0;
    if (low == high)
        snprintf(range, sizeof range, "%.4g", low);
    else
        snprintf(range, sizeof range, "%.4g .. %.4g", low, high);
    printf("  %20s %6.2f%% %s\n", range, 100 * (double)count / (double)total, bar);
}

/* Neighbouring bins share a bar where there are more than a screen holds. */
static uint64_t group_count(const struct dime_layer_statistics *statistics, uint32_t first, uint32_t group) {
    uint64_t count = 0;
    for (uint32_t i = first; i < first + group; i++) count += statistics->bins[i].count;
    return count;
}

static void print_histogram(const struct dime_layer_statistics *statistics) {
    uint32_t group = statistics->bin_count > MOST_BARS ? statistics->bin_count / MOST_BARS : 1;
    uint64_t most = 1;
    for (uint32_t i = 0; i < statistics->bin_count; i += group) {
        uint64_t count = group_count(statistics, i, group);
        if (count > most) most = count;
    }
    for (uint32_t i = 0; i < statistics->bin_count; i += group)
        print_bar(statistics->bins[i].low, statistics->bins[i + group - 1].high,
                  group_count(statistics, i, group), most, statistics->weights);
}

static void print_layer(const struct dime_model_layer *layer, uint32_t number) {
    struct dime_layer_statistics statistics;
    char text[128];
    dime_layer_statistics(layer, &statistics);
    dime_layer_text(layer, text, sizeof text);
    printf("layer %u: %s", number, text);
    if (dime_layer_is_pool(layer)) {
        fputs("\n\n", stdout);
        return;
    }
    printf(", %s (%.3g bits a weight)%s, %zu bytes, %llu products\n", dime_format_name(layer->format),
           dime_format_bits(layer->format), bias_count(layer) ? ", scale and bias of each output" : "",
           statistics.bytes, (unsigned long long)dime_layer_products(layer));
    printf("  minimum %.4g, maximum %.4g, mean %.4g, standard deviation %.4g\n", statistics.minimum,
           statistics.maximum, statistics.mean, statistics.deviation);
    if (statistics.codes)
        printf("  entropy %.2f bits: %.1f%% of the code space; %u of %u codes used\n", statistics.entropy,
               100 * statistics.code_share, statistics.codes_used, statistics.codes);
    print_histogram(&statistics);
    putchar('\n');
}

static uint64_t products(const struct dime_model *model) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) total += dime_layer_products(&model->layers[i]);
    return total;
}

static void print_cycles(const char *plan, double cycles) {
    if (cycles > 0) printf("  %-34s %9.0f cycles, %6.2f ms\n", plan, cycles, milliseconds(cycles));
}

static void print_chip(const struct cli_chip_prediction *chip) {
    printf("flash: %u bytes for weights and tables as the chip has them\n", chip->flash_bytes);
    if (!dime_chip_has_costs(chip->chip)) {
        printf("no prediction of cycles: kernels have been measured on the %s alone; `dime sim --chip %s` "
               "counts them\n",
               dime_chips->full_name, chip->chip->name);
        return;
    }
    printf("predicted for an inference on the %s at 48 MHz, from grey levels to the digit:\n",
           chip->chip->full_name);
    print_cycles(chip->plan, chip->best);
    printf("  (%s)\n", chip->assumed[0] ? chip->assumed : "what `dime firmware --app testset` takes");
    puts("other ways, compiled for speed, where they fit:");
    for (int way = 0; way < CLI_CHIP_WAYS; way++) print_cycles(cli_chip_way_name(way), chip->cycles[way]);
    printf("  (%s)\n", cli_typical_origin_text(chip->origin));
}

static void print_report(const struct dime_model *model, const struct cli_chip_prediction *chip,
                         const char *path) {
    const struct dime_config *config = &model->config;
    printf("%s: %s, %ux%u inputs (%s), %u classes, NormType %s, WScale %s\n\n", path, config->dataset,
           config->input_size, config->input_size, dime_input_encoding_name(config->input_encoding),
           model->classes, dime_norm_name(config->norm), dime_wscale_name(config->wscale));
    for (uint32_t i = 0; i < model->layer_count; i++) print_layer(&model->layers[i], i + 1);
    printf("total: %zu bytes of weights, %llu products an inference%s\n", dime_model_bytes(model),
           (unsigned long long)products(model),
           runs_in_engine(model) ? "" : "; float weights do not run in the engine, see `dime quantize`");
    if (!runs_in_engine(model)) return;
    printf("RAM: %u bytes (input %u, scratch %u)\n", ram_bytes(model), dime_model_input_count(model),
           dime_model_scratch_bytes(model));
    print_chip(chip);
}

/* ---- for programs ---- */

static void add_number(cJSON *object, const char *key, double value) {
    if (isfinite(value))
        cJSON_AddNumberToObject(object, key, value);
    else
        cJSON_AddNullToObject(object, key);
}

static double known(double cycles) {
    return cycles > 0 ? round(cycles) : (double)NAN;
}

static void add_histogram(cJSON *object, const struct dime_layer_statistics *statistics) {
    cJSON *histogram = cJSON_AddArrayToObject(object, "histogram");
    for (uint32_t i = 0; i < statistics->bin_count; i++) {
        cJSON *bin = cJSON_CreateObject();
        add_number(bin, "low", statistics->bins[i].low);
        add_number(bin, "high", statistics->bins[i].high);
        add_number(bin, "count", (double)statistics->bins[i].count);
        cJSON_AddItemToArray(histogram, bin);
    }
}

static void add_shape(cJSON *object, const char *key, uint32_t channels, uint32_t height, uint32_t width) {
    cJSON *shape = cJSON_AddArrayToObject(object, key);
    cJSON_AddItemToArray(shape, cJSON_CreateNumber(channels));
    cJSON_AddItemToArray(shape, cJSON_CreateNumber(height));
    cJSON_AddItemToArray(shape, cJSON_CreateNumber(width));
}

/* Inputs and outputs of a convolution are those of one row of weights, as its bytes follow from. */
static void add_kind(cJSON *object, const struct dime_model_layer *layer) {
    const struct dime_layer_shape *shape = &layer->shape;
    cJSON_AddStringToObject(object, "type", dime_layer_type_name(shape->kind));
    add_number(object, "inputs", layer->inputs);
    add_number(object, "outputs", layer->outputs);
    add_shape(object, "shape_in", shape->channels, shape->height, shape->width);
    add_shape(object, "shape_out", shape->outputs, shape->out_height, shape->out_width);
    add_number(object, "kernel", shape->kernel);
    add_number(object, "stride", shape->stride);
    add_number(object, "padding", shape->padding);
    add_number(object, "activation_bits", shape->wide_outputs ? 32 : shape->activation_bits);
    add_number(object, "products", (double)dime_layer_products(layer));
}

static cJSON *layer_object(const struct dime_model_layer *layer) {
    struct dime_layer_statistics statistics;
    dime_layer_statistics(layer, &statistics);
    cJSON *object = cJSON_CreateObject();
    add_kind(object, layer);
    if (dime_layer_is_pool(layer)) {
        add_number(object, "bytes", 0);
        return object;
    }
    cJSON_AddStringToObject(object, "format", dime_format_name(layer->format));
    add_number(object, "bits", dime_format_bits(layer->format));
    add_number(object, "bytes", (double)statistics.bytes);
    add_number(object, "affine", bias_count(layer));
    add_number(object, "minimum", statistics.minimum);
    add_number(object, "maximum", statistics.maximum);
    add_number(object, "mean", statistics.mean);
    add_number(object, "deviation", statistics.deviation);
    add_number(object, "entropy", statistics.entropy);
    add_number(object, "code_share", statistics.code_share);
    add_number(object, "codes", statistics.codes ? (double)statistics.codes : (double)NAN);
    add_number(object, "codes_used", statistics.codes ? (double)statistics.codes_used : (double)NAN);
    add_histogram(object, &statistics);
    return object;
}

static void add_class_names(cJSON *object, const struct dime_model *model) {
    cJSON *names = cJSON_AddArrayToObject(object, "class_names");
    for (uint32_t i = 0; i < model->classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        cJSON_AddItemToArray(names, cJSON_CreateString(model->class_names ? model->class_names[i] : number));
    }
}

static void add_chip(cJSON *object, const struct cli_chip_prediction *chip) {
    static const char *const origins[] = {"counted", "trained", "assumed"};
    cJSON *ways = cJSON_AddArrayToObject(object, "chip");
    for (int way = 0; way < CLI_CHIP_WAYS; way++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "plan", cli_chip_way_name(way));
        add_number(item, "cycles", known(chip->cycles[way]));
        cJSON_AddItemToArray(ways, item);
    }
    cJSON_AddStringToObject(object, "chip_name", chip->chip->name);
    cJSON_AddStringToObject(object, "plan", chip->plan);
    cJSON_AddBoolToObject(object, "built", !chip->assumed[0]);
    cJSON_AddStringToObject(object, "activity", origins[chip->origin]);
}

/* The chip's figures are null for float weights, which cannot run there. */
static int print_json(const struct dime_model *model, const struct cli_chip_prediction *chip) {
    cJSON *object = cJSON_CreateObject();
    int runs = runs_in_engine(model);
    double cycles = runs ? known(chip->best) : (double)NAN;
    add_number(object, "model_bytes", (double)dime_model_bytes(model));
    add_number(object, "flash_bytes", runs ? (double)chip->flash_bytes : (double)NAN);
    add_number(object, "ram_bytes", runs ? (double)ram_bytes(model) : (double)NAN);
    add_number(object, "cycles", cycles);
    add_number(object, "milliseconds", milliseconds(cycles));
    if (runs) add_chip(object, chip);
    add_number(object, "products", (double)products(model));
    add_number(object, "input_size", model->config.input_size);
    cJSON_AddStringToObject(object, "input_encoding", dime_input_encoding_name(model->config.input_encoding));
    add_number(object, "classes", model->classes);
    add_class_names(object, model);
    cJSON *layers = cJSON_AddArrayToObject(object, "layers");
    for (uint32_t i = 0; i < model->layer_count; i++)
        cJSON_AddItemToArray(layers, layer_object(&model->layers[i]));
    return cli_print_json(object);
}

/* ---- pictures ---- */

static int write_pictures(const struct dime_run_facts *facts, const char *folder) {
    int code = dime_make_folders(folder);
    for (int i = 0; !code && i < DIME_PICTURES; i++) {
        struct dime_figure figure;
        if (!dime_pictures[i](facts, &figure)) continue;
        code = dime_figure_write(&figure, folder);
        if (!code) fprintf(stderr, "%s/%s.png, .svg\n", folder, figure.name);
    }
    return code;
}

static int make_pictures(const char *path, const char *folder, const struct cli_facts_options *options) {
    struct cli_run_facts run;
    int code = cli_run_facts_gather(path, options, &run);
    if (!code) code = write_pictures(&run.facts, folder);
    dime_figure_forget_fonts();
    cli_run_facts_free(&run);
    return code;
}

struct inspect_options {
    char *pictures, *data, *folder, *chip;
    int json, assume;
};

static int inspect(const char *path, const struct inspect_options *given) {
    const struct cli_facts_options facts = {given->data, given->folder, dime_processor_count(), 0, 1};
    const struct dime_chip *kind = dime_chips;
    struct dime_model model;
    int status = CLI_DONE, code = given->chip ? dime_chip_choose(given->chip, &kind) : 0;
    if (!code) code = dime_model_read(path, &model);
    if (code) return cli_fail(&cli_inspect, code);
    struct cli_chip_prediction chip = {.chip = kind};
    if (runs_in_engine(&model))
        code = cli_chip_predict(&model, kind, !given->assume, given->data, given->folder, &chip);
    if (code) {
        dime_model_free(&model);
        return cli_fail(&cli_inspect, code);
    }
    if (given->json)
        status = print_json(&model, &chip);
    else
        print_report(&model, &chip, path);
    dime_model_free(&model);
    if (status || !given->pictures) return status;
    code = make_pictures(path, given->pictures, &facts);
    return code ? cli_fail(&cli_inspect, code) : CLI_DONE;
}

static int run(int argc, const char **argv) {
    struct inspect_options given = {0};
    struct poptOption options[] = {
        {"pictures", 0, POPT_ARG_STRING, &given.pictures, 0,
         "write figures there, as PNG and SVG: curves, confusion, mistakes, first-layer, weights", "DIR"},
        {"data", 0, POPT_ARG_STRING, &given.data, 0,
         "count activations, and test for figures, on this dataset (default: the model's own)", "NAME|DIR"},
        {"dir", 0, POPT_ARG_STRING, &given.folder, 0, "cache folder of named datasets", "DIR"},
        {"chip", 0, POPT_ARG_STRING, &given.chip, 0, "v003 or v002 (default v003)", "CHIP"},
        {"assume", 0, POPT_ARG_NONE, &given.assume, 0,
         "assume that the fastest way to build it fits, instead of building it to find out", NULL},
        {"json", 0, POPT_ARG_NONE, &given.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_inspect, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    status = inspect(arguments.positional[0], &given);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_inspect = {
    .name = "inspect",
    .usage = "MODEL [--pictures DIR] [--data NAME|DIR] [--chip CHIP] [--assume] [--json]",
    .summary = "show layers, weight statistics and sizes of a model",
    .run = run,
};
