/* SPDX-License-Identifier: MIT */
#include "model/bitnetmcu_header.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/bitnetmcu.h"
#include "model/bitnetmcu_format.h"
#include "model/config.h"

void dime_bitnetmcu_header_free(struct dime_bitnetmcu_header *header) {
    if (!header) return;
    for (uint32_t i = 0; i < header->layer_count; i++) free(header->layers[i].weights.numbers);
    free(header);
}

/* ---- from text to struct dime_bitnetmcu_header ---- */

static int define_number(const struct dime_bitnetmcu_header *header,
                         const struct dime_header_directive *directive, struct dime_header_number *target) {
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

static int define_text(const struct dime_bitnetmcu_header *header,
                       const struct dime_header_directive *directive, char *text, size_t size,
                       uint32_t *line) {
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
static int layer_of(struct dime_bitnetmcu_header *header, uint32_t number, uint32_t line,
                    struct dime_bitnetmcu_layer **layer) {
    for (uint32_t i = 0; i < header->layer_count; i++) {
        *layer = &header->layers[i];
        if ((*layer)->number == number) return 0;
    }
    if (header->layer_count == DIME_BITNETMCU_MOST_LAYERS)
        return dime_header_fail(header->name, line, DIME_ERROR_UNSUPPORTED, "more than %d layers",
                                DIME_BITNETMCU_MOST_LAYERS);
    *layer = &header->layers[header->layer_count++];
    (*layer)->number = number;
    (*layer)->line = line;
    return 0;
}

static int define_layer(struct dime_bitnetmcu_header *header, const struct dime_header_directive *directive,
                        uint32_t number, const char *attribute) {
    struct dime_bitnetmcu_layer *layer;
    int error = layer_of(header, number, directive->line, &layer);
    if (error) return error;
    const struct {
        const char *name;
        struct dime_header_number *number;
    } numbers[] = {{"bitperweight", &layer->bits},
                   {"incoming_weights", &layer->inputs},
                   {"outgoing_weights", &layer->outputs},
                   {"in_channels", &layer->in_channels},
                   {"out_channels", &layer->out_channels},
                   {"kernel_size", &layer->kernel},
                   {"stride", &layer->stride},
                   {"padding", &layer->padding},
                   {"groups", &layer->groups},
                   {"pool_size", &layer->pool},
                   {"incoming_x", &layer->in_x},
                   {"incoming_y", &layer->in_y},
                   {"outgoing_x", &layer->out_x},
                   {"outgoing_y", &layer->out_y}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!strcmp(attribute, numbers[i].name)) return define_number(header, directive, numbers[i].number);
    if (!strcmp(attribute, "type"))
        return define_text(header, directive, layer->type, sizeof layer->type, &layer->type_line);
    if (!strcmp(attribute, "quanttype"))
        return define_text(header, directive, layer->format, sizeof layer->format, &layer->format_line);
    return 0; /* _active and others that say nothing to us */
}

int dime_bitnetmcu_encoding(const char *name) {
    for (int i = DIME_INPUT_MEAN_SUBTRACTED; i <= DIME_INPUT_UNSIGNED4; i++)
        if (!strcmp(dime_input_encoding_name((enum dime_input_encoding)i), name)) return i;
    return -1;
}

static int define(struct dime_bitnetmcu_header *header, const struct dime_header_directive *directive) {
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
                            "unknown input encoding; known: mean-subtracted, unsigned, binary, unsigned4");
}

/* Every line counts, so conditions that could switch some off are refused; an include guard is not one. */
static int handle_directive(struct dime_bitnetmcu_header *header,
                            const struct dime_header_directive *directive) {
    static const char *const passed[] = {"include", "ifndef", "endif", "pragma", "undef"};
    if (!strcmp(directive->keyword, "define")) return define(header, directive);
    for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
        if (!strcmp(directive->keyword, passed[i])) return 0;
    return dime_header_fail(header->name, directive->line, DIME_ERROR_UNSUPPORTED,
                            "#%s: only plain headers as exportquant.py writes them can be read",
                            directive->keyword);
}

/* Keeps Lx_weights and drops other arrays (test pictures). */
static int keep_array(struct dime_bitnetmcu_header *header, struct dime_header_array *array) {
    uint32_t number = 0;
    const char *attribute = split_name(array->name, &number);
    struct dime_bitnetmcu_layer *layer = NULL;
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

static int scan_item(struct dime_bitnetmcu_header *header, struct dime_header_cursor *cursor) {
    if (*cursor->at == '#') {
        struct dime_header_directive directive;
        int error = dime_header_read_directive(cursor, &directive);
        return error ? error : handle_directive(header, &directive);
    }
    struct dime_header_array array;
    int error = dime_header_read_array(cursor, &array);
    return error ? error : keep_array(header, &array);
}

static int scan(struct dime_bitnetmcu_header *header, const char *text, size_t size) {
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
    const struct dime_bitnetmcu_layer *a = left, *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

static int has_all(const struct dime_bitnetmcu_header *header, const struct dime_bitnetmcu_layer *layer,
                   const struct dime_header_number *const *numbers, const char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!numbers[i]->line)
            return dime_header_fail(header->name, layer->line, DIME_ERROR_MALFORMED,
                                    "layer L%u has no L%u_%s; cut short?", layer->number, layer->number,
                                    names[i]);
    return 0;
}

static int check_convolution(const struct dime_bitnetmcu_header *header, struct dime_bitnetmcu_layer *layer) {
    const struct dime_header_number *const numbers[] = {
        &layer->in_channels, &layer->out_channels, &layer->kernel, &layer->stride,
        &layer->padding,     &layer->groups,       &layer->bits,   &layer->in_x};
    static const char *const names[] = {"in_channels", "out_channels", "kernel_size",  "stride",
                                        "padding",     "groups",       "bitperweight", "incoming_x"};
    int error = has_all(header, layer, numbers, names, sizeof names / sizeof *names);
    if (error) return error;
    int depthwise = layer->groups.number > 1;
    layer->kind = depthwise ? DIME_LAYER_DEPTHWISE : DIME_LAYER_CONV2D;
    if (layer->bits.number != 8 || strcmp(layer->weights.type, "int8_t"))
        return dime_header_fail(header->name, layer->bits.line, DIME_ERROR_UNSUPPORTED,
                                "L%u is a convolution with weights other than 8 bits in an array of int8_t",
                                layer->number);
    if (layer->groups.number == 1 || (depthwise && layer->groups.number == layer->in_channels.number))
        return 0;
    return dime_header_fail(header->name, layer->groups.line, DIME_ERROR_UNSUPPORTED,
                            "L%u_groups %u; 1 and L%u_in_channels are possible", layer->number,
                            layer->groups.number, layer->number);
}

static int check_pooling(const struct dime_bitnetmcu_header *header, struct dime_bitnetmcu_layer *layer) {
    const struct dime_header_number *pool = &layer->pool;
    static const char *const name = "pool_size";
    layer->kind = DIME_LAYER_MAX_POOL;
    return has_all(header, layer, &pool, &name, 1);
}

static int check_fully_connected(const struct dime_bitnetmcu_header *header,
                                 struct dime_bitnetmcu_layer *layer) {
    const struct dime_header_number *const numbers[] = {&layer->bits, &layer->inputs, &layer->outputs};
    static const char *const names[] = {"bitperweight", "incoming_weights", "outgoing_weights"};
    layer->kind = DIME_LAYER_FC;
    return has_all(header, layer, numbers, names, 3);
}

static int check_layer(const struct dime_bitnetmcu_header *header, struct dime_bitnetmcu_layer *layer) {
    int convolution = !strcmp(layer->type, "BitConv2d"), pooling = !strcmp(layer->type, "MaxPool2d");
    int error;
    if (layer->type_line && !convolution && !pooling && strcmp(layer->type, "BitLinear"))
        return dime_header_fail(header->name, layer->type_line, DIME_ERROR_UNSUPPORTED,
                                "layer L%u is a %s; known are BitConv2d, MaxPool2d and BitLinear",
                                layer->number, layer->type);
    if (pooling) return check_pooling(header, layer);
    error = convolution ? check_convolution(header, layer) : check_fully_connected(header, layer);
    if (error || layer->weights.line) return error;
    return dime_header_fail(header->name, layer->line, DIME_ERROR_MALFORMED,
                            "layer L%u has no L%u_weights; cut short?", layer->number, layer->number);
}

int dime_bitnetmcu_layer_format(const struct dime_bitnetmcu_header *header,
                                const struct dime_bitnetmcu_layer *layer, enum dime_format_id *format) {
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

static int check_layers(struct dime_bitnetmcu_header *header) {
    qsort(header->layers, header->layer_count, sizeof *header->layers, compare_layers);
    for (uint32_t i = 0; i < header->layer_count; i++) {
        int error = check_layer(header, &header->layers[i]);
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

int dime_bitnetmcu_header_parse(const char *name, const char *text, size_t size,
                                struct dime_bitnetmcu_header **header) {
    *header = calloc(1, sizeof **header);
    if (!*header) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    (*header)->name = name;
    (*header)->input_encoding = -1;
    int error = scan(*header, text, size);
    return error ? error : check_layers(*header);
}
