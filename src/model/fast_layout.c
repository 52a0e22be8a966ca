/* SPDX-License-Identifier: MIT */
#include "model/fast_layout.h"

#include <stdlib.h>

#include "base/error.h"
#include "engine/fast_slices.h"
#include "model/model_layer.h"

/* Weights as unsigned numbers: w = (u << scale) - middle. */
struct rows_format {
    uint32_t bits, scale, middle;
};

static int find_format(enum dime_format_id id, struct rows_format *format) {
    switch (id) { /* narrower weights take nibbles, too */
    case DIME_FORMAT_BINARY:
    case DIME_FORMAT_BINARYSYM:
        *format = (struct rows_format){1, 1, 1};
        return 1;
    case DIME_FORMAT_TERNARY:
        *format = (struct rows_format){2, 0, 1};
        return 1;
    case DIME_FORMAT_2BITSYM:
        *format = (struct rows_format){2, 1, 3};
        return 1;
    case DIME_FORMAT_4BITSYM:
        *format = (struct rows_format){4, 1, 15};
        return 1;
    case DIME_FORMAT_4BIT:
        *format = (struct rows_format){4, 0, 8};
        return 1;
    default:
        return 0;
    }
}

/* 1 where activations may be below 0. */
static int has_negative_inputs(const struct dime_model *model, uint32_t index) {
    if (index == 0) return model->config.input_encoding == DIME_INPUT_MEAN_SUBTRACTED;
    return model->config.norm == DIME_NORM_LAYER;
}

/* The collected sums of four bits of the activations fit 16 bits. */
static int fits_lanes(const struct dime_model *model, uint32_t index, const struct rows_format *format) {
    uint32_t most = (1u << format->bits) - 1, digit = 15;
    if (index == 0 && model->config.input_encoding == DIME_INPUT_BINARY) digit = 1;
    uint32_t inputs = model->layers[index].inputs;
    return inputs <= 65535 / (most * digit);
}

static uint32_t words_of(uint32_t outputs) {
    uint32_t words = (outputs + 7) / 8;
    return words > 4 ? 8 : words > 2 ? 4 : words;
}

static const char *finish_of(const struct dime_model *model, uint32_t index) {
    if (model->layers[index].affine ||
        (model->config.norm == DIME_NORM_LAYER && index + 1 < model->layer_count))
        return "dime_fast_finish_any";
    return index + 1 < model->layer_count ? "dime_fast_finish_shift" : "dime_fast_finish_none";
}

/* Narrow layers share the code of the widest. */
static const char *flush_of(const struct dime_model *model, uint32_t words) {
    static const char *const names[] = {[1] = "1", [2] = "2", [4] = "4", [8] = "8"};
    uint32_t widest = 0;
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (dime_layout_choose(model, i) == DIME_LAYOUT_ROWS && words_of(model->layers[i].outputs) > widest)
            widest = words_of(model->layers[i].outputs);
    return widest == 8 && words != 8 ? "8_half" : names[words];
}

/* Sliced sums are slower than those of rows, but take half the flash: for large layers. */
static int suits_slices(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    return layer->format == DIME_FORMAT_TERNARY && layer->outputs > 16 &&
           layer->outputs <= DIME_SLICED_OUTPUTS && layer->inputs > 256 &&
           layer->inputs <= DIME_SLICED_INPUTS && !has_negative_inputs(model, index);
}

/* Behind convolutions, whose code takes much of the flash, a kernel for a few hundred weights costs more than
   it gives: unless a larger layer needs it anyway. */
static int is_small_beside_maps(const struct dime_model *model, uint32_t index) {
    enum { FEW = 512 };
    if (model->layers[0].shape.kind == DIME_LAYER_FC) return 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        if (layer->shape.kind == DIME_LAYER_FC && !suits_slices(model, i) &&
            layer->inputs * layer->outputs > FEW)
            return 0;
    }
    return model->layers[index].shape.kind == DIME_LAYER_FC;
}

/* The sum of an output's weights. */
static int32_t total_of(const struct dime_model_layer *layer, uint32_t output) {
    int32_t total = 0;
    for (uint32_t k = 0; k < layer->inputs; k++) total += layer->value[(size_t)output * layer->inputs + k];
    return total;
}

/* What c is multiplied by fits 16 bits. */
static int fits_totals(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    if (!has_negative_inputs(model, index)) return 1;
    for (uint32_t m = 0; m < layer->outputs; m++)
        if (total_of(layer, m) != (int16_t)total_of(layer, m)) return 0;
    return 1;
}

static int has_table(enum dime_format_id id) {
    return id == DIME_FORMAT_FP130 || id == DIME_FORMAT_NF4;
}

enum dime_layout dime_layout_choose(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct rows_format format;
    if (layer->shape.kind != DIME_LAYER_FC) return DIME_LAYOUT_REFERENCE;
    if (suits_slices(model, index)) return DIME_LAYOUT_SLICES;
    if (is_small_beside_maps(model, index)) return DIME_LAYOUT_REFERENCE;
    if (!fits_totals(model, index)) return DIME_LAYOUT_REFERENCE;
    if (has_table(layer->format)) return DIME_LAYOUT_TABLE;
    if (!find_format(layer->format, &format) || layer->outputs > 64 || !fits_lanes(model, index, &format))
        return DIME_LAYOUT_REFERENCE;
    return DIME_LAYOUT_ROWS;
}

int dime_layouts_are_fast(const struct dime_model *model) {
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (model->layers[i].shape.kind == DIME_LAYER_FC &&
            dime_layout_choose(model, i) == DIME_LAYOUT_REFERENCE)
            return 0;
    return 1;
}

uint32_t dime_layout_bytes(const struct dime_model *model, uint32_t index, enum dime_layout layout) {
    const struct dime_model_layer *layer = &model->layers[index];
    if (layout == DIME_LAYOUT_REFERENCE) return layer->outputs * ((layer->inputs * 4 + 31) / 32 * 4);
    if (layout == DIME_LAYOUT_SLICES) return layer->inputs * 8 + 12;
    uint32_t totals = has_negative_inputs(model, index) ? 2 * layer->outputs : 0;
    return layer->inputs * 4 * words_of(layer->outputs) + totals + 28;
}

/* The nibbles of a word, from the lowest, are outputs 0 4 2 6 1 5 3 7 of its eight: so lanes of 16 bits come
   out two by two in the order of the outputs (fast_rows_words.h). */
static const uint8_t order[8] = {0, 4, 2, 6, 1, 5, 3, 7};

static uint32_t word_of(const struct dime_model_layer *layer, const struct rows_format *format,
                        uint32_t input, uint32_t first) {
    uint32_t word = 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint32_t output = first + order[i];
        if (output >= layer->outputs) continue;
        int32_t value = layer->value[(size_t)output * layer->inputs + input];
        word |= (uint32_t)((value + (int32_t)format->middle) >> format->scale) << 4 * i;
    }
    return word;
}

static void print_words(const struct dime_model_layer *layer, const struct rows_format *format,
                        uint32_t number, FILE *stream) {
    uint32_t words = words_of(layer->outputs);
    fprintf(stream, "static const uint32_t layer%u_rows[%u] = {", number,
            layer->inputs * words + (words < 4 ? 4 - words : 0));
    for (uint32_t k = 0; k < layer->inputs; k++)
        for (uint32_t i = 0; i < words; i++)
            fprintf(stream, "%s0x%08x,", (k * words + i) % 8 ? " " : "\n    ",
                    (unsigned)word_of(layer, format, k, 8 * i));
    fputs("\n};\n\n", stream);
}

static void print_totals(const struct dime_model_layer *layer, uint32_t number, FILE *stream) {
    fprintf(stream, "static const int16_t layer%u_totals[%u] = {", number, layer->outputs);
    for (uint32_t m = 0; m < layer->outputs; m++)
        fprintf(stream, "%s%d,", m % 12 ? " " : "\n    ", (int)total_of(layer, m));
    fputs("\n};\n\n", stream);
}

static void print_slices(const struct dime_model *model, uint32_t index, FILE *stream) {
    const struct dime_model_layer *layer = &model->layers[index];
    uint32_t number = index + 1;
    fprintf(stream, "static const struct dime_slice_masks layer%u_masks[%u] = {", number, layer->inputs);
    for (uint32_t k = 0; k < layer->inputs; k++) {
        uint32_t plus = 0, minus = 0;
        for (uint32_t m = 0; m < layer->outputs; m++) {
            int32_t value = layer->value[(size_t)m * layer->inputs + k];
            plus |= (uint32_t)(value > 0) << m;
            minus |= (uint32_t)(value < 0) << m;
        }
        fprintf(stream, "%s{0x%08x, 0x%08x},", k % 4 ? " " : "\n    ", (unsigned)plus, (unsigned)minus);
    }
    fprintf(stream,
            "\n};\n\nstatic const struct dime_fast_slices layer%u_fast = {\n"
            "    .fast = {dime_slices_run, %s},\n    .masks = layer%u_masks,\n};\n\n",
            number, finish_of(model, index), number);
}

/* Codes as the format has them, eight outputs a word. */
static void print_codes(const struct dime_model_layer *layer, uint32_t number, FILE *stream) {
    struct dime_code_table codes;
    uint32_t width = (layer->outputs + 7) / 8;
    dime_code_table_fill(&codes, dime_format_get(layer->format));
    fprintf(stream, "static const uint32_t layer%u_codes[%u] = {", number, layer->inputs * width);
    for (uint32_t i = 0; i < layer->inputs * width; i++) {
        uint32_t word = 0, input = i / width, first = i % width * 8;
        for (uint32_t m = first; m < first + 8 && m < layer->outputs; m++) {
            int16_t value = layer->value[(size_t)m * layer->inputs + input];
            word |= (uint32_t)dime_code_table_find(&codes, value) << 4 * (m - first);
        }
        fprintf(stream, "%s0x%08x,", i % 8 ? " " : "\n    ", (unsigned)word);
    }
    fputs("\n};\n\n", stream);
}

static void print_table(const struct dime_model *model, uint32_t index, FILE *stream) {
    const struct dime_model_layer *layer = &model->layers[index];
    uint32_t number = index + 1;
    int has_totals = has_negative_inputs(model, index);
    print_codes(layer, number, stream);
    if (has_totals) print_totals(layer, number, stream);
    fprintf(stream,
            "static const struct dime_fast_table layer%u_fast = {\n    .fast = {dime_table_run, %s},\n"
            "    .table = {\n        .words = layer%u_codes,\n        .fill = dime_table_fill_%s,\n",
            number, finish_of(model, index), number, layer->format == DIME_FORMAT_NF4 ? "nf4" : "fp130");
    if (has_totals) fprintf(stream, "        .totals = layer%u_totals,\n", number);
    fprintf(stream, "        .width = %u,\n    },\n};\n\n", (layer->outputs + 7) / 8);
}

static uint32_t bits_of(uint32_t number) {
    uint32_t bits = 0;
    for (; number; number >>= 1) bits++;
    return bits;
}

int dime_layout_print(const struct dime_model *model, uint32_t index, enum dime_layout layout, FILE *stream) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct rows_format format;
    uint32_t number = index + 1, words = words_of(layer->outputs);
    int has_totals = has_negative_inputs(model, index);
    if (layout == DIME_LAYOUT_SLICES) print_slices(model, index, stream);
    if (layout == DIME_LAYOUT_TABLE) print_table(model, index, stream);
    if (layout != DIME_LAYOUT_ROWS || !find_format(layer->format, &format)) return 0;
    print_words(layer, &format, number, stream);
    if (has_totals) print_totals(layer, number, stream);
    fprintf(stream,
            "static const struct dime_fast_rows layer%u_fast = {\n"
            "    .fast = {dime_rows_run, %s},\n    .rows = {\n        .words = layer%u_rows,\n"
            "        .flush = dime_rows_flush_%s,\n        .stride = %u,\n",
            number, finish_of(model, index), number, flush_of(model, words), 4 * words);
    if (has_totals) fprintf(stream, "        .totals = layer%u_totals,\n", number);
    uint32_t less = format.middle & (format.middle - 1) ? 1 : 0; /* 3, 15 */
    fprintf(stream,
            "        .scale = %u,\n        .middle_bits = %u,\n        .outputs = %u,\n"
            "        .middle_less = %u,\n    },\n};\n\n",
            format.scale, bits_of(format.middle + less - 1), 8 * words, less);
    return 0;
}
