/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/model.h"
#include "model/model_layer.h"

static uint8_t requantize_step(const struct dime_model *model, uint32_t index) {
    const struct dime_layer_shape *shape = &model->layers[index].shape;
    if (index + 1 == model->layer_count) return DIME_REQUANTIZE_NONE;
    if (dime_kind_is_pool(shape->kind))
        return shape->wide_inputs && !shape->wide_outputs ? DIME_REQUANTIZE_SHIFT : DIME_REQUANTIZE_NONE;
    if (shape->wide_outputs) return DIME_REQUANTIZE_WIDE;
    return model->config.norm == DIME_NORM_BATCH ? DIME_REQUANTIZE_FIXED : DIME_REQUANTIZE_SHIFT;
}

static int check_layer(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *layer = &model->layers[index];
    if (dime_layer_is_pool(layer)) return 0;
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

/* All that is not weights. */
static struct dime_layer describe_layer(const struct dime_model *model, uint32_t index) {
    const struct dime_model_layer *source = &model->layers[index];
    const struct dime_layer_shape *shape = &source->shape;
    uint8_t requantize = requantize_step(model, index);
    int normed = requantize == DIME_REQUANTIZE_SHIFT || requantize == DIME_REQUANTIZE_FIXED;
    struct dime_layer layer = {
        .inputs = (uint16_t)source->inputs,
        .outputs = (uint16_t)source->outputs,
        .requantize = requantize,
        .activation_bits = (uint8_t)shape->activation_bits,
        .centre = model->config.norm == DIME_NORM_LAYER && normed,
        .bias_shift = source->bias_shift,
        .kind = (uint8_t)shape->kind,
    };
    if (shape->kind == DIME_LAYER_FC) return layer;
    layer.kernel = (uint8_t)shape->kernel;
    layer.stride = (uint8_t)shape->stride;
    layer.padding = (uint8_t)shape->padding;
    layer.channels = (uint16_t)shape->channels;
    layer.height = (uint8_t)shape->height;
    layer.width = (uint8_t)shape->width;
    layer.out_height = (uint8_t)shape->out_height;
    layer.out_width = (uint8_t)shape->out_width;
    return layer;
}

static int fill_layer(struct dime_runtime *runtime, const struct dime_model *model, uint32_t index) {
    int error = check_layer(model, index);
    if (error) return error;
    const struct dime_model_layer *source = &model->layers[index];
    struct dime_layer *layer = &runtime->layers[index];
    *layer = describe_layer(model, index);
    if (dime_layer_is_pool(source)) return 0;
    size_t packed = dime_layer_packed_bytes(source);
    uint8_t *block = pack_block(source, packed);
    if (!block) return DIME_ERROR_MEMORY;
    runtime->weights[index] = block;
    layer->format = dime_format_get(source->format);
    layer->weights = block;
    if (source->affine) layer->affine = (const struct dime_affine *)(const void *)(block + packed);
    return 0;
}

/* Where the layers of maps end, and the scratch that all of it takes. */
static void fill_network(struct dime_network *network) {
    while (network->map_count < network->layer_count &&
           network->layers[network->map_count].kind != DIME_LAYER_FC)
        network->map_count++;
    for (uint32_t i = network->map_count; i < network->layer_count; i++)
        if (network->layers[i].outputs > network->widest) network->widest = network->layers[i].outputs;
    struct dime_scratch scratch = dime_network_scratch(network);
    network->sums = scratch.sums;
    network->activations = scratch.activations;
    if (network->map_count) network->maps = dime_maps_run;
}

struct dime_scratch dime_model_scratch(const struct dime_model *model) {
    struct dime_layer layers[DIME_MAX_LAYERS];
    struct dime_network network = {.layers = layers, .layer_count = (uint8_t)model->layer_count};
    for (uint32_t i = 0; i < model->layer_count; i++) layers[i] = describe_layer(model, i);
    fill_network(&network);
    return (struct dime_scratch){network.sums, network.activations};
}

int dime_runtime_create(struct dime_runtime *runtime, const struct dime_model *model) {
    memset(runtime, 0, sizeof *runtime);
    runtime->layers = calloc(model->layer_count, sizeof *runtime->layers);
    runtime->weights = calloc(model->layer_count, sizeof *runtime->weights);
    runtime->network =
        (struct dime_network){.layers = runtime->layers, .layer_count = (uint8_t)model->layer_count};
    int error = 0;
    if (!runtime->layers || !runtime->weights)
        error = dime_error_set(DIME_ERROR_MEMORY, "out of memory for layers");
    for (uint32_t i = 0; i < model->layer_count && !error; i++) error = fill_layer(runtime, model, i);
    if (!error) fill_network(&runtime->network);
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
