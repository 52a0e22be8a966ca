/* SPDX-License-Identifier: MIT */
#include "cli/teacher_runs.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

static int is_configuration(const char *name) {
    const char *dot = strrchr(name, '.');
    return dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
}

static int read_config(const char *path, const struct dime_config *student, struct dime_config *config) {
    int code = dime_config_read(path, NULL, 0, config);
    if (code) return code;
    if (config->teacher_count)
        return dime_error_set(DIME_ERROR_CONFIG,
                              "%s: key 'teacher' is given, but this is a teacher's configuration already; "
                              "name one that has no teacher",
                              path);
    memcpy(config->dataset, student->dataset, sizeof config->dataset);
    config->seed = student->seed;
    config->validation_size = student->validation_size;
    return 0;
}

int cli_check_teachers(const struct cli_run_request *request) {
    int code = 0;
    for (uint32_t i = 0; i < request->config.teacher_count && !code; i++) {
        const char *name = request->config.teacher[i];
        struct dime_config config;
        struct dime_model model;
        if (is_configuration(name)) {
            code = read_config(name, &request->config, &config);
        } else {
            code = dime_model_read(name, &model);
            if (!code) dime_model_free(&model);
        }
    }
    return code;
}

static int train_teacher(const struct cli_run_request *student, uint32_t index, const char *run,
                         const char *folder) {
    const char *path = student->config.teacher[index];
    struct cli_run_result result;
    struct cli_run_request request = {.out = folder,
                                      .folder = student->folder,
                                      .threads = student->threads,
                                      .resume = dime_is_folder(folder)};
    int code = read_config(path, &student->config, &request.config);
    if (code) return code;
    fprintf(stderr, "teacher %u: %s, into %s\n", index + 1, path, folder);
    code = cli_run_training(&request, &result);
    if (code != DIME_ERROR_INTERRUPTED) return code;
    return dime_error_set(code, "stopped while training teacher %u; go on with --resume --out %s", index + 1,
                          run);
}

/* Validation would flatter a student of a teacher that has seen its images. */
static void warn_of_split(const char *name, const struct dime_config *teacher,
                          const struct dime_config *student) {
    if (!student->validation_size || strcmp(teacher->dataset, student->dataset) != 0) return;
    if (teacher->seed == student->seed && teacher->validation_size >= student->validation_size) return;
    fprintf(stderr,
            "teacher %s: trained with another seed or validation_size, so it may have seen images that this "
            "run holds back; its validation accuracy flatters\n",
            name);
}

static int load_teacher(const struct cli_run_request *request, uint32_t index, const char *run,
                        struct dime_model *model) {
    const char *name = request->config.teacher[index];
    char folder[600];
    if (!is_configuration(name)) {
        int code = dime_model_read(name, model);
        if (!code) warn_of_split(name, &model->config, &request->config);
        return code;
    }
    snprintf(folder, sizeof folder, "%s/teacher-%u", run, index + 1);
    int code = train_teacher(request, index, run, folder);
    return code ? code : dime_model_read(folder, model);
}

int cli_load_teachers(const struct cli_run_request *request, const char *run, struct dime_model *models) {
    int code = 0;
    memset(models, 0, DIME_MAX_TEACHERS * sizeof *models);
    for (uint32_t i = 0; i < request->config.teacher_count && !code; i++)
        code = load_teacher(request, i, run, &models[i]);
    return code;
}
