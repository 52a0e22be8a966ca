/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/maps.h"

/* Smallest input size that normalisation divides by. */
#define TINY 1e-12f

static void multiply_weights(const struct dime_network_state *network, struct dime_chunk *chunk,
                             uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    if (layer->packed) {
        network->kernels->whole_product(&(struct dime_whole_product){
            .rows = chunk->count,
            .columns = layer->padded_outputs,
            .depth = layer->inputs,
            .a = buffers->input,
            .a_row = layer->padded_inputs,
            .b = layer->packed,
            .bytes = chunk->bytes,
            .c = buffers->sums,
            .c_row = layer->padded_outputs,
        });
        return;
    }
    network->kernels->product(&(struct dime_product){
        .rows = chunk->count,
        .columns = layer->padded_outputs,
        .depth = layer->inputs,
        .a = buffers->input,
        .a_row = layer->padded_inputs,
        .a_depth = 1,
        .b = layer->values,
        .b_row = layer->padded_outputs,
        .c = buffers->sums,
        .c_row = layer->padded_outputs,
    });
}

/* RMS, Lin and LayerNorm: ShiftNorm in integers, a real scale for each image beside it. */
static void norm_layer(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    struct dime_affine_row affine = dime_affine_rows(layer->affine_row, layer->padded_outputs);
    struct dime_norm_rows rows = {
        .rows = chunk->count,
        .outputs = layer->outputs,
        .padded = layer->padded_outputs,
        .norm = network->config.norm,
        .quantized = network->quantized,
        .activation_bits = layer->shape.activation_bits,
        .affine = layer->affine ? &affine : NULL,
        .sums = buffers->sums,
        .positive = buffers->positive,
        .next = chunk->layers[index + 1].input,
        .next_row = network->layers[index + 1].padded_inputs,
        .inverse = buffers->inverse,
        .centre = buffers->centre,
        .unscale = buffers->unscale,
        .input_scale = chunk->input_scale,
        .highest = buffers->highest,
    };
    network->kernels->norm(&rows);
    chunk->active += rows.active;
}

/* ---- BatchNorm ---- */

struct dime_batch_norm dime_batch_norm_rows(const struct dime_network_state *network,
                                            const struct dime_chunk *chunk, uint32_t index,
                                            const struct dime_affine_row *affine) {
    const struct dime_train_layer *layer = &network->layers[index];
    const struct dime_chunk_layer *buffers = &chunk->layers[index];
    uint32_t bits = layer->shape.activation_bits;
    return (struct dime_batch_norm){
        .rows = chunk->count,
        .outputs = layer->outputs,
        .padded = layer->padded_outputs,
        .last = layer->last,
        .quantized = network->quantized,
        .top = (1 << (bits - 1)) - 1,
        .sum_scale = layer->ratio,
        .gain = layer->gain.value,
        .offset = layer->offset.value,
        .mean = buffers->batch_mean,
        .variance = buffers->batch_variance,
        .inverse_deviation = buffers->inverse_deviation,
        .affine = affine,
        .sums = buffers->sums,
        .positive = buffers->positive,
        .next = layer->last ? NULL : chunk->layers[index + 1].input,
        .next_row = layer->last ? 0 : network->layers[index + 1].padded_inputs,
        .unit = (float)buffers->unit,
        .highest = buffers->highest,
        .range = network->quantized ? (float)dime_activation_range(&network->config, bits) : INFINITY,
        .gradient = buffers->gradient,
        .gain_gradient = buffers->gain_gradient,
        .offset_gradient = buffers->offset_gradient,
    };
}

/* The integers that this chunk's own statistics fold into, so that training sees the rounding. */
static void fold_statistics(const struct dime_network_state *network, struct dime_chunk *chunk,
                            uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    struct dime_norm_view norm = {layer->gain.value,
                                  layer->offset.value,
                                  buffers->batch_mean,
                                  buffers->batch_variance,
                                  layer->sum_scale,
                                  layer->outputs,
                                  layer->last ? 0 : buffers->unit};
    uint8_t bias_shift;
    buffers->unit = dime_affine_from_norm(&norm, buffers->affine, &bias_shift);
    dime_affine_spread(buffers->affine, bias_shift, layer->outputs, layer->padded_outputs,
                       buffers->affine_row, NULL);
}

/* Statistics in use and their folded integers. */
static void prepare_batch_norm(const struct dime_network_state *network, struct dime_chunk *chunk,
                               uint32_t index, int training) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    buffers->unit = layer->last ? 1 : dime_activation_unit(&network->config, index + 1);
    if (training) {
        struct dime_batch_norm rows = dime_batch_norm_rows(network, chunk, index, NULL);
        network->kernels->batch_statistics(&rows);
        if (network->quantized) fold_statistics(network, chunk, index);
        return;
    }
    memcpy(buffers->batch_mean, layer->mean, layer->outputs * sizeof(float));
    memcpy(buffers->batch_variance, layer->variance, layer->outputs * sizeof(float));
    if (!network->quantized) return;
    memcpy(buffers->affine_row, layer->affine_row, 4 * layer->padded_outputs * sizeof(int32_t));
    buffers->unit = layer->unit;
}

static void batch_norm_layer(const struct dime_network_state *network, struct dime_chunk *chunk,
                             uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    struct dime_affine_row affine = dime_affine_rows(buffers->affine_row, layer->padded_outputs);
    struct dime_batch_norm rows = dime_batch_norm_rows(network, chunk, index, &affine);
    network->kernels->batch_norm(&rows);
    chunk->active += rows.active;
    for (uint32_t n = 0; n < chunk->count; n++) chunk->input_scale[n] = (float)buffers->unit;
}

/* ---- last layer ---- */

/* Real size of one unit of each image's logits. */
static void logit_units(const struct dime_network_state *network, struct dime_chunk *chunk) {
    const struct dime_train_layer *layer = &network->layers[network->layer_count - 1];
    float unit = (float)(layer->mean ? chunk->layers[network->layer_count - 1].unit : layer->unit);
    for (uint32_t n = 0; n < chunk->count; n++)
        chunk->logit_unit[n] = layer->mean ? unit : unit * chunk->input_scale[n];
}

/* Real logits without quantization; with it they are made from the integers. */
static void real_logits(const struct dime_network_state *network, struct dime_chunk *chunk) {
    const struct dime_train_layer *layer = &network->layers[network->layer_count - 1];
    const struct dime_chunk_layer *buffers = &chunk->layers[network->layer_count - 1];
    size_t wide = layer->padded_outputs;
    if (layer->mean) {
        memcpy(chunk->real_logits, buffers->positive, chunk->count * wide * sizeof(float));
        return;
    }
    for (uint32_t n = 0; n < chunk->count; n++)
        for (uint32_t m = 0; m < wide; m++)
            chunk->real_logits[n * wide + m] = buffers->sums[n * wide + m] * chunk->input_scale[n];
}

static void score_layer(const struct dime_network_state *network, struct dime_chunk *chunk) {
    const struct dime_train_layer *layer = &network->layers[network->layer_count - 1];
    const struct dime_chunk_layer *buffers = &chunk->layers[network->layer_count - 1];
    struct dime_affine_row affine =
        dime_affine_rows(layer->mean ? buffers->affine_row : layer->affine_row, layer->padded_outputs);
    if (layer->mean) batch_norm_layer(network, chunk, network->layer_count - 1);
    if (network->quantized)
        logit_units(network, chunk);
    else
        real_logits(network, chunk);
    struct dime_score_rows rows = {
        .rows = chunk->count,
        .classes = network->classes,
        .padded = layer->padded_outputs,
        .quantized = network->quantized,
        .affine = layer->affine ? &affine : NULL,
        .sums = buffers->sums,
        .real = chunk->real_logits,
        .logits = chunk->logits,
        .unit = chunk->logit_unit,
        .labels = chunk->labels,
        .probability = buffers->gradient,
        .predictions = chunk->predictions,
    };
    network->kernels->score(&rows);
    chunk->loss = rows.loss;
    chunk->correct = rows.correct;
}

/* ---- */

/* Real size of one unit of each image's input, for a network whose first layer is also its last. */
static void input_scales(const struct dime_network_state *network, struct dime_chunk *chunk) {
    const struct dime_train_layer *layer = &network->layers[0];
    for (uint32_t n = 0; n < chunk->count; n++) {
        const float *input = chunk->layers[0].input + (size_t)n * layer->padded_inputs;
        double sum = 0, square = 0; /* whole numbers: exact */
        for (uint32_t k = 0; k < layer->inputs; k++) {
            sum += fabsf(input[k]);
            square += input[k] * input[k];
        }
        double share = 1.0 / layer->inputs;
        float size = (float)(network->config.norm == DIME_NORM_LIN ? sum * share : sqrt(square * share));
        chunk->input_scale[n] = network->config.norm == DIME_NORM_BATCH
                                    ? (float)dime_activation_unit(&network->config, 0)
                                : size > TINY ? 1.0f / size
                                              : 0;
    }
}

void dime_chunk_forward(const struct dime_network_state *network, struct dime_chunk *chunk, int training) {
    chunk->active = chunk->activations = 0;
    if (network->layer_count == 1) input_scales(network, chunk);
    uint64_t begin = dime_ticks();
    dime_maps_forward(network, chunk, training);
    dime_phase_end(&chunk->phases, DIME_PHASE_MAPS, begin);
    for (uint32_t i = network->map_count; i < network->layer_count; i++) {
        const struct dime_train_layer *layer = &network->layers[i];
        uint64_t start = dime_ticks();
        multiply_weights(network, chunk, i);
        start = dime_phase_end(&chunk->phases, DIME_PHASE_PRODUCT, start);
        if (layer->mean) prepare_batch_norm(network, chunk, i, training);
        if (layer->last) break;
        if (layer->mean)
            batch_norm_layer(network, chunk, i);
        else
            norm_layer(network, chunk, i);
        dime_phase_end(&chunk->phases, DIME_PHASE_NORM, start);
        chunk->activations += (uint64_t)chunk->count * layer->outputs;
    }
    uint64_t start = dime_ticks();
    score_layer(network, chunk);
    dime_phase_end(&chunk->phases, DIME_PHASE_NORM, start);
}
