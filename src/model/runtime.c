/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/model.h"
#include "model/model_layer.h"

static uint8_t requantize_step(const struct dime_model *model, uint32_t index) {
    if (index + 1 == model->layer_count) return DIME_REQUANTIZE_NONE;
    return model->config.norm == DIME_NORM_BATCH ? DIME_REQUANTIZE_FIXED : DIME_REQUANTIZE_SHIFT;
}

static int check_layer(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    if (layer->format == DIME_FORMAT_NONE)
        return dime_error_set(
            DIME_ERROR_UNSUPPORTED,
            "layer %u: float weights (QuantType None) cannot run in the integer engine; `dime "
            "quantize` turns them into a weight format",
            index + 1);
    if (!layer->value)
        return dime_error_set(DIME_ERROR_UNSUPPORTED, "layer %u: its weights have not been quantized yet",
                              index + 1);
    int error = dime_layer_check_values("model", index, layer);
    return error || !layer->affine ? error : dime_layer_check_affine("model", index, layer);
}

/* One block: the packed rows, then the affine table, as they would lie in flash. It holds copies, so the
   model may be freed before the runtime. */
static void *pack_block(const struct dime_model_layer *layer, size_t packed) {
    size_t table = layer->affine ? layer->outputs * sizeof *layer->affine : 0;
    uint8_t *block = calloc(1, packed + table);
    if (!block) {
        dime_error_set(DIME_ERROR_MEMORY, "out of memory for %zu bytes of packed weights", packed + table);
        return NULL;
    }
    if (table) memcpy(block + packed, layer->affine, table);
    if (!dime_layer_pack(layer, block)) return block;
    free(block);
    return NULL;
}

static int fill_layer(struct dime_runtime *runtime, const struct dime_model *model, uint32_t index) {
    int error = check_layer(model, index);
    if (error) return error;
    const struct dime_model_layer *source = &model->layers[index];
    size_t packed = dime_layer_packed_bytes(source);
    uint8_t *block = pack_block(source, packed);
    if (!block) return DIME_ERROR_MEMORY;
    runtime->weights[index] = block;
    runtime->layers[index] = (struct dime_layer){
        .format = dime_format_get(source->format),
        .weights = block,
        .affine = source->affine ? (const struct dime_affine *)(const void *)(block + packed) : NULL,
        .inputs = (uint16_t)source->inputs,
        .outputs = (uint16_t)source->outputs,
        .requantize = requantize_step(model, index),
        .activation_bits = (uint8_t)model->config.activation_bits,
        .centre = model->config.norm == DIME_NORM_LAYER && index + 1 < model->layer_count,
        .bias_shift = source->bias_shift,
    };
    return 0;
}

static uint16_t widest_layer(const struct dime_model *model) {
    uint32_t widest = 0;
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (model->layers[i].outputs > widest) widest = model->layers[i].outputs;
    return (uint16_t)widest;
}

int dime_runtime_create(struct dime_runtime *runtime, const struct dime_model *model) {
    memset(runtime, 0, sizeof *runtime);
    runtime->layers = calloc(model->layer_count, sizeof *runtime->layers);
    runtime->weights = calloc(model->layer_count, sizeof *runtime->weights);
    runtime->network =
        (struct dime_network){runtime->layers, (uint8_t)model->layer_count, widest_layer(model)};
    int error = 0;
    if (!runtime->layers || !runtime->weights)
        error = dime_error_set(DIME_ERROR_MEMORY, "out of memory for layers");
    for (uint32_t i = 0; i < model->layer_count && !error; i++) error = fill_layer(runtime, model, i);
    if (error) dime_runtime_free(runtime);
    return error;
}

void dime_runtime_free(struct dime_runtime *runtime) {
    if (runtime->weights)
        for (uint32_t i = 0; i < runtime->network.layer_count; i++) free(runtime->weights[i]);
    free(runtime->weights);
    free(runtime->layers);
    memset(runtime, 0, sizeof *runtime);
}
