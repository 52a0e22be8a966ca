/* SPDX-License-Identifier: MIT */
#include "model/export_c.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/embedded.h"
#include "model/export_parts.h"
#include "model/model_layer.h"
#include "model/weight_code.h"

#define FORMAT_PREFIX "dime_"

/* ---- the files ---- */

/* format_4bitsym.c defines dime_format_4bitsym, and so on. */
static int is_source_of(const char *file, enum dime_format_id format) {
    const char *name = dime_format_symbol(format) + strlen(FORMAT_PREFIX);
    return strncmp(file, name, strlen(name)) == 0 && strcmp(file + strlen(name), ".c") == 0;
}

/* The source of a weight format is exported only when a layer uses that format. */
static int is_needed(const struct dime_export *export, const char *file) {
    const struct dime_model *model = export->model;
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (!dime_layer_is_pool(&model->layers[i]) && is_source_of(file, model->layers[i].format)) return 1;
    for (int id = DIME_FORMAT_NONE + 1; id < DIME_FORMAT_COUNT; id++)
        if (is_source_of(file, (enum dime_format_id)id)) return 0;
    return export->pictures || strcmp(file, "main.c") != 0;
}

static void add_file(struct dime_export *export, const char *name, const void *bytes, size_t size) {
    export->files[export->file_count++] = (struct dime_export_file){name, bytes, size};
}

static int add_embedded(struct dime_export *export) {
    for (size_t i = 0; i < dime_embedded_file_count; i++) {
        const struct dime_embedded_file *file = &dime_embedded_files[i];
        if (!is_needed(export, file->name)) continue;
        if (export->file_count + 4 >= DIME_EXPORT_MOST_FILES)
            return dime_error_set(DIME_ERROR_UNSUPPORTED, "%s: more than %d files to export", export->name,
                                  DIME_EXPORT_MOST_FILES);
        add_file(export, file->name, file->bytes, file->size);
    }
    return 0;
}

static int make_files(struct dime_export *export) {
    int code = add_embedded(export);
    if (!code) code = dime_export_make_model_h(export);
    if (!code) code = dime_export_make_model_c(export);
    if (code) return code;
    add_file(export, "model.h", export->model_h.bytes, export->model_h.size);
    add_file(export, "model.c", export->model_c.bytes, export->model_c.size);
    if (export->model_s.size) add_file(export, "model_maps.S", export->model_s.bytes, export->model_s.size);
    if (!export->pictures) return 0;
    code = dime_export_make_pictures(export);
    if (code) return code;
    add_file(export, "test_pictures.h", export->pictures_h.bytes, export->pictures_h.size);
    add_file(export, "test_pictures.c", export->pictures_c.bytes, export->pictures_c.size);
    return 0;
}

static int write_folder(struct dime_export *export, const char *folder) {
    struct dime_export_text headline = {0};
    int code = dime_export_text_open(export, &headline);
    if (code) return code;
    fputs(" (" DIME_EXPORT_GENERATOR ") from the model ", headline.stream);
    dime_export_print_plain(headline.stream, export->name);
    fputs(export->pictures ? "; to try it: gcc *.c && ./a.out" : "", headline.stream);
    code = dime_export_text_close(export, &headline);
    if (!code) code = dime_export_folder_write(folder, headline.bytes, export->files, export->file_count);
    dime_export_text_free(&headline);
    return code;
}

/* ---- what they are made from ---- */

static int check_input(const struct dime_export *export) {
    uint32_t size = export->model->config.input_size, inputs = dime_model_input_count(export->model);
    if (size * size == inputs) return 0;
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s: the first layer has %u inputs, but pictures of %ux%u are %u", export->name,
                          inputs, size, size, size * size);
}

static void free_texts(struct dime_export *export) {
    dime_export_text_free(&export->model_h);
    dime_export_text_free(&export->model_c);
    dime_export_text_free(&export->pictures_h);
    dime_export_text_free(&export->pictures_c);
    dime_export_text_free(&export->model_s);
}

/* The model as the chip's fast kernels take it: the inputs of the layer behind maps come place by place. What
   it shares with the model stays the model's. */
static int reorder_inputs(const struct dime_export *export, struct dime_model *reordered) {
    uint32_t index = export->runtime.network.map_count;
    const struct dime_model_layer *layer = &export->model->layers[index];
    uint32_t channels = export->runtime.layers[index - 1].outputs, places = layer->inputs / channels;
    int16_t *value = malloc((size_t)layer->inputs * layer->outputs * sizeof *value);
    if (!value) return dime_export_no_memory(export);
    for (uint32_t m = 0; m < layer->outputs; m++)
        for (uint32_t k = 0; k < layer->inputs; k++)
            value[(size_t)m * layer->inputs + k] =
                layer->value[(size_t)m * layer->inputs + k % channels * places + k / channels];
    *reordered = *export->model;
    reordered->layers[index].value = value;
    return 0;
}

static int make_all_files(struct dime_export *export, const char *folder) {
    int code = make_files(export);
    if (!code) code = write_folder(export, folder);
    free_texts(export);
    return code;
}

/* Plans and writes what the chip runs. */
static int export_planned(struct dime_export *export, const char *folder) {
    struct dime_model reordered;
    if (!export->convolutions.is_by_places) return make_all_files(export, folder);
    const struct dime_model *model = export->model;
    uint32_t index = export->runtime.network.map_count;
    int code = reorder_inputs(export, &reordered);
    if (code) return code;
    dime_runtime_free(&export->runtime);
    export->model = &reordered;
    code = dime_runtime_create(&export->runtime, &reordered);
    if (!code) code = make_all_files(export, folder);
    free(reordered.layers[index].value);
    export->model = model;
    return code;
}

/* What becomes code. */
static void plan_code(struct dime_export *export) {
    struct dime_conv_plan *plan = &export->convolutions;
    uint32_t bytes;
    *plan = dime_conv_plan_make(export->model, &export->runtime.network,
                                export->chip ? export->chip : dime_chips, export->code_room);
    if (!export->chip) return;
    plan->code_layers = dime_weight_code_choose(export->model, export->code_room, &bytes);
    plan->bytes += bytes;
}

static int export_all(struct dime_export *export, const char *folder) {
    int code = check_input(export);
    if (!code) code = dime_export_check_pictures(export);
    if (!code) code = dime_runtime_create(&export->runtime, export->model);
    if (code) return code;
    plan_code(export);
    code = export->chip ? export_planned(export, folder) : make_all_files(export, folder);
    dime_runtime_free(&export->runtime);
    return code;
}

int dime_export_c(const struct dime_model *model, const char *name,
                  const struct dime_export_pictures *pictures, const char *folder,
                  struct dime_export_summary *summary) {
    struct dime_export export = {.model = model, .name = name, .pictures = pictures};
    int code = export_all(&export, folder);
    if (code || !summary) return code;
    *summary = export.summary;
    summary->files = export.file_count + 1;
    summary->weight_bytes = (uint32_t)dime_model_bytes(model);
    summary->scratch_bytes = dime_model_scratch_bytes(model);
    return 0;
}

int dime_export_chip(const struct dime_model *model, const char *name, const struct dime_chip *chip,
                     uint32_t code_room, const char *folder, struct dime_conv_plan *convolutions) {
    struct dime_export export = {.model = model, .name = name, .chip = chip, .code_room = code_room};
    int code = export_all(&export, folder);
    if (convolutions) *convolutions = export.convolutions;
    return code;
}

int dime_export_chip_plan(const struct dime_model *model, const struct dime_chip *chip, uint32_t code_room,
                          struct dime_conv_plan *convolutions) {
    struct dime_export export = {.model = model, .chip = chip, .code_room = code_room};
    int code = dime_runtime_create(&export.runtime, model);
    if (code) return code;
    plan_code(&export);
    *convolutions = export.convolutions;
    dime_runtime_free(&export.runtime);
    return 0;
}

uint32_t dime_model_scratch_bytes(const struct dime_model *model) {
    struct dime_scratch scratch = dime_model_scratch(model);
    return scratch.sums * (uint32_t)sizeof(int32_t) + scratch.activations;
}

char *dime_model_name_of_path(const char *path) {
    static const char ending[] = ".safetensors", run_file[] = "model.safetensors";
    char absolute[PATH_MAX];
    const char *full = realpath(path, absolute) ? absolute : path;
    const char *slash = strrchr(full, '/'), *name = slash ? slash + 1 : full;
    size_t length = strlen(name);
    if (strcmp(name, run_file) == 0 && slash > full) { /* a run folder's own file is called by the folder */
        const char *begin = slash;
        while (begin > full && begin[-1] != '/') begin--;
        return strndup(begin, (size_t)(slash - begin));
    }
    if (length > strlen(ending) && strcmp(name + length - strlen(ending), ending) == 0)
        length -= strlen(ending);
    return strndup(name, length);
}
