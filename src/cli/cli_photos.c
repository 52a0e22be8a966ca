/* SPDX-License-Identifier: MIT */
/* dime photos: camera-like pictures of test digits, as files or to try a model on. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "data/dataset.h"
#include "data/photo_view.h"
#include "data/png_write.h"
#include "model/model.h"

#define PHOTO_PURPOSE 100 /* of the random stream; index: number of the picture */
#define LEAST_SIDE 16
#define MOST_SIDE 4096
#define MOST_CLASSES 255

struct settings {
    const char *model, *out, *size, *data;
    uint32_t width, height;
    long seed;
    int count, each, first, clean, json;
};

/* The model, or only its absence. */
struct reader {
    struct dime_model model;
    struct dime_runtime runtime;
    int8_t *input, *activations;
    int32_t *sums;
};

struct tally {
    uint32_t pictures, right, refused, right_of[MOST_CLASSES], of[MOST_CLASSES];
};

/* ---- the model ---- */

static void close_reader(struct reader *reader) {
    free(reader->input);
    free(reader->activations);
    free(reader->sums);
    dime_runtime_free(&reader->runtime);
    dime_model_free(&reader->model);
}

static int open_reader(struct reader *reader, const char *path) {
    memset(reader, 0, sizeof *reader);
    int code = dime_model_read(path, &reader->model);
    if (code) return code;
    uint32_t inputs = dime_model_input_count(&reader->model), size = reader->model.config.input_size;
    if (inputs != size * size)
        code = dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "%s: its first layer has %u inputs, which are no %ux%u picture", path, inputs,
                              size, size);
    if (!code) code = dime_runtime_create(&reader->runtime, &reader->model);
    if (!code) {
        reader->input = malloc(inputs);
        reader->activations = malloc(reader->runtime.network.activations);
        reader->sums = malloc(reader->runtime.network.sums * sizeof *reader->sums);
        if (!reader->input || !reader->activations || !reader->sums)
            code = dime_error_set(DIME_ERROR_MEMORY, "out of memory for a network of %u inputs", inputs);
    }
    if (code) close_reader(reader);
    return code;
}

/* The model's answer, or MOST_CLASSES where the vision finds nothing. */
static uint32_t read_picture(struct reader *reader, enum dime_vision_finding finding, const uint8_t *grey) {
    const struct dime_config *config = &reader->model.config;
    if (finding != DIME_VISION_DIGIT) return MOST_CLASSES;
    dime_encode(config->input_encoding, config->input_threshold, grey, dime_model_input_count(&reader->model),
                reader->input);
    return dime_network_infer(&reader->runtime.network, reader->input, reader->sums, reader->activations);
}

/* ---- the pictures ---- */

static int write_picture(const struct settings *settings, const struct dime_photo_viewer *viewer,
                         uint32_t label, uint32_t index) {
    char name[40];
    snprintf(name, sizeof name, "%u-%05u.png", label, index);
    char *path = dime_path_join(settings->out, name);
    int code = path ? dime_png_write(path, viewer->picture, viewer->height, viewer->width)
                    : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", settings->out);
    free(path);
    return code;
}

static int take(const struct settings *settings, struct dime_photo_viewer *viewer, struct reader *reader,
                const struct dime_dataset *test, uint32_t index, struct tally *tally) {
    uint8_t grey[DIME_VISION_MOST_SIZE * DIME_VISION_MOST_SIZE];
    uint32_t label = test->labels[index];
    struct dime_random random = dime_random_stream((uint64_t)settings->seed, PHOTO_PURPOSE, index);
    enum dime_vision_finding finding =
        dime_photo_view(viewer, test->pixels + (size_t)index * test->height * test->width, random, grey);
    tally->pictures++;
    tally->of[label]++;
    tally->refused += finding != DIME_VISION_DIGIT;
    if (reader && read_picture(reader, finding, grey) == label) {
        tally->right++;
        tally->right_of[label]++;
    }
    return settings->out ? write_picture(settings, viewer, label, index) : 0;
}

static int take_all(const struct settings *settings, struct reader *reader, const struct dime_dataset *test,
                    struct tally *tally) {
    struct dime_photo_viewer *viewer;
    int code = dime_photo_viewer_create(&viewer, test->height, test->width, settings->height, settings->width,
                                        reader ? reader->model.config.input_size : 28,
                                        settings->clean ? &dime_photo_clean : &dime_photo_usual);
    memset(tally, 0, sizeof *tally);
    for (uint32_t i = (uint32_t)settings->first;
         !code && i < test->count && tally->pictures < (uint32_t)settings->count; i++)
        if (!settings->each || tally->of[test->labels[i]] < (uint32_t)settings->each)
            code = take(settings, viewer, reader, test, i, tally);
    dime_photo_viewer_free(viewer);
    return code;
}

/* ---- settings and results ---- */

/* WIDTHxHEIGHT and nothing behind it: 1, else 0. */
static int read_size(const char *text, uint32_t *width, uint32_t *height) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (end == text || *end != 'x' || value > MOST_SIDE) return 0;
    *width = (uint32_t)value;
    text = end + 1;
    value = strtoul(text, &end, 10);
    if (end == text || *end || value > MOST_SIDE) return 0;
    *height = (uint32_t)value;
    return 1;
}

static int check_settings(struct settings *settings) {
    if (!settings->model && !settings->out)
        return dime_error_set(DIME_ERROR_USAGE,
                              "nothing to do: give a MODEL to try, --out DIR for files, or both");
    if (settings->count < 1)
        return dime_error_set(DIME_ERROR_USAGE, "--count %d: at least 1", settings->count);
    if (settings->first < 0)
        return dime_error_set(DIME_ERROR_USAGE, "--first %d: at least 0", settings->first);
    if (settings->each < 0) return dime_error_set(DIME_ERROR_USAGE, "--each %d: at least 1", settings->each);
    if (!read_size(settings->size, &settings->width, &settings->height) || settings->width < LEAST_SIDE ||
        settings->width > MOST_SIDE || settings->height < LEAST_SIDE || settings->height > MOST_SIDE)
        return dime_error_set(DIME_ERROR_USAGE,
                              "--size %s: expected WIDTHxHEIGHT, each %d to %d, as in 320x240",
                              settings->size, LEAST_SIDE, MOST_SIDE);
    return settings->out ? dime_make_folders(settings->out) : 0;
}

static double percent(uint32_t part, uint32_t whole) {
    return whole ? 100.0 * part / whole : 0;
}

static int print_object(const struct settings *settings, const struct tally *tally) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "pictures", tally->pictures);
    cJSON_AddNumberToObject(object, "refused", tally->refused);
    if (settings->model) {
        cJSON_AddNumberToObject(object, "right", tally->right);
        cJSON_AddNumberToObject(object, "accuracy", percent(tally->right, tally->pictures));
    }
    if (settings->out) cJSON_AddStringToObject(object, "folder", settings->out);
    return cli_print_json(object);
}

static void print_text(const struct settings *settings, const struct tally *tally) {
    printf("%u camera pictures of %s%s", tally->pictures, settings->size, settings->clean ? ", clean" : "");
    if (settings->out) printf(", in %s", settings->out);
    printf("\n  without a digit for device/vision  %u\n", tally->refused);
    if (!settings->model) return;
    printf("  right                              %u, %.2f %%\n", tally->right,
           percent(tally->right, tally->pictures));
    for (uint32_t i = 0; i < MOST_CLASSES; i++)
        if (tally->of[i]) printf("    %3u  %u of %u\n", i, tally->right_of[i], tally->of[i]);
}

static int photograph(const struct settings *settings) {
    struct dime_dataset_pair pair;
    struct reader reader;
    struct tally tally;
    int code = dime_dataset_open(settings->data, NULL, &pair);
    if (code) return cli_fail(&cli_photos, code);
    if (settings->model) code = open_reader(&reader, settings->model);
    if (!code) {
        code = take_all(settings, settings->model ? &reader : NULL, &pair.test, &tally);
        if (settings->model) close_reader(&reader);
    }
    dime_dataset_close(&pair);
    if (code) return cli_fail(&cli_photos, code);
    if (settings->json) return print_object(settings, &tally);
    print_text(settings, &tally);
    return CLI_DONE;
}

static int run(int argc, const char **argv) {
    struct settings settings = {.size = "320x240", .data = "mnist", .count = 1000, .seed = 1};
    struct poptOption options[] = {
        {"count", 0, POPT_ARG_INT, &settings.count, 0, "pictures, at most", "N"},
        {"first", 0, POPT_ARG_INT, &settings.first, 0, "number of the first test digit, from 0", "N"},
        {"each", 0, POPT_ARG_INT, &settings.each, 0, "at most so many of each class", "N"},
        {"clean", 0, POPT_ARG_NONE, &settings.clean, 0, "even light, plain paper, a still hand", NULL},
        {"size", 0, POPT_ARG_STRING, &settings.size, 0, "of the pictures", "WIDTHxHEIGHT"},
        {"seed", 0, POPT_ARG_LONG, &settings.seed, 0, "of everything that is drawn at random", "N"},
        {"data", 0, POPT_ARG_STRING, &settings.data, 0, "digits from the test part of this dataset",
         "NAME|DIR"},
        {"out", 0, POPT_ARG_STRING, &settings.out, 0, "write LABEL-NUMBER.png into this folder", "DIR"},
        {"json", 0, POPT_ARG_NONE, &settings.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_photos, argc, argv, options, 0, 1, &arguments);
    if (status >= 0) return status;
    settings.model = arguments.count ? arguments.positional[0] : NULL;
    int code = check_settings(&settings);
    status = code ? cli_fail(&cli_photos, code) : photograph(&settings);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_photos = {
    .name = "photos",
    .usage =
        "[MODEL] [--out DIR] [--first N] [--count N] [--each N] [--clean] [--size WIDTHxHEIGHT] [--seed N] "
        "[--data NAME|DIR] [--json]",
    .summary = "draw camera-like pictures of test digits; try a model on them",
    .run = run,
    .details =
        "COUNT test digits, from FIRST on, become pictures as a camera would take them of handwriting\n"
        "(docs/vision.md). The same seed gives the same pictures. With a MODEL each goes through\n"
        "device/vision and the integer engine, and the share of right answers is printed.\n",
};
