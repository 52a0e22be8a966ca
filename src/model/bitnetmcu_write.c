/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/file.h"
#include "model/bitnetmcu.h"
#include "model/bitnetmcu_format.h"
#include "model/model_layer.h"

static int refuse(const char *path, const char *what, const char *instead) {
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s: BitNetMCU's C code cannot run %s; %s, or export with --as dime", path, what,
                          instead);
}

/* Its C code has one network with convolutions: these layers, and three fully connected ones. */
static const struct {
    enum dime_layer_kind kind;
    uint32_t size;
    uint32_t number; /* of its L2_weights and so on; ReLU layers between count */
} cnn[] = {{DIME_LAYER_CONV2D, 16, 2},   {DIME_LAYER_DEPTHWISE, 14, 4}, {DIME_LAYER_MAX_POOL, 12, 6},
           {DIME_LAYER_DEPTHWISE, 6, 7}, {DIME_LAYER_MAX_POOL, 4, 9},   {DIME_LAYER_FC, 1, 11},
           {DIME_LAYER_FC, 1, 13},       {DIME_LAYER_FC, 1, 15}};
#define CNN_LAYERS (sizeof cnn / sizeof *cnn)

static int is_cnn_layer(const struct dime_model *model, uint32_t index) {
    const struct dime_layer_shape *shape = &model->layers[index].shape;
    uint32_t kernel = shape->kind == DIME_LAYER_FC ? 1 : dime_kind_is_pool(shape->kind) ? 2 : 3;
    uint32_t stride = dime_kind_is_pool(shape->kind) ? 2 : 1;
    if (shape->kind != cnn[index].kind || shape->height != cnn[index].size || shape->width != cnn[index].size)
        return 0;
    if (shape->kernel != kernel || shape->stride != stride || shape->padding) return 0;
    if (shape->kind == DIME_LAYER_FC || dime_kind_is_pool(shape->kind)) return 1;
    return shape->wide_outputs && model->layers[index].format == DIME_FORMAT_8BIT;
}

static int check_maps(const struct dime_model *model, const char *path) {
    uint32_t same = 0;
    while (model->layer_count == CNN_LAYERS && same < CNN_LAYERS && is_cnn_layer(model, same)) same++;
    if (same == CNN_LAYERS) return 0;
    return refuse(
        path, "these convolutions",
        "the only ones it has are those of model: CNNMNIST with input_size: 16 and two hidden layers behind "
        "them");
}

/* The number x that its names Lx_... give layer `index`. */
static uint32_t layer_number(const struct dime_model *model, uint32_t index) {
    return model->layers[0].shape.kind == DIME_LAYER_FC ? index + 1 : cnn[index].number;
}

static int check_network(const struct dime_model *model, const char *path) {
    char what[64];
    if (model->config.wscale != DIME_WSCALE_PER_TENSOR)
        return refuse(path, "WScale PerOutput", "train with PerTensor");
    if (model->config.norm == DIME_NORM_BATCH || model->config.norm == DIME_NORM_LAYER) {
        snprintf(what, sizeof what, "NormType %s", dime_norm_name(model->config.norm));
        return refuse(path, what, "train with RMS or Lin");
    }
    if (model->config.activation_bits != 8) {
        snprintf(what, sizeof what, "activations of %u bits", model->config.activation_bits);
        return refuse(path, what, "train with activation_bits: 8");
    }
    if (model->layers[0].shape.kind != DIME_LAYER_FC) return check_maps(model, path);
    if (model->layer_count == 3 || model->layer_count == 4) return 0;
    snprintf(what, sizeof what, "%u layers", model->layer_count);
    return refuse(path, what, "it has 3 or 4, the last one included");
}

static int check_layer(const struct dime_model *model, uint32_t index, const char *path) {
    const struct dime_model_layer *layer = &model->layers[index];
    enum dime_format_id format = layer->format;
    char what[96];
    if (dime_layer_is_pool(layer)) return 0;
    if (!dime_bitnetmcu_id(format) || format == DIME_FORMAT_NF4) {
        snprintf(what, sizeof what, "weights of format %s (layer %u)", dime_format_name(format), index + 1);
        return refuse(path, what,
                      "it knows Binary, BinarySym, Ternary, 2bitsym, 4bitsym, 4bit, 8bit and FP130");
    }
    uint32_t bits = layer->inputs * dime_format_get(format)->code_bits;
    if (layer->shape.kind == DIME_LAYER_FC && format != DIME_FORMAT_TERNARY && bits % 32) {
        snprintf(what, sizeof what, "%u inputs of %s (layer %u): %u bits do not fill 32-bit words",
                 layer->inputs, dime_format_name(format), index + 1, bits);
        return refuse(path, what, "change the width of the layer before it");
    }
    if (!layer->value)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: layer %u has no integer weights", path, index + 1);
    return dime_layer_check_values(path, index, layer);
}

/* Both buffers of its C code hold a layer's outputs and then the next layer's inputs, which Ternary fills up
   to a multiple of ten; the picture stays with the caller. */
static uint32_t most_activations(const struct dime_model *model) {
    uint32_t most = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        if (layer->shape.kind != DIME_LAYER_FC) {
            most = dime_model_input_count(model); /* one of them holds a whole map of 32-bit numbers */
            continue;
        }
        uint32_t inputs = i ? dime_bitnetmcu_inputs(layer->format, layer->inputs) : 0;
        if (inputs > most) most = inputs;
        if (layer->outputs > most) most = layer->outputs;
    }
    return most;
}

static void print_head(FILE *stream, const struct dime_model *model) {
    fputs("// Generated by dime export --as bitnetmcu\n\n#include <stdint.h>\n\n", stream);
    fputs("#ifndef BITNETMCU_MODEL_H\n#define BITNETMCU_MODEL_H\n\n", stream);
    fprintf(stream, "#define MODEL_%s\n\n",
            model->layers[0].shape.kind == DIME_LAYER_FC ? "FCMNIST" : "CNNMNIST");
    fprintf(stream, "#define NUM_LAYERS %u\n#define MAX_N_ACTIVATIONS %u\n\n", model->layer_count,
            most_activations(model));
    fputs("// How a picture becomes input; for dime import\n", stream);
    fprintf(
        stream,
        "#define DIME_INPUT_SIZE %u\n#define DIME_INPUT_ENCODING \"%s\"\n#define DIME_INPUT_THRESHOLD %u\n",
        model->config.input_size, dime_input_encoding_name(model->config.input_encoding),
        model->config.input_threshold);
}

static void print_define(FILE *stream, uint32_t number, const char *attribute, uint32_t value) {
    fprintf(stream, "#define L%u_%s %u\n", number, attribute, value);
}

static void print_fc_defines(FILE *stream, const struct dime_model_layer *layer, uint32_t number) {
    fprintf(stream, "\n// Layer: L%u\n// QuantType: %s\n", number, dime_format_name(layer->format));
    fprintf(stream, "#define L%u_active\n", number);
    fprintf(stream, "#define L%u_quanttype %s\n", number, dime_format_name(layer->format));
    print_define(stream, number, "bitperweight", dime_bitnetmcu_id(layer->format));
    print_define(stream, number, "incoming_weights", dime_bitnetmcu_inputs(layer->format, layer->inputs));
    print_define(stream, number, "outgoing_weights", layer->outputs);
}

static void print_map_defines(FILE *stream, const struct dime_model_layer *layer, uint32_t number) {
    const struct dime_layer_shape *shape = &layer->shape;
    int pool = dime_layer_is_pool(layer);
    fprintf(stream, "\n// Layer: L%u\n#define L%u_active\n", number, number);
    fprintf(stream, "#define L%u_type %s\n", number, pool ? "MaxPool2d" : "BitConv2d");
    if (pool) {
        print_define(stream, number, "pool_size", shape->kernel);
    } else {
        print_define(stream, number, "in_channels", shape->channels);
        print_define(stream, number, "out_channels", shape->outputs);
    }
    print_define(stream, number, "incoming_x", shape->width);
    print_define(stream, number, "incoming_y", shape->height);
    print_define(stream, number, "outgoing_x", shape->out_width);
    print_define(stream, number, "outgoing_y", shape->out_height);
    if (pool) return;
    print_define(stream, number, "kernel_size", shape->kernel);
    print_define(stream, number, "stride", shape->stride);
    print_define(stream, number, "padding", shape->padding);
    print_define(stream, number, "groups", shape->kind == DIME_LAYER_DEPTHWISE ? shape->channels : 1);
    print_define(stream, number, "bitperweight", 8);
}

/* Kernels are plain arrays. */
static void print_kernels(FILE *stream, const struct dime_model_layer *layer, uint32_t number) {
    fprintf(stream, "const int8_t L%u_weights[] = {", number);
    for (size_t i = 0; i < (size_t)layer->inputs * layer->outputs; i++)
        fprintf(stream, "%s%d,", i % 18 ? " " : "\n    ", layer->value[i]);
    fputs("\n};\n", stream);
}

/* Our packed rows are BitNetMCU's: the first weight is topmost in a word, Ternary has ten in 16 bits. */
static void print_weights(FILE *stream, const struct dime_model_layer *layer, uint32_t number,
                          const void *block) {
    int ternary = layer->format == DIME_FORMAT_TERNARY;
    size_t bytes =
        (size_t)dime_format_row_bytes(dime_format_get(layer->format), layer->inputs) * layer->outputs;
    size_t words = bytes / (ternary ? 2 : 4);
    fprintf(stream, "const uint%d_t L%u_weights[] = {", ternary ? 16 : 32, number);
    for (size_t i = 0; i < words; i++) {
        fputs(i % 8 ? " " : "\n    ", stream);
        if (ternary)
            fprintf(stream, "0x%04x,", ((const uint16_t *)block)[i]);
        else
            fprintf(stream, "0x%08x,", ((const uint32_t *)block)[i]);
    }
    fputs("\n};\n", stream);
}

static int print_fc(FILE *stream, const struct dime_model_layer *layer, uint32_t number) {
    void *block = calloc(1, dime_layer_packed_bytes(layer));
    if (!block)
        return dime_error_set(DIME_ERROR_MEMORY, "out of memory for the weights of layer L%u", number);
    int error = dime_layer_pack(layer, block);
    if (!error) {
        print_fc_defines(stream, layer, number);
        print_weights(stream, layer, number, block);
    }
    free(block);
    return error;
}

static int print_layer(FILE *stream, const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    uint32_t number = layer_number(model, index);
    if (layer->shape.kind == DIME_LAYER_FC) return print_fc(stream, layer, number);
    print_map_defines(stream, layer, number);
    if (!dime_layer_is_pool(layer)) print_kernels(stream, layer, number);
    return 0;
}

int dime_bitnetmcu_write(const struct dime_model *model, const char *path) {
    int error = check_network(model, path);
    for (uint32_t i = 0; i < model->layer_count && !error; i++) error = check_layer(model, i, path);
    struct dime_file_writer file;
    if (!error) error = dime_file_writer_open(&file, path);
    if (error) return error;
    print_head(file.stream, model);
    for (uint32_t i = 0; i < model->layer_count && !error; i++) error = print_layer(file.stream, model, i);
    fputs("\n#endif\n", file.stream);
    if (!error) return dime_file_writer_commit(&file);
    dime_file_writer_abort(&file);
    return error;
}
