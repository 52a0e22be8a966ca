/* SPDX-License-Identifier: MIT */
#include "train/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/error.h"
#include "base/random.h"
#include "train/maps.h"
#include "train/random_purpose.h"

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while building the network");
}

static int parameter_create(struct dime_parameter *parameter, size_t count) {
    parameter->count = count;
    size_t step = (count + DIME_PAGE_FLOATS - 1) / DIME_PAGE_FLOATS * DIME_PAGE_FLOATS + DIME_APART;
    parameter->value = dime_aligned_zeros(4 * step, sizeof *parameter->value);
    if (!parameter->value) return out_of_memory();
    parameter->moment1 = parameter->value + step;
    parameter->moment2 = parameter->moment1 + step;
    parameter->average = parameter->moment2 + step;
    return 0;
}

/* Activations and weight values fit signed bytes, and no sum of floats would round. */
static int multiplies_bytes(const struct dime_train_layer *layer, const struct dime_kernels *kernels) {
    return kernels->whole_product && layer->whole_inputs && layer->format != DIME_FORMAT_FP130 &&
           layer->shape.largest_sum < DIME_SUM_LIMIT;
}

static int layer_allocate(struct dime_train_layer *layer, const struct dime_config *config, int first,
                          const struct dime_kernels *kernels) {
    int code = dime_maps_prepare(layer);
    if (code || dime_kind_is_pool(layer->shape.kind)) return code;
    uint32_t padded = layer->padded_outputs;
    size_t weights = (size_t)layer->inputs * padded;
    int batch_norm = config->norm == DIME_NORM_BATCH, per_output = config->wscale == DIME_WSCALE_PER_OUTPUT;
    code = parameter_create(&layer->weight, weights);
    if (!code) code = parameter_create(&layer->clip, per_output ? layer->outputs : 1);
    layer->values = dime_aligned_zeros(weights, sizeof *layer->values);
    layer->scale.step = dime_aligned_zeros(3 * padded, sizeof *layer->scale.step);
    layer->sum_scale = calloc(padded, sizeof *layer->sum_scale);
    layer->ratio = dime_aligned_zeros(padded, sizeof *layer->ratio);
    layer->affine_row = dime_aligned_zeros(4 * padded, sizeof *layer->affine_row);
    if (code || !layer->values || !layer->scale.step || !layer->sum_scale || !layer->ratio ||
        !layer->affine_row)
        return out_of_memory();
    layer->scale.inverse_unit = layer->scale.step + padded;
    layer->scale.offset = layer->scale.inverse_unit + padded;
    if (!first && !layer->plan) {
        layer->values_transposed =
            dime_aligned_zeros((size_t)layer->outputs * layer->padded_inputs, sizeof(float));
        if (!layer->values_transposed) return out_of_memory();
    }
    layer->whole_inputs = layer->shape.kind == DIME_LAYER_FC && layer->format != DIME_FORMAT_NONE &&
                          layer->shape.input_largest <= 127;
    if (multiplies_bytes(layer, kernels)) {
        layer->packed = aligned_alloc(64, 4 * (size_t)((layer->inputs + 3) / 4) * padded);
        if (!layer->packed) return out_of_memory();
    }
    if ((batch_norm || per_output) && layer->format != DIME_FORMAT_NONE) {
        layer->affine = calloc(layer->outputs, sizeof *layer->affine);
        if (!layer->affine) return out_of_memory();
    }
    if (!batch_norm) return 0;
    layer->mean = dime_aligned_zeros(2 * padded, sizeof *layer->mean);
    layer->variance = layer->mean + padded;
    if (!layer->mean || parameter_create(&layer->gain, padded) || parameter_create(&layer->offset, padded))
        return out_of_memory();
    return 0;
}

static void start_average(struct dime_parameter *parameter) {
    if (parameter->count)
        memcpy(parameter->average, parameter->value, parameter->count * sizeof *parameter->value);
}

static void layer_initialise(struct dime_train_layer *layer, uint64_t seed, uint32_t index) {
    if (!layer->weight.count) return; /* pooling */
    struct dime_random random = dime_random_stream(seed, DIME_RANDOM_WEIGHTS, index);
    float bound = 1.0f / sqrtf((float)layer->inputs);
    for (uint32_t m = 0; m < layer->outputs; m++)
        for (uint32_t k = 0; k < layer->inputs; k++)
            layer->weight.value[(size_t)k * layer->padded_outputs + m] =
                dime_random_range(&random, -bound, bound);
    start_average(&layer->weight);
    if (!layer->mean) return;
    for (uint32_t m = 0; m < layer->outputs; m++) layer->gain.value[m] = layer->variance[m] = 1;
    start_average(&layer->gain);
}

static int check_layers(const struct dime_model *model) {
    for (uint32_t i = 1; i < model->layer_count; i++)
        if ((model->layers[i].format == DIME_FORMAT_NONE) != (model->layers[0].format == DIME_FORMAT_NONE))
            return dime_error_set(
                DIME_ERROR_CONFIG, "layer %u is %s and layer 1 is %s; either all layers are None or none is",
                i + 1, dime_format_name(model->layers[i].format), dime_format_name(model->layers[0].format));
    return 0;
}

/* Floats in a row of the first layer's input. The gradient of its weights takes one column after the other,
   and rows of whole quarters of a page would all meet in the same few places of the first cache. */
static uint32_t input_row(uint32_t inputs) {
    uint32_t padded = dime_pad(inputs);
    return padded % (DIME_PAGE_FLOATS / 4) ? padded : padded + DIME_LANES;
}

static int create_layers(struct dime_network_state *network, const struct dime_model *model) {
    int code = check_layers(model);
    network->config = model->config;
    network->classes = model->classes;
    network->layer_count = model->layer_count;
    network->quantized = model->layers[0].format != DIME_FORMAT_NONE;
    network->kernels = dime_kernels_get();
    network->conv = dime_conv_kernels_get();
    network->inputs = dime_model_input_count(model);
    network->padded_inputs = input_row(network->inputs);
    for (uint32_t i = 0; i < model->layer_count && !code; i++) {
        struct dime_train_layer *layer = &network->layers[i];
        layer->inputs = model->layers[i].inputs;
        layer->outputs = model->layers[i].outputs;
        layer->padded_inputs = i ? dime_pad(layer->inputs) : input_row(layer->inputs);
        layer->padded_outputs = dime_pad(layer->outputs);
        layer->format = model->layers[i].format;
        layer->last = i + 1 == model->layer_count;
        layer->shape = model->layers[i].shape;
        network->map_count += layer->shape.kind != DIME_LAYER_FC;
        code = layer_allocate(layer, &model->config, i == 0, network->kernels);
    }
    network->chain_count = dime_maps_chain(network);
    if (code) dime_network_free(network);
    return code;
}

int dime_network_create(struct dime_network_state *network, const struct dime_config *config,
                        uint32_t classes) {
    struct dime_model model; /* shapes and their checks are the model's */
    memset(network, 0, sizeof *network);
    int code = dime_model_create(&model, config, classes);
    if (code) return code;
    code = create_layers(network, &model);
    dime_model_free(&model);
    if (code) return code;
    for (uint32_t i = 0; i < network->layer_count; i++)
        layer_initialise(&network->layers[i], config->seed, i);
    code = dime_network_update_clip(network);
    for (uint32_t i = 0; i < network->layer_count; i++) start_average(&network->layers[i].clip);
    if (!code) code = dime_network_refresh(network);
    if (code) dime_network_free(network);
    return code;
}

static void free_layer(struct dime_train_layer *layer) {
    dime_maps_release(layer);
    free(layer->weight.value);
    free(layer->gain.value);
    free(layer->offset.value);
    free(layer->mean);
    free(layer->clip.value);
    free(layer->values);
    free(layer->packed);
    free(layer->values_transposed);
    free(layer->scale.step);
    free(layer->sum_scale);
    free(layer->affine);
    free(layer->affine_row);
    free(layer->ratio);
}

static void copy_parameter(struct dime_parameter *to, const struct dime_parameter *from, int averaged) {
    if (to->count) memcpy(to->value, averaged ? from->average : from->value, to->count * sizeof *to->value);
}

int dime_network_copy(struct dime_network_state *to, const struct dime_network_state *from, int averaged) {
    for (uint32_t i = 0; i < to->layer_count; i++) {
        struct dime_train_layer *layer = &to->layers[i];
        const struct dime_train_layer *source = &from->layers[i];
        copy_parameter(&layer->weight, &source->weight, averaged);
        copy_parameter(&layer->gain, &source->gain, averaged);
        copy_parameter(&layer->offset, &source->offset, averaged);
        copy_parameter(&layer->clip, &source->clip, averaged && to->config.clip_update == DIME_CLIP_LEARNED);
        if (layer->mean) memcpy(layer->mean, source->mean, 2 * layer->padded_outputs * sizeof *layer->mean);
    }
    return dime_network_refresh(to);
}

void dime_network_free(struct dime_network_state *network) {
    for (uint32_t i = 0; i < network->layer_count; i++) free_layer(&network->layers[i]);
    memset(network, 0, sizeof *network);
}

/* ---- to and from a model ---- */

static void load_float_part(struct dime_train_layer *layer, const struct dime_model_layer *from) {
    if (!from->weight) return; /* pooling */
    for (uint32_t m = 0; m < layer->outputs; m++)
        for (uint32_t k = 0; k < layer->inputs; k++)
            layer->weight.value[(size_t)k * layer->padded_outputs + m] =
                from->weight[(size_t)m * layer->inputs + k];
    memcpy(layer->clip.value, from->clip, layer->clip.count * sizeof *from->clip);
    if (!layer->mean) return;
    float *to[4] = {layer->gain.value, layer->offset.value, layer->mean, layer->variance};
    for (int i = 0; i < 4; i++) memcpy(to[i], from->norm[i], layer->outputs * sizeof *to[i]);
}

/* An imported layer: its integers are all there is. */
static void load_integer_part(struct dime_train_layer *layer, const struct dime_model_layer *from,
                              const struct dime_kernels *kernels) {
    if (!from->value) return; /* pooling */
    for (uint32_t m = 0; m < layer->outputs; m++) {
        for (uint32_t k = 0; k < layer->inputs; k++) {
            float value = from->value[(size_t)m * layer->inputs + k];
            layer->values[(size_t)k * layer->padded_outputs + m] = value;
            if (layer->values_transposed)
                layer->values_transposed[(size_t)m * layer->padded_inputs + k] = value;
        }
        layer->ratio[m] = 1;
    }
    if (layer->packed) kernels->pack(layer->values, layer->padded_outputs, 0, layer->inputs, layer->packed);
    layer->unit = 1;
    if (layer->affine)
        dime_affine_spread(from->affine, from->bias_shift, layer->outputs, layer->padded_outputs,
                           layer->affine_row, layer->ratio);
}

int dime_network_load(struct dime_network_state *network, const struct dime_model *model) {
    memset(network, 0, sizeof *network);
    int code = create_layers(network, model);
    if (code) return code;
    int refresh = model->layers[model->layer_count - 1].weight != NULL;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        struct dime_train_layer *layer = &network->layers[i];

        if (refresh)
            load_float_part(layer, &model->layers[i]);
        else
            load_integer_part(layer, &model->layers[i], network->kernels);
    }
    if (refresh) code = dime_network_refresh(network);
    if (code) dime_network_free(network);
    return code;
}

static void store_layer(const struct dime_train_layer *layer, struct dime_model_layer *to) {
    if (!layer->weight.count) return; /* pooling */
    for (uint32_t m = 0; m < layer->outputs; m++)
        for (uint32_t k = 0; k < layer->inputs; k++)
            to->weight[(size_t)m * layer->inputs + k] =
                layer->weight.value[(size_t)k * layer->padded_outputs + m];
    memcpy(to->clip, layer->clip.value, layer->clip.count * sizeof *to->clip);
    if (!layer->mean) return;
    const float *from[4] = {layer->gain.value, layer->offset.value, layer->mean, layer->variance};
    for (int i = 0; i < 4; i++) memcpy(to->norm[i], from[i], layer->outputs * sizeof *to->norm[i]);
}

int dime_network_store(const struct dime_network_state *network, struct dime_model *model) {
    int code = dime_model_create(model, &network->config, network->classes);
    if (code) return code;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        store_layer(&network->layers[i], &model->layers[i]);
    }
    code = dime_model_quantize(model);
    if (code) dime_model_free(model);
    return code;
}
