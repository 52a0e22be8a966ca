/* SPDX-License-Identifier: MIT */
/* dime firmware: a model and an application as the image of a CH32V003 or CH32V002. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/firmware_result.h"
#include "cli/typical.h"
#include "data/dataset.h"
#include "data/resize.h"
#include "firmware/build.h"
#include "model/model.h"

#define DEFAULT_PICTURES "0,2,7,4" /* of MNIST: 7, 1, 9, 4 */
#define MOST_PICTURES 64
#define LEAST_BAUD 1200
#define MOST_BAUD 3000000
#define LEAST_INPUT 4
#define MOST_INPUT 32

struct settings {
    const char *model, *out, *app, *chip, *pictures, *data, *code, *kernels, *trade, *print;
    int baud, once, input_size, json;
};

/* Pictures of a test set in the network's size; owns what `pictures` points to. */
struct chosen {
    uint8_t *grey, *labels;
    struct dime_export_pictures pictures;
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while building a firmware");
}

/* ---- pictures ---- */

/* "0,2,7" to numbers below `limit`. */
static int parse_list(const char *text, uint32_t limit, uint32_t numbers[MOST_PICTURES], uint32_t *count) {
    *count = 0;
    for (const char *place = text;; place++) {
        char *end;
        errno = 0;
        unsigned long number = strtoul(place, &end, 10);
        if (!isdigit((unsigned char)*place) || errno || (*end && *end != ','))
            return dime_error_set(DIME_ERROR_USAGE,
                                  "--pictures %s: expected numbers of test pictures from 0, as in %s", text,
                                  DEFAULT_PICTURES);
        if (number >= limit)
            return dime_error_set(DIME_ERROR_USAGE,
                                  "--pictures %s: there is no picture %lu; the test set has %u", text, number,
                                  limit);
        if (*count == MOST_PICTURES)
            return dime_error_set(DIME_ERROR_USAGE, "--pictures: at most %d, and flash for fewer",
                                  MOST_PICTURES);
        numbers[(*count)++] = (uint32_t)number;
        if (!*end) return 0;
        place = end;
    }
}

static int copy_pictures(struct chosen *chosen, const struct dime_dataset *test, uint32_t size,
                         const uint32_t *numbers, uint32_t count) {
    size_t area = (size_t)test->height * test->width;
    chosen->grey = malloc((size_t)count * size * size);
    chosen->labels = malloc(count);
    if (!chosen->grey || !chosen->labels) return out_of_memory();
    int code = 0;
    for (uint32_t i = 0; !code && i < count; i++) {
        chosen->labels[i] = test->labels[numbers[i]];
        code = dime_resize_many(test->pixels + numbers[i] * area, 1, test->height, test->width,
                                chosen->grey + (size_t)i * size * size, size, size);
    }
    chosen->pictures = (struct dime_export_pictures){
        .count = count, .grey = chosen->grey, .labels = chosen->labels, .source = "test set"};
    return code;
}

static int choose_from(struct chosen *chosen, const struct settings *settings, const struct dime_model *model,
                       const char *name, const struct dime_dataset *test) {
    uint32_t numbers[MOST_PICTURES], count;
    if (test->classes != model->classes || !test->count)
        return dime_error_set(
            DIME_ERROR_USAGE,
            "%s: %u test pictures of %u classes, but the model tells %u classes apart; choose its "
            "own dataset with --data",
            name, test->count, test->classes, model->classes);
    int code = parse_list(settings->pictures, test->count, numbers, &count);
    if (code) return code;
    return copy_pictures(chosen, test, model->config.input_size, numbers, count);
}

static int choose_pictures(struct chosen *chosen, const struct settings *settings,
                           const struct dime_model *model) {
    const char *name = settings->data ? settings->data : model->config.dataset;
    struct dime_dataset_pair pair;
    int code = dime_dataset_open(name, NULL, &pair);
    if (code) {
        char message[768];
        snprintf(message, sizeof message, "%.700s", dime_error_message());
        return dime_error_set(code, "%s (the built-in pictures need it; --data takes another)", message);
    }
    code = choose_from(chosen, settings, model, name, &pair.test);
    dime_dataset_close(&pair);
    return code;
}

/* ---- settings ---- */

static int is_one_of(const char *value, const char *a, const char *b) {
    return strcmp(value, a) == 0 || strcmp(value, b) == 0;
}

/* The number of a name in a list. */
static int choose(const char *name, const char *const *names, size_t count, int *number) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0) return *number = (int)i, 0;
    return -1;
}

static void list_apps(char *text, size_t room) {
    size_t used = 0;
    for (const struct dime_firmware_app *app = dime_firmware_apps; app->name; app++)
        used +=
            (size_t)snprintf(text + used, used < room ? room - used : 0, "%s%s", used ? ", " : "", app->name);
}

static int check_input_size(const struct settings *settings, struct dime_firmware_settings *firmware) {
    firmware->input_size = (uint32_t)settings->input_size;
    if (!firmware->app->has_no_model && !settings->model)
        return dime_error_set(DIME_ERROR_USAGE, "MODEL is missing: a run folder or a model file");
    if (settings->input_size >= LEAST_INPUT && settings->input_size <= MOST_INPUT) return 0;
    return dime_error_set(DIME_ERROR_USAGE, "--input-size %d: expected %d to %d, as the model's input",
                          settings->input_size, LEAST_INPUT, MOST_INPUT);
}

static int check_settings(const struct settings *settings, struct dime_firmware_settings *firmware) {
    static const char *const code_places[] = {"flash", "ram", "auto"}; /* as the enums */
    static const char *const kernel_names[] = {"auto", "fast", "reference", "compact"};
    static const char *const trades[] = {"auto", "speed", "size"};
    int code, kernels, trade;
    char apps[200];
    list_apps(apps, sizeof apps);
    if (!settings->out)
        return dime_error_set(DIME_ERROR_USAGE, "--out FILE.elf is missing: the file to write");
    if (!settings->app) return dime_error_set(DIME_ERROR_USAGE, "--app is missing; it is one of %s", apps);
    firmware->app = dime_firmware_app_find(settings->app);
    if (!firmware->app)
        return dime_error_set(DIME_ERROR_USAGE, "--app %s: unknown; it is one of %s", settings->app, apps);
    if (choose(settings->code, code_places, sizeof code_places / sizeof *code_places, &code))
        return dime_error_set(DIME_ERROR_USAGE, "--code %s: unknown; it is auto, flash or ram",
                              settings->code);
    if (choose(settings->kernels, kernel_names, sizeof kernel_names / sizeof *kernel_names, &kernels))
        return dime_error_set(DIME_ERROR_USAGE,
                              "--kernels %s: unknown; it is auto, fast, compact or reference",
                              settings->kernels);
    if (choose(settings->trade, trades, sizeof trades / sizeof *trades, &trade))
        return dime_error_set(DIME_ERROR_USAGE, "--trade %s: unknown; it is auto, speed or size",
                              settings->trade);
    if (!is_one_of(settings->print, "uart", "swio"))
        return dime_error_set(DIME_ERROR_USAGE, "--print %s: unknown; it is uart or swio", settings->print);
    if (settings->baud < LEAST_BAUD || settings->baud > MOST_BAUD)
        return dime_error_set(DIME_ERROR_USAGE, "--baud %d: %d to %d are possible", settings->baud,
                              LEAST_BAUD, MOST_BAUD);
    if (dime_chip_choose(settings->chip, &firmware->chip)) return DIME_ERROR_USAGE;
    firmware->elf = settings->out;
    firmware->baud = (uint32_t)settings->baud;
    firmware->code = (enum dime_code_place)code;
    firmware->kernels = (enum dime_kernels)kernels;
    firmware->trade = (enum dime_trade)trade;
    firmware->print_swio = strcmp(settings->print, "swio") == 0;
    firmware->once = settings->once;
    return check_input_size(settings, firmware);
}

/* ---- results ---- */

/* The message first, as for every command; then what takes the space, where that was the reason. */
static int failed(int code, const struct dime_firmware_report *report) {
    int status = cli_fail(&cli_firmware, code);
    if (report->flash_bytes && !report->fits) cli_firmware_print_failure(report);
    return status;
}

static int build(const struct settings *settings, struct dime_firmware_settings *firmware) {
    struct dime_firmware_report report = {0};
    struct chosen chosen = {0};
    int code = 0;
    if (firmware->app->has_pictures && firmware->model)
        code = choose_pictures(&chosen, settings, firmware->model);
    if (!code) {
        firmware->pictures = firmware->app->has_pictures ? &chosen.pictures : NULL;
        code = dime_firmware_build(firmware, &report);
    }
    int status = code ? failed(code, &report)
                 : settings->json
                     ? cli_firmware_print_json(firmware->app, firmware->model, firmware->activity, &report)
                     : cli_firmware_print_text(firmware->app, firmware->model, firmware->activity, &report);
    dime_firmware_report_free(&report);
    firmware->pictures = NULL;
    free(chosen.grey);
    free(chosen.labels);
    return status;
}

static int build_model(const struct settings *settings, struct dime_firmware_settings *firmware) {
    struct dime_model model;
    struct dime_activity activity;
    enum cli_typical_origin origin;
    int code = dime_model_read(settings->model, &model);
    if (code) return cli_fail(&cli_firmware, code);
    char *name = dime_model_name_of_path(settings->model);
    firmware->model = &model;
    firmware->model_name = name;
    firmware->input_size = model.config.input_size;
    if (!cli_typical_find(&model, settings->data, NULL, &activity, &origin) && origin != CLI_TYPICAL_ASSUMED)
        firmware->activity = &activity;
    int status = name ? build(settings, firmware) : cli_fail(&cli_firmware, out_of_memory());
    firmware->model = NULL;
    firmware->activity = NULL;
    free(name);
    dime_model_free(&model);
    return status;
}

static int build_any(const struct settings *settings) {
    struct dime_firmware_settings firmware = {0};
    int code = check_settings(settings, &firmware);
    if (code) return cli_fail(&cli_firmware, code);
    return settings->model ? build_model(settings, &firmware) : build(settings, &firmware);
}

static int run(int argc, const char **argv) {
    struct settings settings = {.chip = dime_chips->name,
                                .pictures = DEFAULT_PICTURES,
                                .code = "auto",
                                .kernels = "auto",
                                .trade = "auto",
                                .print = "uart",
                                .baud = 115200,
                                .input_size = 16};
    struct poptOption options[] = {
        {"app", 0, POPT_ARG_STRING, &settings.app, 0, "what the chip shall do, see below", "APP"},
        {"out", 0, POPT_ARG_STRING, &settings.out, 0, "file to write; .bin and .hex beside it", "FILE.elf"},
        {"chip", 0, POPT_ARG_STRING, &settings.chip, 0,
         "v003, or v002 (multiplier, 4 KB of RAM); default v003", "NAME"},
        {"pictures", 0, POPT_ARG_STRING, &settings.pictures, 0, "demo: numbers of test pictures, from 0",
         "LIST"},
        {"data", 0, POPT_ARG_STRING, &settings.data, 0, "take them from this dataset (default: the model's)",
         "NAME|DIR"},
        {"code", 0, POPT_ARG_STRING, &settings.code, 0,
         "where the network's inner loops run: auto takes the fastest that fits", "auto|flash|ram"},
        {"kernels", 0, POPT_ARG_STRING, &settings.kernels, 0,
         "what computes the network: fast kernels where there are some, the reference, or the reference with "
         "faster "
         "dot products",
         "auto|fast|reference"},
        {"trade", 0, POPT_ARG_STRING, &settings.trade, 0,
         "what gives way: size takes least flash, speed least time; auto the fastest that fits",
         "auto|speed|size"},
        {"print", 0, POPT_ARG_STRING, &settings.print, 0,
         "uart: text leaves by USART1, pin PD5; swio: by the programmer's wire", "uart|swio"},
        {"baud", 0, POPT_ARG_INT, &settings.baud, 0, "of USART1", "N"},
        {"input-size", 0, POPT_ARG_INT, &settings.input_size, 0,
         "camera without MODEL: pixels along a side of the input of the predictor's model", "N"},
        {"once", 0, POPT_ARG_NONE, &settings.once, 0, "demo: end after the last picture instead of going on",
         NULL},
        {"json", 0, POPT_ARG_NONE, &settings.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_firmware, argc, argv, options, 0, 1, &arguments);
    if (status >= 0) return status;
    settings.model = arguments.count ? arguments.positional[0] : NULL;
    status = build_any(&settings);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_firmware = {
    .name = "firmware",
    .usage =
        "MODEL --app APP --out FILE.elf [--chip v003|v002] [--pictures LIST] [--data NAME|DIR] [--code "
        "auto|flash|ram] "
        "[--kernels auto|fast|compact|reference] [--trade auto|speed|size] [--print uart|swio] [--baud N] "
        "[--once] [--json]\n"
        "       dime firmware [MODEL] --app camera --out FILE.elf [--chip v003|v002] [--input-size N]",
    .summary = "build a model and an application for the chip",
    .run = run,
    .details = "Applications:\n"
               "  demo       reads built-in pictures, prints and shows the digits\n"
               "  testset    reads pictures that arrive over the serial line, answers with the digits\n"
               "  predictor  reads pictures that arrive over the link, shows the digit, answers\n"
               "  selftest   tries every driver and prints what it found\n"
               "  camera     takes pictures with an OV7670 and sends them to another board\n"
               "  single     takes pictures with an OV7670 and shows the digits on the same board\n",
};
