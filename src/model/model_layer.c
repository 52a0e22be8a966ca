/* SPDX-License-Identifier: MIT */
#include "model/model_layer.h"

#include <stdlib.h>

#include "base/error.h"

#define CODE_TABLE_ZERO 255 /* index of weight 0 */

void dime_code_table_fill(struct dime_code_table *table, const struct dime_format *format) {
    for (int i = 0; i <= 2 * CODE_TABLE_ZERO; i++) table->code[i] = -1;
    for (uint32_t code = format->codes; code-- > 0;) /* downwards, so that the first code of a value stays */
        table->code[format->value(code) + CODE_TABLE_ZERO] = (int16_t)code;
}

int dime_code_table_find(const struct dime_code_table *table, int16_t value) {
    if (value < -CODE_TABLE_ZERO || value > CODE_TABLE_ZERO) return -1;
    return table->code[value + CODE_TABLE_ZERO];
}

int dime_layer_check_values(const char *name, uint32_t index, const struct dime_model_layer *layer) {
    struct dime_code_table table;
    const struct dime_format *format = dime_format_get(layer->format);
    if (dime_layer_is_pool(layer)) return 0;
    dime_code_table_fill(&table, format);
    size_t count = (size_t)layer->inputs * layer->outputs;
    for (size_t i = 0; i < count; i++) {
        if (dime_code_table_find(&table, layer->value[i]) >= 0) continue;
        return dime_error_set(
            DIME_ERROR_MALFORMED,
            "%s: layer %u: integer weight %d of output %zu is not a level of %s; quantize the network "
            "again",
            name, index + 1, layer->value[i], i / layer->inputs, format->name);
    }
    return 0;
}

int dime_layer_check_affine(const char *name, uint32_t index, const struct dime_model_layer *layer) {
    if (layer->bias_shift > 9)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: layer %u: bias shift %u; 0 to 9 are possible", name,
                              index + 1, layer->bias_shift);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        const struct dime_affine *affine = &layer->affine[m];
        int multiplier_good =
            affine->multiplier == 0 || (affine->multiplier >= 32 && affine->multiplier <= 63);
        int64_t bias = (int64_t)affine->bias * (1 << layer->bias_shift);
        if (multiplier_good && affine->shift <= 25 && bias > -DIME_SUM_LIMIT && bias < DIME_SUM_LIMIT)
            continue;
        return dime_error_set(
            DIME_ERROR_MALFORMED,
            "%s: layer %u: output %u has bias %d << %u, multiplier %u, shift %u; |bias| must stay below "
            "2^24, the multiplier be 0 or 32 to 63, the shift 0 to 25",
            name, index + 1, m, affine->bias, layer->bias_shift, affine->multiplier, affine->shift);
    }
    return 0;
}

size_t dime_layer_packed_bytes(const struct dime_model_layer *layer) {
    if (dime_layer_is_pool(layer)) return 0;
    size_t row = dime_format_row_bytes(dime_format_get(layer->format), layer->inputs);
    return (row * layer->outputs + 3) / 4 * 4;
}

int dime_layer_pack(const struct dime_model_layer *layer, void *block) {
    struct dime_code_table table;
    const struct dime_format *format = dime_format_get(layer->format);
    uint8_t *codes = malloc(layer->inputs), *row = block;
    if (!codes) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for %u weight codes", layer->inputs);
    dime_code_table_fill(&table, format);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        const int16_t *values = layer->value + (size_t)m * layer->inputs;
        for (uint32_t k = 0; k < layer->inputs; k++)
            codes[k] = (uint8_t)dime_code_table_find(&table, values[k]);
        dime_format_pack(format, codes, layer->inputs, row);
        row += dime_format_row_bytes(format, layer->inputs);
    }
    free(codes);
    return 0;
}

/* The greatest sum of one row: of what is positive or negative in it where inputs have either sign, of what
   is positive where they are 0 .. largest and a negative sum counts as 0. */
static int64_t row_bound(const struct dime_model_layer *layer, uint32_t m, int64_t largest, int with_sign) {
    const int16_t *values = layer->value + (size_t)m * layer->inputs;
    int64_t positive = 0, negative = 0;
    for (uint32_t k = 0; k < layer->inputs; k++) {
        positive += values[k] > 0 ? values[k] : 0;
        negative -= values[k] < 0 ? values[k] : 0;
    }
    if (with_sign) return (positive + negative) * largest;
    return (positive > negative ? positive : negative) * largest;
}

/* Bounds of the channels of one layer from those of the layer before it; returns the greatest. */
static int64_t layer_bound(const struct dime_model_layer *layer, int first, int64_t *channels) {
    const struct dime_layer_shape *shape = &layer->shape;
    int64_t greatest = 0;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        int64_t input = shape->wide_inputs ? channels[m] : shape->input_largest, sum = input;
        if (!dime_layer_is_pool(layer))
            sum = row_bound(layer, m, input, first || !shape->wide_inputs);
        else if (shape->kind == DIME_LAYER_AVG_POOL)
            sum = input * shape->kernel * shape->kernel;
        if (sum > greatest) greatest = sum;
        channels[m] = dime_layer_is_pool(layer) ? input : sum >> DIME_WIDE_SHIFT;
    }
    return greatest;
}

void dime_model_sum_bounds(const struct dime_model *model, int64_t *bounds) {
    int64_t channels[4096] = {0}; /* as many as a layer may have */
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        int weightless = dime_layer_is_pool(layer) && !layer->shape.wide_inputs;
        bounds[i] = weightless || !(layer->value || dime_layer_is_pool(layer))
                        ? 0
                        : layer_bound(layer, i == 0, channels);
    }
}
