/* SPDX-License-Identifier: MIT */
#include "cli/training_run.h"

#include <cjson/cJSON.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/evaluation.h"
#include "cli/teacher_runs.h"
#include "cli/typical.h"
#include "data/dataset.h"
#include "model/model.h"
#include "report/progress.h"
#include "report/run_log.h"
#include "train/trainer.h"

/* Everything of one run. Paths are inside the run folder. */
struct training_run {
    const struct cli_run_request *request;
    char folder[512];
    char *checkpoint, *model, *config;
    struct dime_dataset_pair pair;
    struct dime_trainer *trainer;
    struct dime_run_log *log;
    struct dime_progress progress;
    double trained_images, trained_seconds;
};

static volatile sig_atomic_t stop_requested;

static void request_stop(int signal) {
    (void)signal;
    stop_requested = 1;
}

/* The first signal asks to stop after this step; the handler then steps aside, so that a second one kills. */
static void watch_signals(int watch) {
    struct sigaction action = {.sa_handler = watch ? request_stop : SIG_DFL, .sa_flags = (int)SA_RESETHAND};
    stop_requested = 0;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

/* ---- the folder ---- */

static void describe_widths(const struct dime_config *config, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (uint32_t i = 0; i + 1 < config->layer_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%u", i ? "-" : "", config->layers[i].outputs);
}

/* runs/TAG_FORMAT_WIDTHS, from the second on with -2, -3 ... behind it. */
static void number_folder(const struct dime_config *config, uint32_t number, char *folder, size_t size) {
    char widths[128], suffix[16] = "";
    size_t tag = strlen(config->runtag);
    describe_widths(config, widths, sizeof widths);
    if (number > 1) snprintf(suffix, sizeof suffix, "-%u", number);
    snprintf(folder, size, "runs/%s%s%s_%s%s", config->runtag,
             tag && config->runtag[tag - 1] != '_' ? "_" : "", dime_format_name(config->format), widths,
             suffix);
}

/* The first name that is free; to resume, the last that is taken. */
static int choose_folder(struct training_run *run) {
    const struct dime_config *config = &run->request->config;
    for (uint32_t number = 1; number < 10000; number++) {
        number_folder(config, number, run->folder, sizeof run->folder);
        if (exists(run->folder)) continue;
        if (run->request->resume && number > 1)
            number_folder(config, number - 1, run->folder, sizeof run->folder);
        return 0;
    }
    return dime_error_set(DIME_ERROR_IO, "runs: too many run folders; name one with --out");
}

static int name_folder(struct training_run *run) {
    if (!run->request->out) return choose_folder(run);
    if (strlen(run->request->out) >= sizeof run->folder)
        return dime_error_set(DIME_ERROR_USAGE, "--out: the path is longer than %zu bytes",
                              sizeof run->folder - 1);
    snprintf(run->folder, sizeof run->folder, "%s", run->request->out);
    return 0;
}

static int prepare_folder(struct training_run *run) {
    int code = name_folder(run);
    if (code) return code;
    run->checkpoint = dime_path_join(run->folder, "checkpoint.safetensors");
    run->model = dime_path_join(run->folder, "model.safetensors");
    run->config = dime_path_join(run->folder, "config.yaml");
    if (!run->checkpoint || !run->model || !run->config)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", run->folder);
    if (!run->request->resume && exists(run->config))
        return dime_error_set(DIME_ERROR_IO,
                              "%s: holds a run already; go on with it by --resume, or choose another --out",
                              run->folder);
    return 0;
}

static int write_config(const struct training_run *run) {
    char *text = dime_config_format(&run->request->config);
    if (!text) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", run->config);
    int code = dime_file_write(run->config, text, strlen(text));
    free(text);
    return code;
}

/* ---- model and checkpoint ---- */

static char *format_metrics(const struct dime_trainer *trainer, const struct cli_run_result *result) {
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "epochs", dime_trainer_epochs_done(trainer));
    cJSON_AddNumberToObject(object, "chosen_epoch", dime_trainer_chosen_epoch(trainer));
    if (result) {
        if (result->has_validation)
            cJSON_AddNumberToObject(object, "validation_accuracy", result->validation_accuracy);
        cJSON_AddNumberToObject(object, "test_accuracy", result->test_accuracy);
    }
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}

/* With what the layers see of the pictures, for the time on the chip. */
static int add_activity(const struct training_run *run, struct dime_model *model) {
    struct dime_activity activity;
    int code = cli_typical_count(model, &run->pair.train, &activity);
    if (code) return code;
    char *metrics = dime_activity_add(model->metrics, &activity);
    if (!metrics) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", run->model);
    free(model->metrics);
    model->metrics = metrics;
    return 0;
}

/* result NULL: training goes on, the test set has not been read. */
static int write_model(const struct training_run *run, struct dime_model *model,
                       const struct cli_run_result *result) {
    free(model->metrics);
    model->metrics = format_metrics(run->trainer, result);
    if (!model->metrics) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", run->model);
    int code = result && result->integer ? add_activity(run, model) : 0;
    if (!code) code = dime_model_name_classes(model, run->pair.class_names);
    return code ? code : dime_model_write(run->model, model);
}

static int log_epoch(struct training_run *run, const struct dime_epoch_report *report) {
    struct dime_model model;
    int code = dime_trainer_store(run->trainer, DIME_TRAINER_LATEST, &model);
    if (code) return code;
    code = dime_run_log_epoch(run->log, report, &model);
    dime_model_free(&model);
    return code;
}

/* After each epoch. The log comes before the checkpoint: a run killed between them repeats the epoch and
   replaces its rows; the other way round they would be missing for good. The checkpoint alone decides from
   where a run resumes. */
static int save_epoch(struct training_run *run, const struct dime_epoch_report *report) {
    struct dime_model model;
    int code = report ? log_epoch(run, report) : 0;
    if (!code) code = dime_trainer_save(run->trainer, run->checkpoint);
    if (!code) code = dime_trainer_store(run->trainer, DIME_TRAINER_CHOSEN, &model);
    if (code) return code;
    code = write_model(run, &model, NULL);
    dime_model_free(&model);
    return code;
}

/* ---- epochs ---- */

static void show_progress(void *context, uint32_t epoch, uint64_t done, uint64_t total) {
    struct training_run *run = context;
    char label[48];
    snprintf(label, sizeof label, "epoch %u/%u", epoch, run->request->config.epochs);
    dime_progress_place(&run->progress, (epoch - 1) * total, (run->request->config.epochs - epoch) * total);
    dime_progress_show(&run->progress, label, done, total, "images");
}

static int asked_to_stop(void *context) {
    (void)context;
    return stop_requested;
}

static int run_epochs(struct training_run *run) {
    struct dime_train_watch watch = {show_progress, asked_to_stop, run};
    int code = 0;
    while (!code && dime_trainer_epochs_done(run->trainer) < run->request->config.epochs) {
        struct dime_epoch_report report;
        char line[512];
        code = dime_trainer_epoch(run->trainer, &watch, &report);
        dime_progress_clear(&run->progress);
        if (code) break;
        run->trained_images += report.images_per_second * report.seconds;
        run->trained_seconds += report.seconds;
        dime_epoch_line(&report, dime_terminal_columns(stderr), line, sizeof line);
        fprintf(stderr, "%s\n", line);
        code = save_epoch(run, &report);
    }
    if (code != DIME_ERROR_INTERRUPTED) return code;
    return dime_error_set(code, "stopped; %s holds %u of %u epochs, go on with --resume --out %s",
                          run->folder, dime_trainer_epochs_done(run->trainer), run->request->config.epochs,
                          run->folder);
}

static double accuracy_of(const struct cli_evaluation *evaluation) {
    return evaluation->has_integer ? evaluation->integer_accuracy : evaluation->float_accuracy;
}

static int check_mismatches(const struct cli_evaluation *evaluation) {
    if (evaluation->mismatches == 0) return 0;
    return dime_error_set(
        DIME_ERROR_MALFORMED,
        "trainer and engine disagree on %u of %u images; this is a fault of dime, please report it "
        "with the run folder's config.yaml",
        evaluation->mismatches, evaluation->images);
}

static int evaluate_model(const struct training_run *run, const struct dime_model *model,
                          struct cli_run_result *result) {
    struct cli_evaluation evaluation;
    result->has_validation = model->config.validation_size > 0;
    if (result->has_validation) {
        int code = cli_evaluate(model, &run->pair, "validation", run->request->threads, &evaluation);
        if (code) return code;
        result->validation_accuracy = accuracy_of(&evaluation);
        cli_evaluation_free(&evaluation);
    }
    int code = cli_evaluate(model, &run->pair, "test", run->request->threads, &evaluation);
    if (code) return code;
    result->test_accuracy = accuracy_of(&evaluation);
    result->integer = evaluation.has_integer;
    result->model_bytes = dime_model_bytes(model);
    code = check_mismatches(&evaluation);
    cli_evaluation_free(&evaluation);
    return code;
}

/* The only place that reads the test set. */
static int finish(struct training_run *run, struct cli_run_result *result) {
    struct dime_model model;
    int code = dime_trainer_store(run->trainer, DIME_TRAINER_CHOSEN, &model);
    if (code) return code;
    code = evaluate_model(run, &model, result);
    if (!code) code = write_model(run, &model, result);
    if (!code) code = dime_run_log_test(run->log, run->request->config.epochs, result->test_accuracy);
    dime_model_free(&model);
    return code;
}

static int teach(struct training_run *run) {
    struct dime_model models[DIME_MAX_TEACHERS];
    if (!run->request->config.teacher_count) return 0;
    int code = cli_load_teachers(run->request, run->folder, models);
    if (!code) code = dime_trainer_teach(run->trainer, models);
    for (uint32_t i = 0; i < DIME_MAX_TEACHERS; i++) dime_model_free(&models[i]);
    return code;
}

static int start_trainer(struct training_run *run) {
    int code =
        dime_trainer_create(&run->trainer, &run->request->config, &run->pair.train, run->request->threads);
    if (!code) code = cli_check_teachers(run->request);
    if (!code)
        code = dime_make_folders(run->folder); /* not before the configuration is known to be possible */
    if (code) return code;
    int restore = run->request->resume && exists(run->checkpoint);
    if (run->request->resume && !restore)
        fprintf(stderr, "%s: nothing to resume, starting anew\n", run->folder);
    if (!restore) code = write_config(run);
    if (!code) code = teach(run);
    if (!code && restore) code = dime_trainer_restore(run->trainer, run->checkpoint);
    if (!code) code = dime_run_log_open(run->folder, dime_trainer_epochs_done(run->trainer) + 1, &run->log);
    if (!code && !restore)
        code = save_epoch(run, NULL); /* so that a stop in the first epoch leaves a usable folder */
    return code;
}

static int run_all(struct training_run *run, struct cli_run_result *result) {
    double start = now();
    int code = start_trainer(run);
    if (code) return code;
    if (dime_trainer_epochs_done(run->trainer) == run->request->config.epochs)
        fprintf(stderr, "%s: all %u epochs are there already\n", run->folder, run->request->config.epochs);
    watch_signals(1);
    dime_progress_start(&run->progress, stderr);
    code = run_epochs(run);
    watch_signals(0);
    if (!code) code = finish(run, result);
    result->seconds = now() - start;
    result->epochs = dime_trainer_epochs_done(run->trainer);
    result->images_per_second = run->trained_seconds > 0 ? run->trained_images / run->trained_seconds : 0;
    snprintf(result->run, sizeof result->run, "%s", run->folder);
    return code;
}

static int close_run(struct training_run *run, int code) {
    int log_code = run->log ? dime_run_log_close(run->log) : 0;
    dime_trainer_free(run->trainer);
    free(run->checkpoint);
    free(run->model);
    free(run->config);
    return code ? code : log_code;
}

int cli_run_training(const struct cli_run_request *request, struct cli_run_result *result) {
    struct training_run run = {.request = request};
    memset(result, 0, sizeof *result);
    int code = dime_dataset_open(request->config.dataset, request->folder, &run.pair);
    if (code) return code;
    code = prepare_folder(&run);
    if (!code) code = run_all(&run, result);
    code = close_run(&run, code);
    dime_dataset_close(&run.pair);
    return code;
}
