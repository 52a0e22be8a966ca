/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/network.h"

/* Smallest row size that normalisation divides by; a row of zeros stays a row of zeros. */
#define TINY 1e-12f

static void multiply_weights(const struct dime_network_state *network, struct dime_chunk *chunk,
                             uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
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

/* ---- RMS, Lin and LayerNorm: ShiftNorm in integers, a real scale for each image beside it ---- */

/* 1 / size of the row for the norm; mean: of the positive part, wanted by LayerNorm. */
static float inverse_size(enum dime_norm norm, const struct dime_row_sums *sums, uint32_t outputs) {
    float count = (float)outputs, mean = sums->sum / count, square = sums->square / count;
    float size = norm == DIME_NORM_LIN     ? mean
                 : norm == DIME_NORM_LAYER ? sqrtf(fmaxf(square - mean * mean, 0))
                                           : sqrtf(square);
    return size > TINY ? 1.0f / size : 0;
}

/* Whole-numbered mean of quantized activations, rounded half up; a real one without quantization. */
static void centre_row(float *row, uint32_t outputs, int quantized) {
    float sum = 0; /* whole numbers below 2^24: exact in any order */
    for (uint32_t m = 0; m < outputs; m++) sum += row[m];
    float mean = quantized ? (float)(((uint32_t)sum + outputs / 2) / outputs) : sum / (float)outputs;
    for (uint32_t m = 0; m < outputs; m++) row[m] -= mean;
}

static struct dime_row_sums rectify_real(const float *sums, uint32_t count, float *positive) {
    struct dime_row_sums result = {0};
    for (uint32_t m = 0; m < count; m++) {
        positive[m] = sums[m] > 0 ? sums[m] : 0;
        result.sum += positive[m];
        result.square += positive[m] * positive[m];
    }
    return result;
}

static void normalize_row(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                          uint32_t n) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    uint32_t wide = layer->padded_outputs, shift = 0;
    const float *sums = buffers->sums + (size_t)n * wide;
    float *positive = buffers->positive + (size_t)n * wide;
    float *next = chunk->layers[index + 1].input + (size_t)n * network->layers[index + 1].padded_inputs;
    struct dime_row_sums row;
    if (network->quantized) {
        struct dime_affine_row affine = dime_affine_rows(layer->affine_row, wide);
        network->kernels->affine(layer->affine ? &affine : NULL, sums, wide, chunk->row);
        row = network->kernels->rectify(chunk->row, wide, positive);
        shift = dime_shift_norm_shift(row.largest, network->config.activation_bits);
        int32_t top = (1 << (network->config.activation_bits - 1)) - 1;
        network->kernels->shift_clamp(chunk->row, wide, shift, top, next);
    } else {
        row = rectify_real(sums, wide, positive);
        memcpy(next, positive, wide * sizeof *next);
    }
    for (uint32_t m = 0; m < layer->outputs; m++) chunk->active += next[m] > 0;
    if (network->config.norm == DIME_NORM_LAYER) centre_row(next, layer->outputs, network->quantized);
    buffers->inverse[n] = inverse_size(network->config.norm, &row, layer->outputs);
    buffers->centre[n] = network->config.norm == DIME_NORM_LAYER ? row.sum / (float)layer->outputs : 0;
    buffers->unscale[n] = ldexpf(1, -(int)shift);
    chunk->input_scale[n] = ldexpf(buffers->inverse[n], (int)shift);
}

/* ---- BatchNorm ---- */

static void batch_statistics(const struct dime_chunk *chunk, const struct dime_train_layer *layer,
                             struct dime_chunk_layer *buffers) {
    uint32_t wide = layer->padded_outputs;
    for (uint32_t m = 0; m < layer->outputs; m++) buffers->batch_mean[m] = buffers->batch_variance[m] = 0;
    for (uint32_t n = 0; n < chunk->count; n++)
        for (uint32_t m = 0; m < layer->outputs; m++)
            buffers->batch_mean[m] += buffers->sums[(size_t)n * wide + m];
    for (uint32_t m = 0; m < layer->outputs; m++) buffers->batch_mean[m] /= (float)chunk->count;
    for (uint32_t n = 0; n < chunk->count; n++) {
        for (uint32_t m = 0; m < layer->outputs; m++) {
            float difference = buffers->sums[(size_t)n * wide + m] - buffers->batch_mean[m];
            buffers->batch_variance[m] += difference * difference;
        }
    }
    for (uint32_t m = 0; m < layer->outputs; m++) {
        float scale = (float)layer->sum_scale[m];
        buffers->batch_mean[m] *= scale;
        buffers->batch_variance[m] *= scale * scale / (float)chunk->count;
    }
}

/* Statistics in use, their folded integers, and 1 / deviation for the real path. */
static void prepare_batch_norm(const struct dime_network_state *network, struct dime_chunk *chunk,
                               uint32_t index, int training) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    if (training) {
        batch_statistics(chunk, layer, buffers);
    } else {
        memcpy(buffers->batch_mean, layer->mean, layer->outputs * sizeof(float));
        memcpy(buffers->batch_variance, layer->variance, layer->outputs * sizeof(float));
    }
    for (uint32_t m = 0; m < layer->outputs; m++)
        buffers->inverse_deviation[m] = 1.0f / sqrtf(buffers->batch_variance[m] + DIME_BATCHNORM_EPSILON);
    buffers->unit = layer->last ? 1 : dime_activation_unit(&network->config, index + 1);
    if (!network->quantized) return;
    if (!training) {
        memcpy(buffers->affine_row, layer->affine_row, 4 * layer->padded_outputs * sizeof(int32_t));
        buffers->unit = layer->unit;
        return;
    }
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

/* Real normalised output of image n into `positive`. */
static void batch_norm_row(const struct dime_train_layer *layer, struct dime_chunk_layer *buffers,
                           uint32_t n) {
    const float *sums = buffers->sums + (size_t)n * layer->padded_outputs;
    float *out = buffers->positive + (size_t)n * layer->padded_outputs;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        float z = sums[m] * (float)layer->sum_scale[m];
        float normal = (z - buffers->batch_mean[m]) * buffers->inverse_deviation[m];
        out[m] = normal * layer->gain.value[m] + layer->offset.value[m];
    }
}

static void batch_norm_layer(const struct dime_network_state *network, struct dime_chunk *chunk,
                             uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    uint32_t wide = layer->padded_outputs, next_wide = network->layers[index + 1].padded_inputs;
    struct dime_affine_row affine = dime_affine_rows(buffers->affine_row, wide);
    int32_t top = (1 << (network->config.activation_bits - 1)) - 1;
    for (uint32_t n = 0; n < chunk->count; n++) {
        float *next = chunk->layers[index + 1].input + (size_t)n * next_wide;
        const float *real = buffers->positive + (size_t)n * wide;
        batch_norm_row(layer, buffers, n);
        if (network->quantized) {
            network->kernels->affine(&affine, buffers->sums + (size_t)n * wide, wide, chunk->row);
            network->kernels->shift_clamp(chunk->row, wide, 0, top, next);
        } else {
            for (uint32_t m = 0; m < layer->outputs; m++)
                next[m] = real[m] > 0 ? real[m] / (float)buffers->unit : 0;
        }
        for (uint32_t m = 0; m < layer->outputs; m++) chunk->active += next[m] > 0;
        chunk->input_scale[n] = (float)buffers->unit;
    }
}

static void find_highest(const struct dime_train_layer *layer, struct dime_chunk_layer *buffers,
                         uint32_t count) {
    float *restrict highest = buffers->highest;
    memset(highest, 0, layer->padded_outputs * sizeof *highest);
    for (uint32_t n = 0; n < count; n++) {
        const float *row = buffers->positive + (size_t)n * layer->padded_outputs;
        for (uint32_t m = 0; m < layer->padded_outputs; m++)
            highest[m] = row[m] > highest[m] ? row[m] : highest[m];
    }
}

/* ---- last layer ---- */

static void last_layer_row(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t n) {
    uint32_t index = network->layer_count - 1;
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    uint32_t wide = layer->padded_outputs;
    const float *sums = buffers->sums + (size_t)n * wide;
    float *real = chunk->real_logits + (size_t)n * wide;
    if (layer->mean) batch_norm_row(layer, buffers, n);
    if (!network->quantized) {
        for (uint32_t m = 0; m < layer->outputs; m++)
            real[m] = layer->mean ? buffers->positive[(size_t)n * wide + m] : sums[m] * chunk->input_scale[n];
        return;
    }
    int32_t *logits = chunk->logits + (size_t)n * wide;
    struct dime_affine_row affine =
        dime_affine_rows(layer->mean ? buffers->affine_row : layer->affine_row, wide);
    network->kernels->affine(layer->affine ? &affine : NULL, sums, wide, logits);
    float unit = layer->mean ? (float)buffers->unit : (float)layer->unit * chunk->input_scale[n];
    for (uint32_t m = 0; m < layer->outputs; m++) real[m] = (float)logits[m] * unit;
}

static uint32_t best_real(const float *logits, uint32_t count) {
    uint32_t best = 0;
    for (uint32_t m = 1; m < count; m++)
        if (logits[m] > logits[best]) best = m;
    return best;
}

static void score_row(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t n) {
    uint32_t wide = network->layers[network->layer_count - 1].padded_outputs;
    const float *real = chunk->real_logits + (size_t)n * wide;
    uint32_t best = network->quantized ? dime_argmax(chunk->logits + (size_t)n * wide, network->classes)
                                       : best_real(real, network->classes);
    double top = real[best_real(real, network->classes)], sum = exp(real[0] - top);
    for (uint32_t m = 1; m < network->classes; m++) sum += exp(real[m] - top);
    chunk->loss += log(sum) - (real[chunk->labels[n]] - top);
    chunk->predictions[n] = (uint8_t)best;
    chunk->correct += best == chunk->labels[n];
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
    chunk->loss = 0;
    chunk->correct = 0;
    chunk->active = chunk->activations = 0;
    if (network->layer_count == 1) input_scales(network, chunk);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct dime_train_layer *layer = &network->layers[i];
        multiply_weights(network, chunk, i);
        if (layer->mean) prepare_batch_norm(network, chunk, i, training);
        if (layer->last) break;
        if (layer->mean) {
            batch_norm_layer(network, chunk, i);
        } else {
            for (uint32_t n = 0; n < chunk->count; n++) normalize_row(network, chunk, i, n);
        }
        find_highest(layer, &chunk->layers[i], chunk->count);
        chunk->activations += (uint64_t)chunk->count * layer->outputs;
    }
    for (uint32_t n = 0; n < chunk->count; n++) {
        last_layer_row(network, chunk, n);
        score_row(network, chunk, n);
    }
}
