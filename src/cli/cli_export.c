/* SPDX-License-Identifier: MIT */
/* dime export: a model as C. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/evaluation.h"
#include "data/dataset.h"
#include "data/resize.h"
#include "model/bitnetmcu.h"
#include "model/export_c.h"
#include "model/model.h"

#define DEFAULT_PICTURES 10
#define BITNETMCU_HEADER "BitNetMCU_model.h"

struct settings {
    const char *model, *out, *as, *data;
    int pictures;
    int json;
};

/* Test pictures in the network's size; owns what `pictures` points to. */
struct test_set {
    struct dime_dataset_pair pair;
    uint8_t *grey;
    char source[300];
    struct dime_export_pictures pictures;
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while exporting");
}

/* Adds what else can be done to the message of a dataset that does not open. */
static int dataset_failed(int code) {
    char message[768];
    snprintf(message, sizeof message, "%.700s", dime_error_message());
    return dime_error_set(
        code, "%s (the test pictures need it; --data takes another, --pictures 0 leaves them out)", message);
}

static int check_classes(const struct test_set *set, const char *name, const struct dime_model *model) {
    if (set->pair.test.classes == model->classes && set->pair.test.count > 0) return 0;
    return dime_error_set(
        DIME_ERROR_USAGE,
        "%s: %u test pictures of %u classes, but the model tells %u classes apart; choose its own "
        "dataset with --data",
        name, set->pair.test.count, set->pair.test.classes, model->classes);
}

static int fill_pictures(struct test_set *set, const char *name, const struct dime_model *model,
                         uint32_t count) {
    const struct dime_dataset *test = &set->pair.test;
    uint32_t size = model->config.input_size;
    if (count > test->count) count = test->count;
    set->grey = malloc((size_t)count * size * size);
    if (!set->grey) return out_of_memory();
    snprintf(set->source, sizeof set->source, "%s, first %u test pictures", name, count);
    set->pictures = (struct dime_export_pictures){.count = count,
                                                  .grey = set->grey,
                                                  .labels = test->labels,
                                                  .class_names = (const char *const *)set->pair.class_names,
                                                  .source = set->source};
    return dime_resize_many(test->pixels, count, test->height, test->width, set->grey, size, size);
}

static int open_test_set(struct test_set *set, const struct settings *settings,
                         const struct dime_model *model) {
    const char *name = settings->data ? settings->data : model->config.dataset;
    int code = dime_dataset_open(name, NULL, &set->pair);
    if (code) return dataset_failed(code);
    code = check_classes(set, name, model);
    if (!code) code = cli_check_class_names(model, settings->model, &set->pair, name);
    if (!code) code = fill_pictures(set, name, model, (uint32_t)settings->pictures);
    if (!code) return 0;
    free(set->grey);
    dime_dataset_close(&set->pair);
    return code;
}

static int report(const struct settings *settings, const struct dime_export_summary *summary,
                  uint32_t pictures) {
    if (settings->json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "out", settings->out);
        cJSON_AddNumberToObject(object, "files", summary->files);
        cJSON_AddNumberToObject(object, "weight_bytes", summary->weight_bytes);
        cJSON_AddNumberToObject(object, "scratch_bytes", summary->scratch_bytes);
        cJSON_AddNumberToObject(object, "pictures", pictures);
        cJSON_AddNumberToObject(object, "right", summary->right);
        return cli_print_json(object);
    }
    printf("%s: %u files, %u bytes of weights, %u bytes of scratch memory\n", settings->out, summary->files,
           summary->weight_bytes, summary->scratch_bytes);
    if (pictures)
        printf(
            "%u of %u test pictures are classified right; to try the C code: cd %s && gcc *.c && ./a.out\n",
            summary->right, pictures, settings->out);
    return CLI_DONE;
}

static int export_dime(const struct settings *settings, const struct dime_model *model) {
    struct dime_export_summary summary;
    struct test_set set = {0};
    char *name = dime_model_name_of_path(settings->model);
    int code = name ? 0 : out_of_memory();
    int with_pictures = settings->pictures > 0;
    if (!code && with_pictures) code = open_test_set(&set, settings, model);
    if (!code) {
        code = dime_export_c(model, name, with_pictures ? &set.pictures : NULL, settings->out, &summary);
        if (with_pictures) {
            free(set.grey);
            dime_dataset_close(&set.pair);
        }
    }
    free(name);
    if (code) return cli_fail(&cli_export, code);
    return report(settings, &summary, set.pictures.count);
}

/* OUT is a header's name, or a folder that gets one of the usual name. */
static int write_bitnetmcu(const struct settings *settings, const struct dime_model *model, char **path) {
    size_t length = strlen(settings->out);
    int is_header = length > 2 && strcmp(settings->out + length - 2, ".h") == 0;
    *path = is_header ? strdup(settings->out) : dime_path_join(settings->out, BITNETMCU_HEADER);
    if (!*path) return out_of_memory();
    int code = is_header ? 0 : dime_make_folders(settings->out);
    return code ? code : dime_bitnetmcu_write(model, *path);
}

static int report_bitnetmcu(const struct settings *settings, const struct dime_model *model,
                            const char *path) {
    if (!settings->json) {
        printf("%s: written\n", path);
        return CLI_DONE;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "out", path);
    cJSON_AddNumberToObject(object, "files", 1);
    cJSON_AddNumberToObject(object, "weight_bytes", (double)dime_model_bytes(model));
    return cli_print_json(object);
}

static int export_bitnetmcu(const struct settings *settings, const struct dime_model *model) {
    char *path = NULL;
    int code = write_bitnetmcu(settings, model, &path);
    int status = code ? cli_fail(&cli_export, code) : report_bitnetmcu(settings, model, path);
    free(path);
    return status;
}

static int check_settings(const struct settings *settings) {
    if (!settings->out) return dime_error_set(DIME_ERROR_USAGE, "--out DIR is missing: the folder to write");
    if (strcmp(settings->as, "dime") != 0 && strcmp(settings->as, "bitnetmcu") != 0)
        return dime_error_set(DIME_ERROR_USAGE, "--as %s: unknown; it is dime or bitnetmcu", settings->as);
    if (settings->pictures < 0 || settings->pictures > DIME_EXPORT_MOST_PICTURES)
        return dime_error_set(DIME_ERROR_USAGE, "--pictures %d: 0 to %d are possible", settings->pictures,
                              DIME_EXPORT_MOST_PICTURES);
    return 0;
}

static int export_model(const struct settings *settings) {
    struct dime_model model;
    int code = check_settings(settings);
    if (!code) code = dime_model_read(settings->model, &model);
    if (code) return cli_fail(&cli_export, code);
    int status = strcmp(settings->as, "dime") == 0 ? export_dime(settings, &model)
                                                   : export_bitnetmcu(settings, &model);
    dime_model_free(&model);
    return status;
}

static int run(int argc, const char **argv) {
    struct settings settings = {.as = "dime", .pictures = DEFAULT_PICTURES};
    struct poptOption options[] = {
        {"out", 0, POPT_ARG_STRING, &settings.out, 0, "folder to write", "DIR"},
        {"as", 0, POPT_ARG_STRING, &settings.as, 0,
         "dime: C that stands alone with the engine; bitnetmcu: " BITNETMCU_HEADER, "dime|bitnetmcu"},
        {"pictures", 0, POPT_ARG_INT, &settings.pictures, 0,
         "test pictures to add; 0: neither pictures nor main.c", "N"},
        {"data", 0, POPT_ARG_STRING, &settings.data, 0, "take them from this dataset (default: the model's)",
         "NAME|DIR"},
        {"json", 0, POPT_ARG_NONE, &settings.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_export, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    settings.model = arguments.positional[0];
    status = export_model(&settings);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_export = {
    .name = "export",
    .usage = "MODEL --out DIR [--as dime|bitnetmcu] [--pictures N] [--data NAME|DIR] [--json]",
    .summary = "write a model as C code that stands alone",
    .run = run,
};
