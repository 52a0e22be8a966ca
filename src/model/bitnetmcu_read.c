/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "model/bitnetmcu.h"
#include "model/bitnetmcu_format.h"
#include "model/bitnetmcu_scan.h"
#include "model/model_layer.h"

#define HEADER_LIMIT ((size_t)64 << 20)
#define MAX_HEADER_LAYERS 64 /* convolutional headers count activations and poolings too */
/* The peers make a 28x28 picture binary at 0.5 after normalisation: p / 255 > 0.1307 + 0.5 * 0.3081, which is
   grey level 73 and above. */
#define SEED_THRESHOLD 73

/* A number that a #define gives; line 0 where there was none. */
struct defined {
    uint32_t number, line;
};

/* What a header says of one layer, Lx_... */
struct header_layer {
    uint32_t number; /* x */
    uint32_t line;   /* of its first mention */
    struct defined bits, inputs, outputs;
    char type[32]; /* "BitConv2d", "MaxPool2d"; "" for fully connected layers */
    uint32_t type_line;
    char format[32]; /* name of the weight format, only in headers of our own */
    uint32_t format_line;
    struct dime_header_array weights;
};

struct header {
    const char *name;
    struct header_layer layers[MAX_HEADER_LAYERS];
    uint32_t layer_count;
    struct defined num_layers, input_size, input_threshold;
    int input_encoding; /* -1 where it does not say */
};

static void header_free(struct header *header) {
    for (uint32_t i = 0; i < header->layer_count; i++) free(header->layers[i].weights.numbers);
    free(header);
}

/* ---- from text to struct header ---- */

static int define_number(const struct header *header, const struct dime_header_directive *directive,
                         struct defined *target) {
    if (target->line)
        return dime_header_fail(header->name, directive->line, DIME_ERROR_MALFORMED,
                                "%s is defined again, first in "
                                "line %u",
                                directive->name, target->line);
    if (!dime_header_number(directive->body, strlen(directive->body), &target->number))
        return dime_header_fail(header->name, directive->line, DIME_ERROR_MALFORMED,
                                "%s is not defined as a hexadecimal or decimal number", directive->name);
    target->line = directive->line;
    return 0;
}

static int define_text(const struct header *header, const struct dime_header_directive *directive, char *text,
                       size_t size, uint32_t *line) {
    if (*line || strlen(directive->body) >= size)
        return dime_header_fail(header->name, directive->line, DIME_ERROR_MALFORMED,
                                "%s is defined again, or has more than %zu characters", directive->name,
                                size - 1);
    snprintf(text, size, "%s", directive->body);
    *line = directive->line;
    return 0;
}

/* Splits "L12_weights" into 12 and "weights"; NULL where a name has another form. */
static const char *split_name(const char *name, uint32_t *number) {
    if (name[0] != 'L' || !isdigit((uint8_t)name[1])) return NULL;
    char *end;
    unsigned long value = strtoul(name + 1, &end, 10);
    if (*end != '_' || value > 999) return NULL;
    *number = (uint32_t)value;
    return end + 1;
}

/* The layer of that number, begun where it is new. */
static int layer_of(struct header *header, uint32_t number, uint32_t line, struct header_layer **layer) {
    for (uint32_t i = 0; i < header->layer_count; i++) {
        *layer = &header->layers[i];
        if ((*layer)->number == number) return 0;
    }
    if (header->layer_count == MAX_HEADER_LAYERS)
        return dime_header_fail(header->name, line, DIME_ERROR_UNSUPPORTED, "more than %d layers",
                                MAX_HEADER_LAYERS);
    *layer = &header->layers[header->layer_count++];
    (*layer)->number = number;
    (*layer)->line = line;
    return 0;
}

static int define_layer(struct header *header, const struct dime_header_directive *directive, uint32_t number,
                        const char *attribute) {
    struct header_layer *layer;
    int error = layer_of(header, number, directive->line, &layer);
    if (error) return error;
    if (!strcmp(attribute, "bitperweight")) return define_number(header, directive, &layer->bits);
    if (!strcmp(attribute, "incoming_weights")) return define_number(header, directive, &layer->inputs);
    if (!strcmp(attribute, "outgoing_weights")) return define_number(header, directive, &layer->outputs);
    if (!strcmp(attribute, "type"))
        return define_text(header, directive, layer->type, sizeof layer->type, &layer->type_line);
    if (!strcmp(attribute, "quanttype"))
        return define_text(header, directive, layer->format, sizeof layer->format, &layer->format_line);
    return 0; /* _active, and what describes convolutions */
}

int dime_bitnetmcu_encoding(const char *name) {
    for (int i = DIME_INPUT_MEAN_SUBTRACTED; i <= DIME_INPUT_BINARY; i++)
        if (!strcmp(dime_input_encoding_name((enum dime_input_encoding)i), name)) return i;
    return -1;
}

static int define(struct header *header, const struct dime_header_directive *directive) {
    uint32_t number = 0;
    const char *attribute = split_name(directive->name, &number);
    if (attribute) return define_layer(header, directive, number, attribute);
    if (!strcmp(directive->name, "NUM_LAYERS")) return define_number(header, directive, &header->num_layers);
    if (!strcmp(directive->name, "DIME_INPUT_SIZE"))
        return define_number(header, directive, &header->input_size);
    if (!strcmp(directive->name, "DIME_INPUT_THRESHOLD"))
        return define_number(header, directive, &header->input_threshold);
    if (strcmp(directive->name, "DIME_INPUT_ENCODING"))
        return 0; /* guards and names that say nothing to us */
    header->input_encoding = dime_bitnetmcu_encoding(directive->body);
    if (header->input_encoding >= 0) return 0;
    return dime_header_fail(header->name, directive->line, DIME_ERROR_MALFORMED,
                            "unknown input encoding; known: mean-subtracted, unsigned, binary");
}

/* Every line counts, so conditions that could switch some off are refused; an include guard is not one. */
static int handle_directive(struct header *header, const struct dime_header_directive *directive) {
    static const char *const passed[] = {"include", "ifndef", "endif", "pragma", "undef"};
    if (!strcmp(directive->keyword, "define")) return define(header, directive);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (!strcmp(directive->keyword, passed[i])) return 0;
    return dime_header_fail(header->name, directive->line, DIME_ERROR_UNSUPPORTED,
                            "#%s: only plain headers as exportquant.py writes them can be read",
                            directive->keyword);
}

/* Keeps Lx_weights and drops other arrays (test pictures). */
static int keep_array(struct header *header, struct dime_header_array *array) {
    uint32_t number = 0;
    const char *attribute = split_name(array->name, &number);
    struct header_layer *layer = NULL;
    int error = 0;
    if (attribute && !strcmp(attribute, "weights")) {
        error = layer_of(header, number, array->line, &layer);
        if (!error && layer->weights.line)
            error = dime_header_fail(header->name, array->line, DIME_ERROR_MALFORMED,
                                     "%s stands here again, first in line "
                                     "%u",
                                     array->name, layer->weights.line);
        if (!error) {
            layer->weights = *array;
            return 0;
        }
    }
    free(array->numbers);
    return error;
}

static int scan_item(struct header *header, struct dime_header_cursor *cursor) {
    if (*cursor->at == '#') {
        struct dime_header_directive directive;
        int error = dime_header_read_directive(cursor, &directive);
        return error ? error : handle_directive(header, &directive);
    }
    struct dime_header_array array;
    int error = dime_header_read_array(cursor, &array);
    return error ? error : keep_array(header, &array);
}

static int scan(struct header *header, const char *text, size_t size) {
    struct dime_header_cursor cursor = {header->name, text, text + size, 1};
    for (;;) {
        int error = dime_header_skip(&cursor);
        if (error || cursor.at == cursor.end) return error;
        error = scan_item(header, &cursor);
        if (error) return error;
    }
}

/* ---- checks ---- */

static int compare_layers(const void *left, const void *right) {
    const struct header_layer *a = left, *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

/* The one place that has to change when convolutions can be imported. */
static int check_type(const struct header *header, const struct header_layer *layer) {
    if (!layer->type_line) return 0;
    return dime_header_fail(
        header->name, layer->type_line, DIME_ERROR_UNSUPPORTED,
        "layer L%u is a %s; networks with convolutions cannot be imported yet, only fully connected "
        "ones",
        layer->number, layer->type);
}

static int check_complete(const struct header *header, const struct header_layer *layer) {
    const char *missing = !layer->bits.line      ? "bitperweight"
                          : !layer->inputs.line  ? "incoming_weights"
                          : !layer->outputs.line ? "outgoing_weights"
                          : !layer->weights.line ? "weights"
                                                 : NULL;
    if (!missing) return 0;
    return dime_header_fail(header->name, layer->line, DIME_ERROR_MALFORMED,
                            "layer L%u has no L%u_%s; cut short?", layer->number, layer->number, missing);
}

/* The format by its number, or by the name beside it where two share one number. */
static int format_of(const struct header *header, const struct header_layer *layer,
                     enum dime_format_id *format) {
    int found = dime_bitnetmcu_format(layer->bits.number);
    if (found < 0)
        return dime_header_fail(
            header->name, layer->bits.line, DIME_ERROR_UNSUPPORTED,
            "L%u_bitperweight %u is unknown; known: 1 Binary, 2 2bitsym, 4 4bitsym, 12 4bit, 16 8bit, "
            "20 FP130, 36 NF4, 64 Ternary",
            layer->number, layer->bits.number);
    *format = (enum dime_format_id)found;
    if (!layer->format_line) return 0;
    int named = dime_format_find(layer->format);
    if (named < 0 || dime_bitnetmcu_id((enum dime_format_id)named) != layer->bits.number)
        return dime_header_fail(header->name, layer->format_line, DIME_ERROR_MALFORMED,
                                "L%u_quanttype contradicts L%u_bitperweight %u, which is %s", layer->number,
                                layer->number, layer->bits.number, dime_format_name(*format));
    *format = (enum dime_format_id)named;
    return 0;
}

static int check_layers(struct header *header) {
    qsort(header->layers, header->layer_count, sizeof *header->layers, compare_layers);
    for (uint32_t i = 0; i < header->layer_count; i++) {
        int error = check_type(header, &header->layers[i]);
        if (!error) error = check_complete(header, &header->layers[i]);
        if (error) return error;
    }
    if (header->layer_count == 0)
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: no layers (L1_weights and so on); not a BitNetMCU header?", header->name);
    if (header->num_layers.line && header->num_layers.number != header->layer_count)
        return dime_header_fail(header->name, header->num_layers.line, DIME_ERROR_MALFORMED,
                                "NUM_LAYERS is %u, but %u layers follow; cut short?",
                                header->num_layers.number, header->layer_count);
    if (header->layer_count > DIME_MAX_LAYERS)
        return dime_error_set(DIME_ERROR_UNSUPPORTED, "%s: %u layers; at most %d are possible", header->name,
                              header->layer_count, DIME_MAX_LAYERS);
    return 0;
}

/* ---- from struct header to model ---- */

/* Side of the picture whose pixels are the first layer's inputs, Ternary filling included; 0 where none is.
 */
static uint32_t side_of(enum dime_format_id format, uint32_t inputs) {
    for (uint32_t side = 64; side >= 4; side--)
        if (dime_bitnetmcu_inputs(format, side * side) == inputs) return side;
    return 0;
}

static int choose_input(const struct header *header, const struct dime_bitnetmcu_options *options,
                        struct dime_config *config) {
    uint32_t inputs = header->layers[0].inputs.number;
    config->input_size = options->input_size ? options->input_size : header->input_size.number;
    if (!config->input_size) config->input_size = side_of(config->layers[0].format, inputs);
    if (!config->input_size)
        return dime_header_fail(header->name, header->layers[0].inputs.line, DIME_ERROR_UNSUPPORTED,
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

static int fill_config(const struct header *header, const struct dime_bitnetmcu_options *options,
                       struct dime_config *config) {
    dime_config_default(config);
    memset(config->width, 0, sizeof config->width);
    config->norm = DIME_NORM_RMS;
    config->wscale = DIME_WSCALE_PER_TENSOR;
    config->activation_bits = 8;
    config->layer_count = header->layer_count;
    for (uint32_t i = 0; i < header->layer_count; i++) {
        const struct header_layer *layer = &header->layers[i];
        config->layers[i].outputs = layer->outputs.number;
        int error = format_of(header, layer, &config->layers[i].format);
        if (error) return error;
    }
    config->format = config->layers[0].format;
    return choose_input(header, options, config);
}

/* Words of one row; 0 where rows would not start at a word. */
static uint32_t row_words(enum dime_format_id id, uint32_t inputs) {
    const struct dime_format *format = dime_format_get(id);
    if (id == DIME_FORMAT_TERNARY) return dime_format_row_bytes(format, inputs) / 2;
    return inputs * format->code_bits % 32 ? 0 : inputs * format->code_bits / 32;
}

static int check_weights(const struct header *header, const struct header_layer *source,
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

static int decode_weights(const struct header *header, const struct header_layer *source,
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

static int build(const struct header *header, const struct dime_bitnetmcu_options *options,
                 struct dime_model *model) {
    struct dime_config config;
    int error = fill_config(header, options, &config);
    if (!error) error = dime_model_shape(model, &config, config.layers[config.layer_count - 1].outputs);
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
    memset(model, 0, sizeof *model);
    struct header *header = calloc(1, sizeof *header);
    if (!header) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    header->name = name;
    header->input_encoding = -1;
    int error = scan(header, text, size);
    if (!error) error = check_layers(header);
    if (!error) error = build(header, options ? options : &none, model);
    header_free(header);
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
