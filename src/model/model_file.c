/* SPDX-License-Identifier: MIT */
/* Model files; docs/model-file.md is their description. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "model/class_names.h"
#include "model/json_guard.h"
#include "model/model.h"
#include "model/model_layer.h"
#include "model/safetensors.h"

#define FORMAT_NAME "dime-1"

static const char *const norm_names[4] = {"norm.weight", "norm.bias", "norm.running_mean",
                                          "norm.running_var"};

struct tensor_name {
    char text[48];
};

static struct tensor_name tensor_name(uint32_t index, const char *part) {
    struct tensor_name name;
    snprintf(name.text, sizeof name.text, "layers.%u.%s", index, part);
    return name;
}

static uint64_t clip_count(const struct dime_model *model, const struct dime_model_layer *layer) {
    return model->config.wscale == DIME_WSCALE_PER_OUTPUT ? layer->outputs : 1;
}

/* A matrix M x K, or the kernels of a convolution: M x C x kernel x kernel, where C is 1 for depthwise ones.
 */
struct weight_shape {
    uint32_t rank;
    uint64_t size[4];
};

static struct weight_shape weight_shape(const struct dime_model_layer *layer) {
    const struct dime_layer_shape *shape = &layer->shape;
    if (shape->kind == DIME_LAYER_FC) return (struct weight_shape){2, {layer->outputs, layer->inputs}};
    uint32_t channels = shape->kind == DIME_LAYER_DEPTHWISE ? 1 : shape->channels;
    return (struct weight_shape){4, {layer->outputs, channels, shape->kernel, shape->kernel}};
}

/* ---- reading ---- */

struct reader {
    const char *name; /* of the file, for messages */
    const struct dime_safetensors *file;
    size_t used; /* tensors that belong to the model */
};

static int wrong_tensor(const struct reader *reader, const struct tensor_name *name, const char *expected) {
    return dime_error_set(DIME_ERROR_MALFORMED,
                          "%s: tensor %s is missing or differs from what the configuration asks "
                          "for, %s",
                          reader->name, name->text, expected);
}

/* Finds layers.N.part and checks type and shape; *data gets a malloc'ed copy. */
static int take(struct reader *reader, uint32_t index, const char *part, enum dime_dtype type, uint32_t rank,
                const uint64_t *shape, void **data) {
    struct tensor_name name = tensor_name(index, part);
    const struct dime_tensor *tensor = dime_safetensors_find(reader->file, name.text);
    int equal = tensor && tensor->type == type && tensor->rank == rank;
    for (uint32_t i = 0; equal && i < rank; i++) equal = tensor->shape[i] == shape[i];
    if (!equal) {
        char expected[64];
        const char *kind = type == DIME_F32 ? "F32" : type == DIME_I16 ? "I16" : "I32";
        int used = snprintf(expected, sizeof expected, "%s [%llu", kind, (unsigned long long)shape[0]);
        for (uint32_t i = 1; i < rank; i++) /* sizes are at most 65535 */
            used += snprintf(expected + used, sizeof expected - (size_t)used, ", %llu",
                             (unsigned long long)shape[i]);
        snprintf(expected + used, sizeof expected - (size_t)used, "]");
        return wrong_tensor(reader, &name, expected);
    }
    *data = malloc(tensor->size);
    if (!*data)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory for tensor %s", reader->name, name.text);
    memcpy(*data, tensor->data, tensor->size);
    reader->used++;
    return 0;
}

/* F32; every number must be finite, and not below zero where `unsigned_only`. */
static int take_floats(struct reader *reader, uint32_t index, const char *part, uint32_t rank,
                       const uint64_t *shape, int unsigned_only, float **floats) {
    void *data = NULL;
    int error = take(reader, index, part, DIME_F32, rank, shape, &data);
    *floats = data;
    if (error) return error;
    size_t count = 1;
    for (uint32_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    for (size_t i = 0; i < count; i++) {
        if (isfinite((*floats)[i]) && (!unsigned_only || (*floats)[i] >= 0)) continue;
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: tensor %s: entry %zu is %g; a finite number%s is expected", reader->name,
                              tensor_name(index, part).text, i, (double)(*floats)[i],
                              unsigned_only ? " of at least 0" : "");
    }
    return 0;
}

static int has_tensor(const struct reader *reader, uint32_t index, const char *part) {
    return dime_safetensors_find(reader->file, tensor_name(index, part).text) != NULL;
}

static int read_float_part(struct reader *reader, const struct dime_model *model, uint32_t index,
                           struct dime_model_layer *layer) {
    struct weight_shape weight = weight_shape(layer);
    uint64_t outputs = layer->outputs, clips = clip_count(model, layer);
    int error = take_floats(reader, index, "weight", weight.rank, weight.size, 0, &layer->weight);
    if (!error) error = take_floats(reader, index, "clip", 1, &clips, 1, &layer->clip);
    if (model->config.norm != DIME_NORM_BATCH) return error;
    for (int i = 0; i < 4 && !error; i++)
        error = take_floats(reader, index, norm_names[i], 1, &outputs, i == 3, &layer->norm[i]);
    return error;
}

/* The I32 rows bias, multiplier, shift must fit the engine's narrower fields before they are narrowed. */
static int narrow_affine(const struct reader *reader, uint32_t index, const int32_t *rows,
                         struct dime_model_layer *layer) {
    for (uint32_t m = 0; m < layer->outputs; m++, rows += 3) {
        if (rows[0] < INT16_MIN || rows[0] > INT16_MAX || rows[1] < 0 || rows[1] > 63 || rows[2] < 0 ||
            rows[2] > 25)
            return dime_error_set(
                DIME_ERROR_MALFORMED,
                "%s: tensor %s: row %u is [%d, %d, %d]; a 16-bit bias, a multiplier of 0 or 32 to 63 "
                "and a shift of 0 to 25 are expected",
                reader->name, tensor_name(index, "affine").text, m, rows[0], rows[1], rows[2]);
        layer->affine[m] = (struct dime_affine){(int16_t)rows[0], (uint8_t)rows[1], (uint8_t)rows[2]};
    }
    return dime_layer_check_affine(reader->name, index, layer);
}

static int read_bias_shift(struct reader *reader, uint32_t index, struct dime_model_layer *layer) {
    void *data = NULL;
    int error = take(reader, index, "bias_shift", DIME_I32, 1, (uint64_t[]){1}, &data);
    if (error) return error;
    int32_t shift = *(int32_t *)data;
    free(data);
    if (shift < 0 || shift > 9)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: tensor %s is %d; 0 to 9 are possible", reader->name,
                              tensor_name(index, "bias_shift").text, shift);
    layer->bias_shift = (uint8_t)shift;
    return 0;
}

static int read_affine(struct reader *reader, uint32_t index, struct dime_model_layer *layer) {
    uint64_t shape[2] = {layer->outputs, 3};
    void *rows = NULL;
    int error = read_bias_shift(reader, index, layer);
    if (!error) error = take(reader, index, "affine", DIME_I32, 2, shape, &rows);
    if (error) return error;
    layer->affine = calloc(layer->outputs, sizeof *layer->affine);
    if (layer->affine)
        error = narrow_affine(reader, index, rows, layer);
    else
        error = dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", reader->name);
    free(rows);
    return error;
}

static int read_integer_part(struct reader *reader, const struct dime_model *model, uint32_t index,
                             struct dime_model_layer *layer) {
    struct weight_shape weight = weight_shape(layer);
    void *data = NULL;
    int error = take(reader, index, "weight_int", DIME_I16, weight.rank, weight.size, &data);
    layer->value = data;
    if (!error) error = dime_layer_check_values(reader->name, index, layer);
    return error || !dime_model_has_affine(model) ? error : read_affine(reader, index, layer);
}

static int read_layer(struct reader *reader, struct dime_model *model, uint32_t index) {
    struct dime_model_layer *layer = &model->layers[index];
    int error = 0;
    if (dime_layer_is_pool(layer)) return 0;
    if (layer->format == DIME_FORMAT_NONE || has_tensor(reader, index, "weight"))
        error = read_float_part(reader, model, index, layer);
    if (layer->format != DIME_FORMAT_NONE && !error) error = read_integer_part(reader, model, index, layer);
    return error;
}

static int read_layers(struct reader *reader, struct dime_model *model) {
    for (uint32_t i = 0; i < model->layer_count; i++) {
        int error = read_layer(reader, model, i);
        if (error) return error;
    }
    if (reader->used == reader->file->tensor_count) return 0;
    return dime_error_set(
        DIME_ERROR_MALFORMED, "%s: %zu tensors, of which %zu do not belong to its %u layers", reader->name,
        reader->file->tensor_count, reader->file->tensor_count - reader->used, model->layer_count);
}

static int required_meta(const struct reader *reader, const char *key, const char **value) {
    *value = dime_safetensors_meta(reader->file, key);
    if (*value) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: not a model file of dime: its metadata has no \"%s\"",
                          reader->name, key);
}

static int read_classes(const struct reader *reader, uint32_t *classes) {
    const char *text;
    int error = required_meta(reader, "classes", &text);
    if (error) return error;
    size_t length = strlen(text);
    if (length < 1 || length > 3 || strspn(text, "0123456789") != length)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: metadata classes is not a number from 2 to 255",
                              reader->name);
    *classes = (uint32_t)strtoul(text, NULL, 10);
    return 0;
}

static int check_metrics(const char *name, const char *text) {
    static const struct dime_json_limits limits = {16, 100000, 0};
    size_t length = strlen(text);
    const char *wrong = dime_json_guard(text, length, &limits);
    if (wrong) return dime_error_set(DIME_ERROR_MALFORMED, "%s: metadata metrics has %s", name, wrong);
    cJSON *metrics = cJSON_ParseWithLengthOpts(text, length + 1, NULL, 1);
    int good = cJSON_IsObject(metrics);
    cJSON_Delete(metrics);
    return good ? 0 : dime_error_set(DIME_ERROR_MALFORMED, "%s: metadata metrics is not a JSON object", name);
}

static int read_metrics(const struct reader *reader, struct dime_model *model) {
    const char *text = dime_safetensors_meta(reader->file, "metrics");
    if (!text) return 0;
    int error = check_metrics(reader->name, text);
    if (error) return error;
    model->metrics = strdup(text);
    return model->metrics ? 0 : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", reader->name);
}

static int read_class_names(const struct reader *reader, struct dime_model *model) {
    const char *text = dime_safetensors_meta(reader->file, "class_names");
    if (!text) return 0;
    return dime_class_names_parse(reader->name, text, model->classes, &model->class_names);
}

/* Format name, configuration and classes: everything that gives the shapes. */
static int read_header(const struct reader *reader, struct dime_model *model) {
    const char *format, *text;
    int error = required_meta(reader, "format", &format);
    if (error) return error;
    if (strcmp(format, FORMAT_NAME))
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "%s: its metadata names another format than %s; written by a "
                              "newer dime?",
                              reader->name, FORMAT_NAME);
    uint32_t classes = 0;
    error = required_meta(reader, "config", &text);
    if (!error) error = read_classes(reader, &classes);
    struct dime_config config;
    if (!error) error = dime_config_parse(reader->name, text, strlen(text), &config);
    if (!error) error = dime_model_shape(model, &config, classes);
    return error;
}

static int from_safetensors(const char *name, const struct dime_safetensors *file, struct dime_model *model) {
    struct reader reader = {name, file, 0};
    int error = read_header(&reader, model);
    if (error == DIME_ERROR_CONFIG) /* here a wrong key is not the user's mistake, but the file's */
        error = dime_error_set(DIME_ERROR_MALFORMED, "%s: its configuration is wrong: %s", name,
                               dime_error_message());
    if (!error) error = read_metrics(&reader, model);
    if (!error) error = read_layers(&reader, model);
    return error ? error : read_class_names(&reader, model);
}

int dime_model_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_model *model) {
    struct dime_safetensors file;
    memset(model, 0, sizeof *model);
    int error = dime_safetensors_parse(name, bytes, size, &file);
    if (error) return error;
    error = from_safetensors(name, &file, model);
    dime_safetensors_free(&file);
    if (error) dime_model_free(model);
    return error;
}

static int exists(const char *path) {
    struct stat status;
    return stat(path, &status) == 0;
}

static int read_model(const char *path, struct dime_model *model) {
    struct dime_safetensors file;
    int error = dime_safetensors_read(path, &file);
    if (error) return error;
    error = from_safetensors(path, &file, model);
    dime_safetensors_free(&file);
    if (error) dime_model_free(model);
    return error;
}

static int read_run_folder(const char *path, struct dime_model *model) {
    char *inside = dime_path_join(path, "model.safetensors");
    if (!inside) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    int error = read_model(inside, model);
    if (error == DIME_ERROR_IO && !exists(inside))
        error = dime_error_set(error, "%s: holds no model.safetensors; expected a run folder or a model file",
                               path);
    free(inside);
    return error;
}

int dime_model_read(const char *path, struct dime_model *model) {
    memset(model, 0, sizeof *model);
    if (dime_is_folder(path)) return read_run_folder(path, model);
    int error = read_model(path, model);
    if (error == DIME_ERROR_IO && !exists(path))
        error = dime_error_set(error, "%s; expected a run folder or a model file", dime_error_message());
    return error;
}

/* ---- writing ---- */

static void add(struct dime_safetensors_writer *writer, uint32_t index, const char *part,
                enum dime_dtype type, uint32_t rank, const uint64_t *shape, const void *data) {
    if (data) dime_safetensors_add(writer, tensor_name(index, part).text, type, rank, shape, data);
}

/* All tensors of 4-byte numbers. They come before those of 2 bytes in the file, so each starts aligned for
   readers that map it. */
static void add_wide(struct dime_safetensors_writer *writer, const struct dime_model *model, uint32_t index,
                     const int32_t *affine, const int32_t *bias_shift) {
    static const uint64_t one = 1;
    const struct dime_model_layer *layer = &model->layers[index];
    struct weight_shape weight = weight_shape(layer);
    uint64_t outputs = layer->outputs, clips = clip_count(model, layer), rows[2] = {layer->outputs, 3};
    add(writer, index, "weight", DIME_F32, weight.rank, weight.size, layer->weight);
    add(writer, index, "clip", DIME_F32, 1, &clips, layer->clip);
    for (int i = 0; i < 4; i++) add(writer, index, norm_names[i], DIME_F32, 1, &outputs, layer->norm[i]);
    if (!affine) return;
    add(writer, index, "affine", DIME_I32, 2, rows, affine);
    add(writer, index, "bias_shift", DIME_I32, 1, &one, bias_shift);
}

static void add_narrow(struct dime_safetensors_writer *writer, const struct dime_model *model,
                       uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct weight_shape weight = weight_shape(layer);
    add(writer, index, "weight_int", DIME_I16, weight.rank, weight.size, layer->value);
}

/* Layer after layer, M rows of bias, multiplier, shift. */
static int32_t *widen_affine(const struct dime_model *model) {
    size_t count = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) count += model->layers[i].outputs;
    int32_t *rows = calloc(count, 3 * sizeof *rows), *row = rows;
    if (!rows) return NULL;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        for (uint32_t m = 0; m < layer->outputs; m++, row += 3) {
            if (!layer->affine) continue;
            row[0] = layer->affine[m].bias;
            row[1] = layer->affine[m].multiplier;
            row[2] = layer->affine[m].shift;
        }
    }
    return rows;
}

/* The writer refuses what the reader would. */
static int check_layer(const char *path, const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    int integer = layer->format != DIME_FORMAT_NONE;
    if (dime_layer_is_pool(layer)) return 0;
    if ((integer && !layer->value) || (!integer && !layer->weight))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: layer %u has no weights of its format %s", path,
                              index + 1, dime_format_name(layer->format));
    if (integer && dime_model_has_affine(model) != (layer->affine != NULL))
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: layer %u: an affine table goes with PerOutput or BatchNorm, and "
                              "only with them",
                              path, index + 1);
    int error = integer ? dime_layer_check_values(path, index, layer) : 0;
    return error || !layer->affine ? error : dime_layer_check_affine(path, index, layer);
}

static int check_model(const char *path, const struct dime_model *model) {
    int error = model->metrics ? check_metrics(path, model->metrics) : 0;
    if (!error && model->class_names)
        error = dime_class_names_check(path, model->class_names, model->classes);
    for (uint32_t i = 0; i < model->layer_count && !error; i++) error = check_layer(path, model, i);
    return error;
}

static void add_metadata(struct dime_safetensors_writer *writer, const struct dime_model *model,
                         const char *config, const char *class_names) {
    char classes[16];
    snprintf(classes, sizeof classes, "%u", model->classes);
    dime_safetensors_add_meta(writer, "format", FORMAT_NAME);
    dime_safetensors_add_meta(writer, "classes", classes);
    dime_safetensors_add_meta(writer, "config", config);
    if (model->metrics) dime_safetensors_add_meta(writer, "metrics", model->metrics);
    if (class_names) dime_safetensors_add_meta(writer, "class_names", class_names);
}

static int write_model(const char *path, const struct dime_model *model, const char *config,
                       const char *class_names, const int32_t *rows) {
    struct dime_safetensors_writer *writer = dime_safetensors_writer_new();
    int32_t bias_shifts[DIME_MAX_LAYERS];
    add_metadata(writer, model, config, class_names);
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        bias_shifts[i] = layer->bias_shift;
        add_wide(writer, model, i, layer->affine ? rows : NULL, &bias_shifts[i]);
        rows += 3 * (size_t)layer->outputs;
    }
    for (uint32_t i = 0; i < model->layer_count; i++) add_narrow(writer, model, i);
    return dime_safetensors_write(writer, path);
}

/* Whether a regular file says of itself that it is a model; a device would be read for ever, or replaced. */
static int holds_model(const char *path) {
    struct stat status;
    struct dime_safetensors file;
    if (stat(path, &status) || !S_ISREG(status.st_mode) || dime_safetensors_read(path, &file)) return 0;
    const char *format = dime_safetensors_meta(&file, "format");
    int found = format && !strcmp(format, FORMAT_NAME);
    dime_safetensors_free(&file);
    return found;
}

int dime_model_check_target(const char *path) {
    if (!exists(path) || holds_model(path)) return 0;
    return dime_error_set(DIME_ERROR_IO,
                          "%s: exists and is not a model file; it is not overwritten, choose another name",
                          path);
}

int dime_model_write(const char *path, const struct dime_model *model) {
    int error = check_model(path, model);
    if (error) return error;
    char *config = dime_config_format(&model->config);
    char *names = model->class_names ? dime_class_names_format(model->class_names, model->classes) : NULL;
    int32_t *rows = widen_affine(model);
    if (config && rows && (names || !model->class_names))
        error = write_model(path, model, config, names, rows);
    else
        error = dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    free(config);
    free(names);
    free(rows);
    return error;
}
