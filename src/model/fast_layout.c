/* SPDX-License-Identifier: MIT */
#include "model/fast_layout.h"

#include <stdlib.h>

#include "base/error.h"
#include "engine/fast_code.h"
#include "engine/fast_slices.h"
#include "model/model_layer.h"
#include "model/multiply_layout.h"
#include "model/planes_layout.h"
#include "model/rows_layout.h"
#include "model/weight_code.h"

static const char *finish_of(const struct dime_model *model, uint32_t index) {
    if (model->layers[index].affine ||
        (model->config.norm == DIME_NORM_LAYER && index + 1 < model->layer_count))
        return "dime_fast_finish_any";
    return index + 1 < model->layer_count ? "dime_fast_finish_shift" : "dime_fast_finish_none";
}

/* Sliced sums are slower than those of rows, but take half the flash: for large layers. */
static int suits_slices(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    return layer->format == DIME_FORMAT_TERNARY && layer->outputs > 16 &&
           layer->outputs <= DIME_SLICED_OUTPUTS && layer->inputs > 256 &&
           layer->inputs <= DIME_SLICED_INPUTS && !dime_layout_has_negative_inputs(model, index);
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
    if (!dime_layout_has_negative_inputs(model, index)) return 1;
    for (uint32_t m = 0; m < layer->outputs; m++)
        if (total_of(layer, m) != (int16_t)total_of(layer, m)) return 0;
    return 1;
}

/* Behind maps activations are 0 or more, and convolutions use the same kernel. */
static int suits_planes(const struct dime_model *model, uint32_t index, struct dime_planes_shape *shape) {
    const struct dime_model_layer *layer = &model->layers[index];
    if (model->layers[0].shape.kind == DIME_LAYER_FC || layer->shape.kind != DIME_LAYER_FC) return 0;
    return dime_planes_shape_of(layer, dime_layout_has_negative_inputs(model, index) ? -127 : 0,
                                (int32_t)layer->shape.input_largest, shape);
}

static int has_table(enum dime_format_id id) {
    return id == DIME_FORMAT_FP130 || id == DIME_FORMAT_NF4;
}

enum dime_layout dime_layout_choose(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct dime_planes_shape shape;
    if (layer->shape.kind != DIME_LAYER_FC) return DIME_LAYOUT_REFERENCE;
    if (suits_planes(model, index, &shape)) return DIME_LAYOUT_PLANES;
    if (suits_slices(model, index)) return DIME_LAYOUT_SLICES;
    if (is_small_beside_maps(model, index)) return DIME_LAYOUT_REFERENCE;
    if (has_table(layer->format))
        return fits_totals(model, index) ? DIME_LAYOUT_TABLE : DIME_LAYOUT_REFERENCE;
    uint32_t parts = dime_rows_plan_make(model, index).count;
    return parts > 1 ? DIME_LAYOUT_PARTS : parts ? DIME_LAYOUT_ROWS : DIME_LAYOUT_REFERENCE;
}

/* Behind maps, where activations are 0 or more. */
static int suits_multiply(const struct dime_model *model, uint32_t index, struct dime_multiply_shape *shape) {
    const struct dime_model_layer *layer = &model->layers[index];
    return model->layers[0].shape.kind != DIME_LAYER_FC && layer->shape.kind == DIME_LAYER_FC &&
           !dime_layout_has_negative_inputs(model, index) && dime_multiply_shape_of(layer, shape);
}

enum dime_layout dime_layout_on(const struct dime_chip *chip, const struct dime_model *model,
                                uint32_t index) {
    struct dime_multiply_shape shape;
    if (chip->has_multiplier && suits_multiply(model, index, &shape)) return DIME_LAYOUT_MULTIPLY;
    return dime_layout_choose(model, index);
}

static int has_rows(enum dime_layout layout) {
    return layout == DIME_LAYOUT_ROWS || layout == DIME_LAYOUT_PARTS;
}

uint32_t dime_layout_widest_rows(const struct dime_chip *chip, const struct dime_model *model) {
    uint32_t widest = 1;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        uint32_t outputs = model->layers[i].outputs, words = dime_rows_words(outputs < 64 ? outputs : 64);
        if (words > widest && has_rows(dime_layout_on(chip, model, i))) widest = words;
    }
    return widest;
}

uint32_t dime_layout_sums(const struct dime_chip *chip, const struct dime_model *model, uint32_t index,
                          enum dime_layout layout) {
    uint32_t outputs = (model->layers[index].outputs + 7) / 8 * 8;
    struct dime_planes_shape shape;
    if (layout == DIME_LAYOUT_PLANES && suits_planes(model, index, &shape))
        return (model->layers[index].outputs + 3) / 4 * 4 + dime_planes_slices(&shape);
    if (layout == DIME_LAYOUT_CODE) return DIME_CODE_OUTPUTS;
    if (!has_rows(layout)) return outputs;
    struct dime_rows_plan plan = dime_rows_plan_make(model, index);
    return dime_rows_sums(model, index, &plan, dime_layout_widest_rows(chip, model));
}

int dime_layouts_are_fast(const struct dime_chip *chip, const struct dime_model *model) {
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (model->layers[i].shape.kind == DIME_LAYER_FC &&
            dime_layout_on(chip, model, i) == DIME_LAYOUT_REFERENCE)
            return 0;
    return 1;
}

uint32_t dime_layout_bytes(const struct dime_model *model, uint32_t index, enum dime_layout layout) {
    const struct dime_model_layer *layer = &model->layers[index];
    if (layout == DIME_LAYOUT_REFERENCE) return (uint32_t)dime_layer_packed_bytes(layer);
    struct dime_multiply_shape multiply;
    if (layout == DIME_LAYOUT_MULTIPLY)
        return suits_multiply(model, index, &multiply) ? dime_multiply_bytes(layer, &multiply) : 0;
    if (layout == DIME_LAYOUT_CODE) return dime_weight_code_bytes(model, index);
    if (layout == DIME_LAYOUT_SLICES) return layer->inputs * 8 + 12;
    struct dime_planes_shape shape;
    if (layout == DIME_LAYOUT_PLANES)
        return suits_planes(model, index, &shape) ? dime_planes_bytes(layer, &shape) + 8 : 0;
    if (has_rows(layout)) {
        struct dime_rows_plan plan = dime_rows_plan_make(model, index);
        return dime_rows_bytes(model, index, &plan);
    }
    uint32_t totals = dime_layout_has_negative_inputs(model, index) ? 2 * layer->outputs : 0;
    return layer->inputs * 4 * ((layer->outputs + 7) / 8) + totals + 24;
}

void dime_layout_print_totals(const struct dime_model_layer *layer, uint32_t number, FILE *stream) {
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
    int has_totals = dime_layout_has_negative_inputs(model, index);
    print_codes(layer, number, stream);
    if (has_totals) dime_layout_print_totals(layer, number, stream);
    fprintf(stream,
            "static const struct dime_fast_table layer%u_fast = {\n    .fast = {dime_table_run, %s},\n"
            "    .table = {\n        .words = layer%u_codes,\n%s",
            number, finish_of(model, index), number,
            layer->format == DIME_FORMAT_NF4 ? "        .fill = dime_table_fill_nf4,\n" : "");
    if (has_totals) fprintf(stream, "        .totals = layer%u_totals,\n", number);
    fprintf(stream, "        .width = %u,\n    },\n};\n\n", (layer->outputs + 7) / 8);
}

static void print_planes(const struct dime_model *model, uint32_t index, FILE *stream) {
    const struct dime_model_layer *layer = &model->layers[index];
    struct dime_planes_shape shape;
    char head[160];
    if (!suits_planes(model, index, &shape)) return;
    snprintf(head, sizeof head,
             "static const struct dime_fast_planes layer%u_fast = {\n    .fast = {dime_planes_run, %s},\n"
             "    .planes = ",
             index + 1, finish_of(model, index));
    dime_planes_print(layer, &shape,
                      &(struct dime_planes_print){index + 1, 1, layer->inputs, 0, 1, head, ",\n};"}, stream);
}

int dime_layout_print(const struct dime_chip *chip, const struct dime_model *model, uint32_t index,
                      enum dime_layout layout, FILE *stream) {
    struct dime_multiply_shape multiply;
    if (layout == DIME_LAYOUT_MULTIPLY && suits_multiply(model, index, &multiply))
        dime_multiply_print(&model->layers[index], &multiply, finish_of(model, index), index + 1, stream);
    if (layout == DIME_LAYOUT_PLANES) print_planes(model, index, stream);
    if (layout == DIME_LAYOUT_SLICES) print_slices(model, index, stream);
    if (layout == DIME_LAYOUT_TABLE) print_table(model, index, stream);
    if (layout == DIME_LAYOUT_CODE) dime_weight_code_print(model, index, finish_of(model, index), stream);
    if (has_rows(layout)) {
        struct dime_rows_plan plan = dime_rows_plan_make(model, index);
        dime_rows_print(model, index, &plan, dime_layout_widest_rows(chip, model), finish_of(model, index),
                        stream);
    }
    return 0;
}
