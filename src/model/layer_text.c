/* SPDX-License-Identifier: MIT */
#include "model/layer_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void add(char *text, size_t size, const char *format, ...) {
    size_t used = strlen(text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text + used, size - used, format, arguments);
    va_end(arguments);
}

void dime_layer_text(const struct dime_model_layer *layer, char *text, size_t size) {
    const struct dime_layer_shape *shape = &layer->shape;
    *text = 0;
    if (shape->kind == DIME_LAYER_FC) {
        add(text, size, "%u inputs, %u outputs", layer->inputs, layer->outputs);
        return;
    }
    uint32_t usual = dime_layer_is_pool(layer) ? shape->kernel : 1;
    add(text, size, "%s %ux%u, %ux%ux%u to %ux%ux%u", dime_layer_type_name(shape->kind), shape->kernel,
        shape->kernel, shape->channels, shape->height, shape->width, shape->outputs, shape->out_height,
        shape->out_width);
    if (shape->stride != usual) add(text, size, ", stride %u", shape->stride);
    if (shape->padding) add(text, size, ", padding %u", shape->padding);
}

static void add_layer(const struct dime_model_layer *layer, char *text, size_t size) {
    const struct dime_layer_shape *shape = &layer->shape;
    switch (shape->kind) {
    case DIME_LAYER_FC:
        add(text, size, "-%u", layer->outputs);
        break;
    case DIME_LAYER_CONV2D:
        add(text, size, "-c%u", layer->outputs);
        break;
    case DIME_LAYER_DEPTHWISE:
        add(text, size, "-d");
        break;
    case DIME_LAYER_MAX_POOL:
    case DIME_LAYER_AVG_POOL:
        add(text, size, "-%c%u", shape->kind == DIME_LAYER_MAX_POOL ? 'm' : 'a', shape->kernel);
        break;
    }
}

void dime_model_text(const struct dime_model *model, char *text, size_t size) {
    const struct dime_layer_shape *first = &model->layers[0].shape;
    *text = 0;
    if (first->kind == DIME_LAYER_FC)
        add(text, size, "%u", model->layers[0].inputs);
    else
        add(text, size, "%ux%u", first->height, first->width);
    for (uint32_t i = 0; i < model->layer_count; i++) add_layer(&model->layers[i], text, size);
}

uint64_t dime_layer_products(const struct dime_model_layer *layer) {
    return (uint64_t)layer->inputs * dime_shape_outputs(&layer->shape);
}
