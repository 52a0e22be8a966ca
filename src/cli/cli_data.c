/* SPDX-License-Identifier: MIT */
/* dime data: fetches datasets and tells what is in them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "cli/cli.h"
#include "data/dataset.h"
#include "data/registry.h"
#include "report/progress.h"

struct settings {
    const char *folder; /* NULL: the cache */
    int json;
};

/* ---- fetch ---- */

struct watcher {
    struct dime_progress bar;
    char last[256]; /* what the last line said */
};

/* A bar on a terminal; elsewhere one line for each new step. */
static void show_step(void *context, const char *what, uint64_t done, uint64_t total) {
    struct watcher *watcher = context;
    if (watcher->bar.enabled) {
        const char *slash = strrchr(what, '/');
        dime_progress_show(&watcher->bar, slash ? slash + 1 : what, done, total, "bytes");
    } else if (strcmp(watcher->last, what) != 0) {
        snprintf(watcher->last, sizeof watcher->last, "%s", what);
        fprintf(stderr, "dime data: %s\n", what);
    }
}

static cJSON *list_files(const struct dime_registry_entry *entry) {
    cJSON *files = cJSON_CreateArray();
    for (size_t i = 0; i < DIME_REGISTRY_FILES; i++)
        cJSON_AddItemToArray(files, cJSON_CreateString(entry->files[i].name));
    return files;
}

static int report_fetched(const struct dime_registry_entry *entry, const char *folder, int json) {
    if (!json) {
        printf("%s: %d files, verified, in %s\n", entry->name, DIME_REGISTRY_FILES, folder);
        return CLI_DONE;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", entry->name);
    cJSON_AddStringToObject(object, "folder", folder);
    cJSON_AddItemToObject(object, "files", list_files(entry));
    return cli_print_json(object);
}

static int fetch(const char *name, const struct settings *settings) {
    struct watcher watcher = {.last = ""};
    struct dime_fetch_progress progress = {.step = show_step, .context = &watcher};
    dime_progress_start(&watcher.bar, stderr);
    int code = dime_dataset_fetch(name, settings->folder, &progress);
    dime_progress_clear(&watcher.bar);
    char *folder = NULL;
    const struct dime_registry_entry *entry = dime_registry_find(name);
    if (!code) code = dime_registry_folder(entry, settings->folder, &folder);
    int status = code ? cli_fail(&cli_data, code) : report_fetched(entry, folder, settings->json);
    free(folder);
    return status;
}

/* ---- info ---- */

/* What one part of a dataset looks like. Grey levels as shares of full brightness, as the field gives them.
 */
struct summary {
    uint32_t pictures[256]; /* of each class */
    double mean, deviation;
};

/* Bounds: a part has at most 2^30 pixels, so the sums of levels and squares stay below 2^46. */
static void summarise(const struct dime_dataset *part, struct summary *summary) {
    uint64_t pixels = (uint64_t)part->count * part->height * part->width, sum = 0, squares = 0;
    memset(summary, 0, sizeof *summary);
    for (uint32_t i = 0; i < part->count; i++) summary->pictures[part->labels[i]]++;
    for (uint64_t i = 0; i < pixels; i++) {
        sum += part->pixels[i];
        squares += (uint32_t)part->pixels[i] * part->pixels[i];
    }
    double mean = (double)sum / (double)pixels;
    summary->mean = mean / 255;
    summary->deviation = sqrt(fmax(0, (double)squares / (double)pixels - mean * mean)) / 255;
}

static cJSON *part_object(const struct dime_dataset *part) {
    struct summary summary;
    summarise(part, &summary);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "count", part->count);
    cJSON *pictures = cJSON_AddArrayToObject(object, "images_per_class");
    for (uint32_t i = 0; i < part->classes; i++)
        cJSON_AddItemToArray(pictures, cJSON_CreateNumber(summary.pictures[i]));
    cJSON_AddNumberToObject(object, "mean", summary.mean);
    cJSON_AddNumberToObject(object, "deviation", summary.deviation);
    return object;
}

static int print_object(const char *name, const struct dime_dataset_pair *pair) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", name);
    cJSON_AddNumberToObject(object, "height", pair->train.height);
    cJSON_AddNumberToObject(object, "width", pair->train.width);
    cJSON_AddNumberToObject(object, "classes", pair->train.classes);
    cJSON *names = cJSON_AddArrayToObject(object, "class_names");
    for (uint32_t i = 0; i < pair->train.classes; i++)
        cJSON_AddItemToArray(names, cJSON_CreateString(pair->class_names[i]));
    cJSON_AddItemToObject(object, "train", part_object(&pair->train));
    cJSON_AddItemToObject(object, "test", part_object(&pair->test));
    return cli_print_json(object);
}

/* Columns that the widest of these names takes, at least `least`. Names are UTF-8: what continues a character
   (10xxxxxx) takes none. */
static int columns_of(const char *name) {
    int columns = 0;
    for (; *name; name++) columns += ((unsigned char)*name & 0xc0) != 0x80;
    return columns;
}

static int name_width(const struct dime_dataset_pair *pair, int least) {
    for (uint32_t i = 0; i < pair->train.classes; i++) {
        int columns = columns_of(pair->class_names[i]);
        if (columns > least) least = columns;
    }
    return least;
}

static void print_name(const char *name, int width) {
    printf("  %s%*s", name, width - columns_of(name), "");
}

static void print_counts(const char *name, int width, uint32_t train, uint32_t test) {
    print_name(name, width);
    printf("  %8u  %8u\n", train, test);
}

static void print_levels(const char *name, int width, double train, double test) {
    print_name(name, width);
    printf("  %8.4f  %8.4f\n", train, test);
}

static int print_table(const char *name, const struct dime_dataset_pair *pair) {
    struct summary train, test;
    summarise(&pair->train, &train);
    summarise(&pair->test, &test);
    int width = name_width(pair, 9);
    printf("%s: pictures of %ux%u pixels, %u classes\n\n", name, pair->train.width, pair->train.height,
           pair->train.classes);
    print_name("class", width);
    printf("  %8s  %8s\n", "train", "test");
    for (uint32_t i = 0; i < pair->train.classes; i++)
        print_counts(pair->class_names[i], width, train.pictures[i], test.pictures[i]);
    print_counts("all", width, pair->train.count, pair->test.count);
    print_levels("mean", width, train.mean, test.mean);
    print_levels("deviation", width, train.deviation, test.deviation);
    return CLI_DONE;
}

static int info(const char *name, const struct settings *settings) {
    struct dime_dataset_pair pair;
    int code = dime_dataset_open(name, settings->folder, &pair);
    if (code) return cli_fail(&cli_data, code);
    const struct dime_registry_entry *entry = dime_registry_find(name);
    if (entry) name = entry->name;
    int status = settings->json ? print_object(name, &pair) : print_table(name, &pair);
    dime_dataset_close(&pair);
    return status;
}

/* ---- both ---- */

/* name: NULL if none was given; whether the action is known matters more. */
static int choose(const char *action, const char *name, const struct settings *settings) {
    int fetching = !strcmp(action, "fetch");
    if (!fetching && strcmp(action, "info") != 0)
        return cli_fail(&cli_data, dime_error_set(DIME_ERROR_USAGE, "%s: unknown; fetch or info", action));
    if (!name)
        return cli_fail(&cli_data, dime_error_set(DIME_ERROR_USAGE, "too few arguments; usage: dime data %s",
                                                  cli_data.usage));
    return fetching ? fetch(name, settings) : info(name, settings);
}

static int run(int argc, const char **argv) {
    struct settings settings = {0};
    struct poptOption options[] = {
        {"dir", 0, POPT_ARG_STRING, &settings.folder, 0,
         "the folder that holds the datasets (default: $DIME_CACHE, $XDG_CACHE_HOME/dime or ~/.cache/dime)",
         "DIR"},
        {"json", 0, POPT_ARG_NONE, &settings.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_data, argc, argv, options, 1, 2, &arguments);
    if (status >= 0) return status;
    status = choose(arguments.positional[0], arguments.count > 1 ? arguments.positional[1] : NULL, &settings);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_data = {
    .name = "data",
    .usage = "fetch NAME | info NAME|PATH [--dir DIR] [--json]",
    .summary = "fetch mnist or fashion-mnist, or show what is in a dataset",
    .run = run,
    .details = "A dataset is mnist, fashion-mnist, or PATH to own data (docs/data.md):\n"
               "  FILE.csv            a picture a line: label, then grey levels 0..255 row by row; labels "
               "count from 0\n"
               "  FOLDER              with train.csv and test.csv; with IDX files named as MNIST's\n"
               "                      (train-images-idx3-ubyte[.gz] ...); or with a sub-folder of PNG or PGM "
               "pictures\n"
               "                      for each class, or train/ and test/ with these\n"
               "Without a test part every sixth picture of each class becomes one. `fetch` keeps data in the "
               "cache;\n"
               "DIME_MIRROR=URL|DIR is asked first, DIME_OFFLINE=1 asks no public source.\n",
};
