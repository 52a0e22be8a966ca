/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/class_names.h"
#include "model/model_layer.h"

static int check_config(const struct dime_config *config, uint32_t classes) {
    if (classes < 2 || classes > 255)
        return dime_error_set(DIME_ERROR_CONFIG, "%u classes; a network tells 2 to 255 apart", classes);
    if (config->layer_count < 1 || config->layer_count > DIME_MAX_LAYERS)
        return dime_error_set(DIME_ERROR_CONFIG, "%u layers; a network has 1 to %d", config->layer_count,
                              DIME_MAX_LAYERS);
    if (config->input_size < 4 || config->input_size > 64)
        return dime_error_set(DIME_ERROR_CONFIG, "input_size: %u; 4 to 64 are possible", config->input_size);
    if (config->activation_bits < 2 || config->activation_bits > 8)
        return dime_error_set(DIME_ERROR_CONFIG, "activation_bits: %u; 2 to 8 are possible",
                              config->activation_bits);
    return 0;
}

int dime_model_shape(struct dime_model *model, const struct dime_config *config, uint32_t classes) {
    memset(model, 0, sizeof *model);
    int error = check_config(config, classes);
    if (error) return error;
    model->config = *config;
    model->classes = classes;
    model->layer_count = config->layer_count;
    struct dime_layer_shape shapes[DIME_MAX_LAYERS];
    uint32_t wrong;
    error = dime_layer_shapes(config, classes, shapes, &wrong);
    if (error) return dime_error_set(error, "layer %u: %s", wrong + 1, dime_error_message());
    for (uint32_t i = 0; i < model->layer_count; i++) {
        struct dime_model_layer *layer = &model->layers[i];
        layer->shape = shapes[i];
        layer->inputs = shapes[i].inputs;
        layer->outputs = shapes[i].outputs;
        layer->format = config->layers[i].format;
    }
    return 0;
}

int dime_model_has_affine(const struct dime_model *model) {
    return model->config.wscale == DIME_WSCALE_PER_OUTPUT || model->config.norm == DIME_NORM_BATCH;
}

static float *new_floats(size_t count, float content) {
    float *floats = malloc(count * sizeof *floats);
    for (size_t i = 0; floats && i < count; i++) floats[i] = content;
    return floats;
}

static int allocate_float(struct dime_model_layer *layer, const struct dime_config *config) {
    layer->weight = new_floats((size_t)layer->inputs * layer->outputs, 0);
    layer->clip = new_floats(config->wscale == DIME_WSCALE_PER_OUTPUT ? layer->outputs : 1, 1);
    if (!layer->weight || !layer->clip) return -1;
    if (config->norm != DIME_NORM_BATCH) return 0;
    static const float initial[4] = {1, 0, 0, 1}; /* gain, offset, running mean, running variance */
    for (int i = 0; i < 4; i++) {
        layer->norm[i] = new_floats(layer->outputs, initial[i]);
        if (!layer->norm[i]) return -1;
    }
    return 0;
}

static int allocate_integer(struct dime_model_layer *layer, int affine) {
    if (layer->format == DIME_FORMAT_NONE) return 0;
    layer->value = calloc((size_t)layer->inputs * layer->outputs, sizeof *layer->value);
    if (affine) layer->affine = calloc(layer->outputs, sizeof *layer->affine);
    return layer->value && (layer->affine || !affine) ? 0 : -1;
}

int dime_model_create(struct dime_model *model, const struct dime_config *config, uint32_t classes) {
    int error = dime_model_shape(model, config, classes);
    for (uint32_t i = 0; i < model->layer_count && !error; i++) {
        struct dime_model_layer *layer = &model->layers[i];
        if (dime_layer_is_pool(layer)) continue;
        if (allocate_float(layer, config) || allocate_integer(layer, dime_model_has_affine(model)))
            error = dime_error_set(DIME_ERROR_MEMORY, "layer %u: out of memory for %u x %u weights", i + 1,
                                   layer->outputs, layer->inputs);
    }
    if (error) dime_model_free(model);
    return error;
}

void dime_model_free(struct dime_model *model) {
    for (uint32_t i = 0; i < DIME_MAX_LAYERS; i++) {
        struct dime_model_layer *layer = &model->layers[i];
        free(layer->weight);
        free(layer->clip);
        for (int j = 0; j < 4; j++) free(layer->norm[j]);
        free(layer->value);
        free(layer->affine);
    }
    free(model->metrics);
    dime_class_names_free(model->class_names, model->classes);
    memset(model, 0, sizeof *model);
}

int dime_model_name_classes(struct dime_model *model, char *const *names) {
    dime_class_names_free(model->class_names, model->classes);
    model->class_names = NULL;
    return dime_class_names_copy(model->config.dataset, names, model->classes, &model->class_names);
}

size_t dime_model_bytes(const struct dime_model *model) {
    size_t bytes = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        if (dime_layer_is_pool(layer)) continue;
        if (layer->format == DIME_FORMAT_NONE)
            bytes += (size_t)layer->inputs * layer->outputs * sizeof(float);
        else
            bytes += dime_layer_packed_bytes(layer);
        if (layer->affine) bytes += layer->outputs * sizeof *layer->affine;
    }
    return bytes;
}

uint32_t dime_model_input_count(const struct dime_model *model) {
    return dime_shape_inputs(&model->layers[0].shape);
}
