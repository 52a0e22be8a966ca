/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "model/bitnetmcu.h"
#include "model/bitnetmcu_format.h"
#include "model/bitnetmcu_header.h"
#include "model/model_layer.h"

#define HEADER_LIMIT ((size_t)64 << 20)
/* The peers make a 28x28 picture binary at 0.5 after normalisation: p / 255 > 0.1307 + 0.5 * 0.3081, which is
   grey level 73 and above. */
#define SEED_THRESHOLD 73

/* Side of the picture whose pixels are the first layer's inputs, Ternary filling included; 0 where none is.
 */
static uint32_t side_of(enum dime_format_id format, uint32_t inputs) {
    for (uint32_t side = 64; side >= 4; side--)
        if (dime_bitnetmcu_inputs(format, side * side) == inputs) return side;
    return 0;
}

static int choose_input(const struct dime_bitnetmcu_header *header,
                        const struct dime_bitnetmcu_options *options, struct dime_config *config) {
    const struct dime_bitnetmcu_layer *first = &header->layers[0];
    uint32_t inputs = first->inputs.number;
    config->input_size = options->input_size ? options->input_size : header->input_size.number;
    if (!config->input_size && first->kind != DIME_LAYER_FC)
        config->input_size = first->in_x.number; /* not square: refused with the shapes */
    else if (!config->input_size)
        config->input_size = side_of(config->layers[0].format, inputs);
    if (!config->input_size)
        return dime_header_fail(header->name, first->inputs.line, DIME_ERROR_UNSUPPORTED,
                                "%u inputs are no square picture of 4 to 64 pixels", inputs);
    int encoding = options->input_encoding >= 0 ? options->input_encoding : header->input_encoding;
    if (encoding < 0) encoding = config->input_size == 28 ? DIME_INPUT_BINARY : DIME_INPUT_MEAN_SUBTRACTED;
    config->input_encoding = (enum dime_input_encoding)encoding;
    uint32_t threshold = options->input_threshold ? options->input_threshold : header->input_threshold.number;
    config->input_threshold = threshold ? threshold : SEED_THRESHOLD;
    if (config->input_threshold <= 255) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: input threshold %u; 1 to 255 are possible", header->name,
                          config->input_threshold);
}

/* Convolutions are BitNetMCU's own: ReLU and a shift, no normalisation. */
static int fill_layer(const struct dime_bitnetmcu_header *header, const struct dime_bitnetmcu_layer *layer,
                      struct dime_layer_config *config) {
    config->kind = layer->kind;
    if (layer->kind == DIME_LAYER_FC) {
        config->outputs = layer->outputs.number;
        return dime_bitnetmcu_layer_format(header, layer, &config->format);
    }
    if (layer->kind == DIME_LAYER_MAX_POOL) {
        config->kernel = config->stride = layer->pool.number;
        return 0;
    }
    config->outputs = layer->kind == DIME_LAYER_CONV2D ? layer->out_channels.number : 0;
    config->format = DIME_FORMAT_8BIT;
    config->kernel = layer->kernel.number;
    config->stride = layer->stride.number;
    config->padding = layer->padding.number;
    config->wide = 1;
    return 0;
}

/* The format that most of the network is in: that of the last layer, since the first ones of a CNN have their
 * own. */
static void choose_format(struct dime_config *config) {
    uint32_t last = config->layer_count - 1;
    config->format =
        config->layers[0].kind == DIME_LAYER_FC ? config->layers[0].format : config->layers[last].format;
    for (uint32_t i = 0; i < config->layer_count; i++)
        if (dime_kind_is_pool(config->layers[i].kind)) config->layers[i].format = config->format;
}

/* Says CNNMNIST with its widths where the layers are those. */
static void recognise(struct dime_config *config) {
    struct dime_config named = *config;
    uint32_t width = 0, maps = 0;
    while (maps < config->layer_count && config->layers[maps].kind != DIME_LAYER_FC) maps++;
    if (maps == 0 || config->layer_count - maps > 4) return;
    snprintf(named.model, sizeof named.model, "CNNMNIST");
    named.cnn_width = config->layers[0].outputs;
    for (uint32_t i = maps; i + 1 < config->layer_count; i++)
        named.width[width++] = config->layers[i].outputs;
    named.layers[config->layer_count - 1].outputs = 0;
    if (dime_config_made_from_widths(&named)) *config = named;
}

static int fill_config(const struct dime_bitnetmcu_header *header,
                       const struct dime_bitnetmcu_options *options, struct dime_config *config) {
    dime_config_default(config);
    memset(config->width, 0, sizeof config->width);
    memset(config->layers, 0, sizeof config->layers);
    config->norm = DIME_NORM_RMS;
    config->wscale = DIME_WSCALE_PER_TENSOR;
    config->activation_bits = 8;
    config->layer_count = header->layer_count;
    for (uint32_t i = 0; i < header->layer_count; i++) {
        int error = fill_layer(header, &header->layers[i], &config->layers[i]);
        if (error) return error;
    }
    choose_format(config);
    return choose_input(header, options, config);
}

/* Words of one row; 0 where rows would not start at a word. */
static uint32_t row_words(enum dime_format_id id, uint32_t inputs) {
    const struct dime_format *format = dime_format_get(id);
    if (id == DIME_FORMAT_TERNARY) return dime_format_row_bytes(format, inputs) / 2;
    return inputs * format->code_bits % 32 ? 0 : inputs * format->code_bits / 32;
}

static int check_number(const struct dime_bitnetmcu_header *header, const struct dime_bitnetmcu_layer *source,
                        const char *attribute, const struct dime_header_number *found, uint32_t expected) {
    if (!found->line || found->number == expected) return 0;
    return dime_header_fail(header->name, found->line, DIME_ERROR_MALFORMED,
                            "L%u_%s is %u, but the layers before it give %u", source->number, attribute,
                            found->number, expected);
}

/* What a header says of maps must be what follows from kernels. */
static int check_maps(const struct dime_bitnetmcu_header *header, const struct dime_bitnetmcu_layer *source,
                      const struct dime_model_layer *layer) {
    const struct dime_layer_shape *shape = &layer->shape;
    int error = check_number(header, source, "incoming_x", &source->in_x, shape->width);
    if (!error) error = check_number(header, source, "incoming_y", &source->in_y, shape->height);
    if (!error) error = check_number(header, source, "outgoing_x", &source->out_x, shape->out_width);
    if (!error) error = check_number(header, source, "outgoing_y", &source->out_y, shape->out_height);
    if (!error) error = check_number(header, source, "in_channels", &source->in_channels, shape->channels);
    if (!error) error = check_number(header, source, "out_channels", &source->out_channels, shape->outputs);
    size_t count = (size_t)layer->inputs * layer->outputs;
    if (error || dime_layer_is_pool(layer) || source->weights.count == count) return error;
    return dime_header_fail(header->name, source->weights.line, DIME_ERROR_MALFORMED,
                            "%s has %zu weights; %u outputs of %u need %zu; cut short?", source->weights.name,
                            source->weights.count, layer->outputs, layer->inputs, count);
}

static int check_fully_connected(const struct dime_bitnetmcu_header *header,
                                 const struct dime_bitnetmcu_layer *source,
                                 const struct dime_model_layer *layer) {
    uint32_t expected = dime_bitnetmcu_inputs(layer->format, layer->inputs);
    if (source->inputs.number != expected)
        return dime_header_fail(header->name, source->inputs.line, DIME_ERROR_MALFORMED,
                                "L%u_incoming_weights is %u, but the picture or layer before it gives %u",
                                source->number, source->inputs.number, expected);
    const char *type = layer->format == DIME_FORMAT_TERNARY ? "uint16_t" : "uint32_t";
    if (strcmp(source->weights.type, type))
        return dime_header_fail(header->name, source->weights.line, DIME_ERROR_MALFORMED,
                                "%s is an array of %s; its format %s has %s", source->weights.name,
                                source->weights.type, dime_format_name(layer->format), type);
    uint32_t words = row_words(layer->format, layer->inputs);
    if (!words)
        return dime_header_fail(header->name, source->inputs.line, DIME_ERROR_UNSUPPORTED,
                                "%u inputs of %s do not fill 32-bit words", layer->inputs,
                                dime_format_name(layer->format));
    if (source->weights.count == (size_t)words * layer->outputs) return 0;
    return dime_header_fail(header->name, source->weights.line, DIME_ERROR_MALFORMED,
                            "%s has %zu words; %u outputs of %u inputs need %zu; cut short?",
                            source->weights.name, source->weights.count, layer->outputs, layer->inputs,
                            (size_t)words * layer->outputs);
}

static int check_weights(const struct dime_bitnetmcu_header *header,
                         const struct dime_bitnetmcu_layer *source, const struct dime_model_layer *layer) {
    return layer->shape.kind == DIME_LAYER_FC ? check_fully_connected(header, source, layer)
                                              : check_maps(header, source, layer);
}

/* Turns one row of words into weights. What fills up a Ternary row must be weight 0. */
static int decode_row(const struct dime_model_layer *layer, const void *row, int16_t *values) {
    const struct dime_format *format = dime_format_get(layer->format);
    uint32_t filled = dime_bitnetmcu_inputs(layer->format, layer->inputs);
    for (uint32_t k = 0; k < filled; k++) {
        int16_t value = format->value(dime_format_code(format, row, k));
        if (k < layer->inputs)
            values[k] = value;
        else if (value)
            return -1;
    }
    return 0;
}

/* Kernels are arrays of int8_t, one after another. */
static int decode_kernels(const struct dime_bitnetmcu_header *header,
                          const struct dime_bitnetmcu_layer *source, struct dime_model_layer *layer) {
    size_t count = source->weights.count;
    layer->value = malloc(count * sizeof *layer->value);
    if (!layer->value) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", header->name);
    for (size_t i = 0; i < count; i++) layer->value[i] = (int8_t)(uint8_t)source->weights.numbers[i];
    return 0;
}

static int decode_rows(const struct dime_bitnetmcu_header *header, const struct dime_bitnetmcu_layer *source,
                       struct dime_model_layer *layer) {
    uint32_t words = row_words(layer->format, layer->inputs);
    const uint32_t *numbers = source->weights.numbers;
    uint16_t *halves = malloc(words * sizeof *halves);
    layer->value = malloc((size_t)layer->inputs * layer->outputs * sizeof *layer->value);
    int error = 0;
    if (!halves || !layer->value)
        error = dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", header->name);
    for (uint32_t m = 0; m < layer->outputs && !error; m++, numbers += words) {
        for (uint32_t i = 0; i < words; i++) halves[i] = (uint16_t)numbers[i];
        const void *row = layer->format == DIME_FORMAT_TERNARY ? (const void *)halves : numbers;
        if (decode_row(layer, row, layer->value + (size_t)m * layer->inputs))
            error = dime_header_fail(header->name, source->weights.line, DIME_ERROR_MALFORMED,
                                     "%s: output %u has weights behind its last input; they must be 0",
                                     source->weights.name, m);
    }
    free(halves);
    return error;
}

static int decode_weights(const struct dime_bitnetmcu_header *header,
                          const struct dime_bitnetmcu_layer *source, struct dime_model_layer *layer) {
    if (dime_layer_is_pool(layer)) return 0;
    return layer->shape.kind == DIME_LAYER_FC ? decode_rows(header, source, layer)
                                              : decode_kernels(header, source, layer);
}

static int build(const struct dime_bitnetmcu_header *header, const struct dime_bitnetmcu_options *options,
                 struct dime_model *model) {
    struct dime_config config;
    int error = fill_config(header, options, &config);
    uint32_t classes = config.layers[config.layer_count - 1].outputs;
    if (!error) recognise(&config);
    if (!error) error = dime_model_shape(model, &config, classes);
    if (error == DIME_ERROR_CONFIG) dime_error_set(error, "%s: %s", header->name, dime_error_message());
    for (uint32_t i = 0; i < header->layer_count && !error; i++) {
        error = check_weights(header, &header->layers[i], &model->layers[i]);
        if (!error) error = decode_weights(header, &header->layers[i], &model->layers[i]);
    }
    return error;
}

int dime_bitnetmcu_parse(const char *name, const char *text, size_t size,
                         const struct dime_bitnetmcu_options *options, struct dime_model *model) {
    static const struct dime_bitnetmcu_options none = {0, -1, 0};
    struct dime_bitnetmcu_header *header;
    memset(model, 0, sizeof *model);
    int error = dime_bitnetmcu_header_parse(name, text, size, &header);
    if (!error) error = build(header, options ? options : &none, model);
    dime_bitnetmcu_header_free(header);
    if (error) dime_model_free(model);
    return error;
}

int dime_bitnetmcu_read(const char *path, const struct dime_bitnetmcu_options *options,
                        struct dime_model *model) {
    uint8_t *bytes;
    size_t size;
    memset(model, 0, sizeof *model);
    int error = dime_file_read(path, HEADER_LIMIT, &bytes, &size);
    if (error) return error;
    error = dime_bitnetmcu_parse(path, (const char *)bytes, size, options, model);
    free(bytes);
    return error;
}
