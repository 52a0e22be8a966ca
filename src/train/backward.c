/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/maps.h"
#include "train/teacher.h"

/* d loss / d (sum after affine) of the last layer, or d loss / d logit where BatchNorm's own backward pass
   follows. The forward pass has left the softmax of each image in the gradient buffer; minus one-hot it is d
   loss / d logit. */
static void last_layer_gradient(const struct dime_network_state *network, struct dime_chunk *chunk) {
    uint32_t index = network->layer_count - 1;
    const struct dime_train_layer *layer = &network->layers[index];
    float *gradient = chunk->layers[index].gradient;
    if (chunk->soft) dime_chunk_temper(network, chunk);
    for (uint32_t n = 0; n < chunk->count; n++, gradient += layer->padded_outputs) {
        gradient[chunk->labels[n]] -= 1;
        if (chunk->soft) dime_distil_gradient(network, chunk, n, gradient);
        if (layer->mean) continue;
        float unit = network->quantized ? chunk->logit_unit[n] : chunk->input_scale[n];
        for (uint32_t m = 0; m < layer->padded_outputs; m++) gradient[m] *= unit;
    }
}

static void norm_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                          uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    network->kernels->norm_gradient(&(struct dime_norm_gradient){
        .rows = chunk->count,
        .outputs = layer->outputs,
        .padded = layer->padded_outputs,
        .norm = network->config.norm,
        .positive = buffers->positive,
        .inverse = buffers->inverse,
        .centre = buffers->centre,
        .unscale = buffers->unscale,
        .gradient = buffers->gradient,
    });
}

/* Through clamp, quantization and normalisation over the chunk. In: d loss / d integer input of the next
   layer (or d loss / d logit); out: d loss / d z, z = sum * sum_scale. */
static void batch_norm_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                                uint32_t index) {
    struct dime_batch_norm rows = dime_batch_norm_rows(network, chunk, index, NULL);
    rows.unit = network->layers[index].last ? 1 : (float)dime_activation_unit(&network->config, index + 1);
    network->kernels->batch_norm_gradient(&rows);
}

static void weight_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                            uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    if (layer->whole_inputs) {
        network->kernels->whole_gradient(&(struct dime_whole_gradient){
            .rows = layer->inputs,
            .columns = layer->padded_outputs,
            .depth = chunk->count,
            .a = buffers->input,
            .a_row = layer->padded_inputs,
            .b = buffers->gradient,
            .a_pairs = chunk->input_pairs,
            .b_pairs = chunk->gradient_pairs,
            .unit = chunk->gradient_unit,
            .c = buffers->weight_gradient,
        });
        return;
    }
    network->kernels->product(&(struct dime_product){
        .rows = layer->inputs,
        .columns = layer->padded_outputs,
        .depth = chunk->count,
        .a = buffers->input,
        .a_row = 1,
        .a_depth = layer->padded_inputs,
        .b = buffers->gradient,
        .b_row = layer->padded_outputs,
        .c = buffers->weight_gradient,
        .c_row = layer->padded_outputs,
    });
}

/* d loss / d integer input of layer `index`, into the gradient buffer of the layer before. */
static void input_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                           uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    const float *gradient = buffers->gradient;
    size_t wide = layer->padded_outputs;
    if (layer->affine || layer->mean) {
        network->kernels->scale_columns(gradient, layer->ratio, chunk->count, layer->padded_outputs,
                                        buffers->scaled);
        gradient = buffers->scaled;
    }
    network->kernels->product(&(struct dime_product){
        .rows = chunk->count,
        .columns = layer->padded_inputs,
        .depth = layer->outputs,
        .a = gradient,
        .a_row = wide,
        .a_depth = 1,
        .b = layer->values_transposed,
        .b_row = layer->padded_inputs,
        .c = chunk->layers[index - 1].gradient,
        .c_row = layer->padded_inputs,
    });
}

void dime_chunk_backward(const struct dime_network_state *network, struct dime_chunk *chunk) {
    last_layer_gradient(network, chunk);
    for (uint32_t i = network->layer_count; i-- > network->map_count;) {
        const struct dime_train_layer *layer = &network->layers[i];
        uint64_t start = dime_ticks();
        if (layer->mean)
            batch_norm_gradient(network, chunk, i);
        else if (!layer->last)
            norm_gradient(network, chunk, i);
        start = dime_phase_end(&chunk->phases, DIME_PHASE_NORM, start);
        weight_gradient(network, chunk, i);
        if (i > 0) input_gradient(network, chunk, i);
        dime_phase_end(&chunk->phases, DIME_PHASE_PRODUCT, start);
    }
    uint64_t begin = dime_ticks();
    dime_maps_backward(network, chunk);
    dime_phase_end(&chunk->phases, DIME_PHASE_MAPS, begin);
}

/* sum after affine = real output / unit, so d sum / d real weight = input / unit; with BatchNorm the gradient
   is already that of z = input unit * sum over real weights. */
double dime_weight_gradient_scale(const struct dime_network_state *network, uint32_t index) {
    if (network->config.norm == DIME_NORM_BATCH) return dime_activation_unit(&network->config, index);
    return network->quantized ? 1 / network->layers[index].unit : 1;
}
