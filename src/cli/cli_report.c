/* SPDX-License-Identifier: MIT */
/* dime report: one HTML file about a run, or about several. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/team.h"
#include "cli/cli.h"
#include "cli/run_facts.h"
#include "report/pictures.h"
#include "report/report.h"

#define MOST_RUNS 64

struct report_options {
    char *out, *pictures, *data, *folder;
    int without_chip, json;
};

/* Where the report goes: --out, or report.html in the run folder. */
static int choose_path(const struct report_options *given, const char **paths, int count, char **path) {
    if (!given->out && (count > 1 || !dime_is_folder(paths[0])))
        return dime_error_set(
            DIME_ERROR_USAGE,
            "--out FILE.html is missing: only the report of one run folder has a place of its "
            "own, report.html in it");
    *path = given->out ? strdup(given->out) : dime_path_join(paths[0], "report.html");
    return *path ? 0 : dime_error_set(DIME_ERROR_MEMORY, "out of memory");
}

static int print_json(const char *path, const struct dime_run_facts *runs, int count) {
    cJSON *object = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(object, "runs");
    cJSON_AddStringToObject(object, "report", path);
    for (int i = 0; i < count; i++) {
        cJSON *run = cJSON_CreateObject();
        cJSON_AddStringToObject(run, "run", runs[i].name);
        cJSON_AddNumberToObject(run, "model_bytes", (double)dime_model_bytes(runs[i].model));
        if (runs[i].test.images) {
            cJSON_AddNumberToObject(run, "test_accuracy", runs[i].test.accuracy);
            cJSON_AddNumberToObject(run, "mismatches", runs[i].test.mismatches);
        }
        if (runs[i].chip.has_size) {
            cJSON_AddNumberToObject(run, "flash_bytes", runs[i].chip.flash_bytes);
            cJSON_AddNumberToObject(run, "ram_bytes", runs[i].chip.ram_bytes);
            cJSON_AddNumberToObject(run, "stack_bytes", runs[i].chip.stack_bytes);
        }
        if (runs[i].chip.has_cycles) cJSON_AddNumberToObject(run, "cycles", (double)runs[i].chip.cycles);
        cJSON_AddItemToArray(list, run);
    }
    return cli_print_json(object);
}

static int write_comparison(const char *folder, const struct dime_run_facts *runs, size_t count) {
    const struct dime_comparison comparison = {runs, count};
    struct dime_figure figure;
    if (!folder || !dime_figure_comparison(&comparison, &figure)) return 0;
    int code = dime_make_folders(folder);
    return code ? code : dime_figure_write(&figure, folder);
}

static int gather(const struct report_options *given, const char **paths, int count,
                  struct cli_run_facts *runs, struct dime_run_facts *facts) {
    const struct cli_facts_options options = {given->data, given->folder, dime_processor_count(),
                                              !given->without_chip, 1};
    int code = 0;
    for (int i = 0; !code && i < count; i++) {
        code = cli_run_facts_gather(paths[i], &options, &runs[i]);
        facts[i] = runs[i].facts;
    }
    return code;
}

static int write_report(const struct report_options *given, const char **paths, int count) {
    char *path = NULL;
    struct cli_run_facts *runs = calloc((size_t)count, sizeof *runs);
    struct dime_run_facts *facts = calloc((size_t)count, sizeof *facts);
    int status = CLI_DONE, code = choose_path(given, paths, count, &path);
    if (!code && (!runs || !facts)) code = dime_error_set(DIME_ERROR_MEMORY, "out of memory");
    if (!code) code = gather(given, paths, count, runs, facts);
    if (!code) code = dime_report_write(path, facts, (size_t)count);
    if (!code) code = write_comparison(given->pictures, facts, (size_t)count);
    dime_figure_forget_fonts();
    if (code)
        status = cli_fail(&cli_report, code);
    else if (given->json)
        status = print_json(path, facts, count);
    else
        printf("%s\n", path);
    for (int i = 0; runs && i < count; i++) cli_run_facts_free(&runs[i]);
    free(runs);
    free(facts);
    free(path);
    return status;
}

static int run(int argc, const char **argv) {
    struct report_options given = {0};
    struct poptOption options[] = {
        {"out", 0, POPT_ARG_STRING, &given.out, 0, "file to write (default: report.html in the run folder)",
         "FILE.html"},
        {"pictures", 0, POPT_ARG_STRING, &given.pictures, 0,
         "of several runs: write the figure that compares them there, as PNG and SVG", "DIR"},
        {"data", 0, POPT_ARG_STRING, &given.data, 0, "test on this dataset (default: each model's own)",
         "NAME|DIR"},
        {"dir", 0, POPT_ARG_STRING, &given.folder, 0, "cache folder of named datasets", "DIR"},
        {"without-chip", 0, POPT_ARG_NONE, &given.without_chip, 0,
         "do not measure size and speed on the simulated chip", NULL},
        {"json", 0, POPT_ARG_NONE, &given.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_report, argc, argv, options, 1, MOST_RUNS, &arguments);
    if (status >= 0) return status;
    status = write_report(&given, arguments.positional, arguments.count);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_report = {
    .name = "report",
    .usage = "RUN [RUN...] [--out FILE.html] [--pictures DIR] [--data NAME|DIR] [--without-chip] [--json]",
    .summary = "write one HTML file about a run, or compare several",
    .run = run,
};
