/* SPDX-License-Identifier: MIT */
/* dime predict: which class is on a picture. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/cli.h"
#include "cli/real_board.h"
#include "data/picture.h"
#include "data/prepare.h"
#include "display/reading.h"
#include "model/model.h"

/* Everything one prediction needs, made once for all pictures. */
struct predictor {
    struct dime_model model;
    struct dime_runtime runtime;
    uint8_t *grey;
    int8_t *input, *activations;
    int32_t *sums;
    struct cli_board board; /* port NULL: none */
};

struct settings {
    const char *invert, *serial;
    enum dime_polarity polarity;
    int show, json;
};

struct prediction {
    struct dime_prepared prepared;
    struct dime_reading reading;
    struct dime_link_result board;
};

static void close_predictor(struct predictor *predictor) {
    cli_board_close(&predictor->board);
    free(predictor->grey);
    free(predictor->input);
    free(predictor->activations);
    free(predictor->sums);
    dime_runtime_free(&predictor->runtime);
    dime_model_free(&predictor->model);
}

static int allocate_buffers(struct predictor *predictor) {
    const struct dime_network *network = &predictor->runtime.network;
    uint32_t inputs = dime_model_input_count(&predictor->model);
    predictor->grey = malloc(inputs);
    predictor->input = malloc(inputs);
    predictor->activations = malloc(network->activations);
    predictor->sums = malloc(network->sums * sizeof *predictor->sums);
    if (predictor->grey && predictor->input && predictor->activations && predictor->sums) return 0;
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a network of %u inputs", inputs);
}

static int check_input(const struct predictor *predictor, const char *path) {
    uint32_t size = predictor->model.config.input_size, inputs = dime_model_input_count(&predictor->model);
    if (size * size == inputs) return 0;
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s: its first layer has %u inputs, which are no %ux%u picture", path, inputs, size,
                          size);
}

static int open_predictor(struct predictor *predictor, const char *path, const char *serial) {
    memset(predictor, 0, sizeof *predictor);
    int code = dime_model_read(path, &predictor->model);
    if (code) return code;
    code = check_input(predictor, path);
    if (!code) code = dime_runtime_create(&predictor->runtime, &predictor->model);
    if (!code) code = allocate_buffers(predictor);
    if (!code && serial)
        code = cli_board_open(&predictor->board, serial, path, predictor->model.config.input_size,
                              predictor->model.classes);
    if (code) close_predictor(predictor);
    return code;
}

static int predict(struct predictor *predictor, const struct settings *settings, const char *path,
                   struct prediction *prediction) {
    const struct dime_config *config = &predictor->model.config;
    struct dime_picture picture;
    int code = dime_picture_read(path, &picture);
    if (code) return code;
    code = dime_prepare(picture.pixels, picture.height, picture.width, settings->polarity, config->input_size,
                        predictor->grey, &prediction->prepared);
    dime_picture_free(&picture);
    if (code) return code;
    dime_encode(config->input_encoding, config->input_threshold, predictor->grey,
                dime_model_input_count(&predictor->model), predictor->input);
    prediction->reading.best = dime_network_infer(&predictor->runtime.network, predictor->input,
                                                  predictor->sums, predictor->activations);
    dime_reading_judge(&prediction->reading, predictor->sums, predictor->model.classes);
    if (!predictor->board.port) return 0;
    return cli_board_picture(&predictor->board, predictor->grey, config->input_size, &prediction->board);
}

static void class_name(const struct predictor *predictor, uint32_t label, char *name, size_t size) {
    if (predictor->model.class_names)
        snprintf(name, size, "%s", predictor->model.class_names[label]);
    else
        snprintf(name, size, "%u", label);
}

static double board_milliseconds(const struct prediction *prediction) {
    return prediction->board.cycles / 48000.0;
}

/* ---- output ---- */

/* The encoded input, darkest value blank, brightest '@'. */
static void show_input(const struct predictor *predictor) {
    static const char ink[] = " .:-=+*#%@";
    uint32_t size = predictor->model.config.input_size;
    int8_t low = INT8_MAX, high = INT8_MIN;
    for (uint32_t i = 0; i < size * size; i++) {
        if (predictor->input[i] < low) low = predictor->input[i];
        if (predictor->input[i] > high) high = predictor->input[i];
    }
    int range = high > low ? high - low : 1;
    for (uint32_t y = 0; y < size; y++) {
        for (uint32_t x = 0; x < size; x++) {
            char dot = ink[(predictor->input[y * size + x] - low) * (int)(sizeof ink - 2) / range];
            putchar(dot);
            putchar(dot); /* a character is about twice as high as wide */
        }
        putchar('\n');
    }
}

static void print_board(const struct predictor *predictor, const struct prediction *prediction) {
    const struct dime_link_result *result = &prediction->board;
    char name[128] = "a dash, no digit";
    if (result->best < predictor->model.classes) class_name(predictor, result->best, name, sizeof name);
    printf("  the board at %s: %s  (margin %d, %.2f ms%s)\n", predictor->board.name, name,
           (int)result->margin, board_milliseconds(prediction),
           result->class == DIME_LINK_NO_DIGIT ? ", shown as a dash: not clear enough" : "");
}

static void print_prediction(const struct predictor *predictor, const struct settings *settings,
                             const char *path, const struct prediction *prediction) {
    if (settings->show) show_input(predictor);
    if (prediction->prepared.blank) {
        printf("%s: blank, there is nothing to classify\n", path);
        if (predictor->board.port) print_board(predictor, prediction);
        return;
    }
    char name[128];
    class_name(predictor, prediction->reading.best, name, sizeof name);
    printf("%s: %s  (margin %d%s%s)\n", path, name, (int)prediction->reading.margin,
           prediction->reading.sure ? "" : ", not clear enough for a board to show",
           prediction->prepared.inverted ? ", dark on light: inverted" : "");
    if (predictor->board.port) print_board(predictor, prediction);
}

static void add_class(cJSON *object, const struct predictor *predictor, const struct prediction *prediction) {
    char name[128];
    class_name(predictor, prediction->reading.best, name, sizeof name);
    cJSON_AddNumberToObject(object, "label", prediction->reading.best);
    cJSON_AddStringToObject(object, "class", name);
    cJSON *logits = cJSON_AddArrayToObject(object, "logits");
    for (uint32_t i = 0; i < predictor->model.classes; i++)
        cJSON_AddItemToArray(logits, cJSON_CreateNumber(predictor->sums[i]));
    cJSON_AddNumberToObject(object, "margin", prediction->reading.margin);
    cJSON_AddBoolToObject(object, "sure", (int)prediction->reading.sure);
}

static void add_board(cJSON *object, const struct predictor *predictor, const struct prediction *prediction) {
    const struct dime_link_result *result = &prediction->board;
    cJSON *board = cJSON_AddObjectToObject(object, "board");
    if (result->best < predictor->model.classes)
        cJSON_AddNumberToObject(board, "label", result->best);
    else
        cJSON_AddNullToObject(board, "label");
    cJSON_AddBoolToObject(board, "shown", result->class != DIME_LINK_NO_DIGIT);
    cJSON_AddNumberToObject(board, "margin", result->margin);
    cJSON_AddNumberToObject(board, "cycles", result->cycles);
    cJSON_AddNumberToObject(board, "milliseconds", board_milliseconds(prediction));
}

static void add_prediction(cJSON *predictions, const struct predictor *predictor, const char *path,
                           const struct prediction *prediction) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "file", path);
    cJSON_AddBoolToObject(object, "blank", prediction->prepared.blank);
    cJSON_AddBoolToObject(object, "inverted", prediction->prepared.inverted);
    if (prediction->prepared.blank) {
        cJSON_AddNullToObject(object, "label");
        cJSON_AddNullToObject(object, "class");
        cJSON_AddNullToObject(object, "logits");
        cJSON_AddNullToObject(object, "margin");
        cJSON_AddBoolToObject(object, "sure", 0);
    } else {
        add_class(object, predictor, prediction);
    }
    if (predictor->board.port) add_board(object, predictor, prediction);
    cJSON_AddItemToArray(predictions, object);
}

/* A picture that cannot be read is reported, the others are still classified; the exit status tells. */
static int predict_all(struct predictor *predictor, const struct settings *settings, const char **paths,
                       int count) {
    int status = CLI_DONE;
    cJSON *object = settings->json ? cJSON_CreateObject() : NULL;
    cJSON *predictions = object ? cJSON_AddArrayToObject(object, "predictions") : NULL;
    for (int i = 0; i < count; i++) {
        struct prediction prediction;
        int code = predict(predictor, settings, paths[i], &prediction);
        if (code)
            status = cli_fail(&cli_predict, code);
        else if (settings->json)
            add_prediction(predictions, predictor, paths[i], &prediction);
        else
            print_prediction(predictor, settings, paths[i], &prediction);
    }
    int printed = settings->json ? cli_print_json(object) : CLI_DONE;
    return status ? status : printed;
}

static int check_settings(struct settings *settings) {
    if (strcmp(settings->invert, "auto") == 0)
        settings->polarity = DIME_POLARITY_AUTO;
    else if (strcmp(settings->invert, "yes") == 0)
        settings->polarity = DIME_POLARITY_INVERT;
    else if (strcmp(settings->invert, "no") == 0)
        settings->polarity = DIME_POLARITY_KEEP;
    else
        return dime_error_set(DIME_ERROR_USAGE, "--invert %s: unknown; it is auto, yes or no",
                              settings->invert);
    if (settings->show && settings->json)
        return dime_error_set(DIME_ERROR_USAGE, "--show and --json cannot be given together");
    return 0;
}

static int run(int argc, const char **argv) {
    struct settings settings = {.invert = "auto"};
    struct poptOption options[] = {
        {"invert", 0, POPT_ARG_STRING, &settings.invert, 0,
         "yes: strokes are dark on a light background; auto: when the border is light", "auto|yes|no"},
        {"show", 0, POPT_ARG_NONE, &settings.show, 0, "draw each input as the network sees it", NULL},
        {"serial", 0, POPT_ARG_STRING, &settings.serial, 0,
         "ask the predictor on a real board there, too, as in /dev/ttyACM0", "PORT"},
        {"json", 0, POPT_ARG_NONE, &settings.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_predict, argc, argv, options, 2, -1, &arguments);
    if (status >= 0) return status;
    struct predictor predictor;
    int code = check_settings(&settings);
    if (!code) code = open_predictor(&predictor, arguments.positional[0], settings.serial);
    if (code) {
        status = cli_fail(&cli_predict, code);
    } else {
        status = predict_all(&predictor, &settings, arguments.positional + 1, arguments.count - 1);
        close_predictor(&predictor);
    }
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_predict = {
    .name = "predict",
    .usage = "MODEL PICTURE... [--invert auto|yes|no] [--serial PORT] [--show] [--json]",
    .summary = "classify PNG and PGM pictures of any size",
    .run = run,
};
