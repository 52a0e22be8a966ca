/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/network.h"

/* gradient = d loss / d real output: softmax minus one-hot. */
static void loss_gradient(const struct dime_network_state *network, struct dime_chunk *chunk, uint32_t n,
                          float *gradient) {
    uint32_t wide = network->layers[network->layer_count - 1].padded_outputs;
    const float *real = chunk->real_logits + (size_t)n * wide;
    float top = real[0], sum = 0;
    for (uint32_t m = 1; m < network->classes; m++) top = fmaxf(top, real[m]);
    for (uint32_t m = 0; m < network->classes; m++) sum += gradient[m] = expf(real[m] - top);
    for (uint32_t m = 0; m < network->classes; m++) gradient[m] /= sum;
    gradient[chunk->labels[n]] -= 1;
}

/* d loss / d (sum after affine) of the last layer. */
static void last_layer_gradient(const struct dime_network_state *network, struct dime_chunk *chunk) {
    uint32_t index = network->layer_count - 1;
    const struct dime_train_layer *layer = &network->layers[index];
    float *gradient = chunk->layers[index].gradient;
    for (uint32_t n = 0; n < chunk->count; n++, gradient += layer->padded_outputs) {
        loss_gradient(network, chunk, n, gradient);
        if (layer->mean) continue; /* BatchNorm's own backward pass follows */
        float unit = chunk->input_scale[n] * (network->quantized ? (float)layer->unit : 1.0f);
        for (uint32_t m = 0; m < layer->outputs; m++) gradient[m] *= unit;
    }
}

/* Through the normalisation of one row. In: d loss / d next layer's integer input; out: d loss / d (sum after
 * affine). With r the positive part, u = r / size, x the integer activation and x * 2^shift / size its real
 * value: RMS        dr = (g - u mean(g u)) / 2^shift Lin        dr = (g - mean(g u)) / 2^shift LayerNorm  dr
 * = (g - mean(g) - u mean(g u)) / 2^shift, with u = (r - mean) / deviation
 */
static void normalize_gradient_row(const struct dime_network_state *network, struct dime_chunk_layer *buffers,
                                   const struct dime_train_layer *layer, uint32_t n) {
    float *gradient = buffers->gradient + (size_t)n * layer->padded_outputs;
    const float *positive = buffers->positive + (size_t)n * layer->padded_outputs;
    float inverse = buffers->inverse[n], centre = buffers->centre[n], unscale = buffers->unscale[n];
    float dot, sum, count = (float)layer->outputs;
    network->kernels->dot_and_sum(gradient, positive, layer->padded_outputs, &dot, &sum);
    float mean = sum / count, slope = (dot - centre * sum) * inverse / count;
    enum dime_norm norm = network->config.norm;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        float unit = (positive[m] - centre) * inverse;
        float through = norm == DIME_NORM_LIN     ? gradient[m] - slope
                        : norm == DIME_NORM_LAYER ? gradient[m] - mean - unit * slope
                                                  : gradient[m] - unit * slope;
        gradient[m] = positive[m] > 0 ? through * unscale : 0;
    }
}

/* Through clamp, quantization and normalisation over the chunk. In: d loss / d integer input of the next
   layer (or d loss / d logit); out: d loss / d z, z = sum * sum_scale. */
static void batch_norm_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                                uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
    uint32_t wide = layer->padded_outputs;
    float per_unit = layer->last ? 1 : 1 / (float)dime_activation_unit(&network->config, index + 1);
    float range =
        network->quantized ? (float)dime_activation_range(network->config.activation_bits) : INFINITY;
    memset(buffers->gain_gradient, 0, wide * sizeof(float));
    memset(buffers->offset_gradient, 0, wide * sizeof(float));
    for (uint32_t n = 0; n < chunk->count; n++) {
        float *gradient = buffers->gradient + (size_t)n * wide;
        const float *real = buffers->positive + (size_t)n * wide, *sums = buffers->sums + (size_t)n * wide;
        for (uint32_t m = 0; m < layer->outputs; m++) {
            int passes = layer->last || (real[m] > 0 && real[m] < range);
            float z = sums[m] * (float)layer->sum_scale[m];
            gradient[m] = passes ? gradient[m] * per_unit : 0;
            buffers->offset_gradient[m] += gradient[m];
            buffers->gain_gradient[m] +=
                gradient[m] * (z - buffers->batch_mean[m]) * buffers->inverse_deviation[m];
        }
    }
    float share = 1 / (float)chunk->count;
    for (uint32_t n = 0; n < chunk->count; n++) {
        float *gradient = buffers->gradient + (size_t)n * wide;
        const float *sums = buffers->sums + (size_t)n * wide;
        for (uint32_t m = 0; m < layer->outputs; m++) {
            float z = sums[m] * (float)layer->sum_scale[m];
            float normal = (z - buffers->batch_mean[m]) * buffers->inverse_deviation[m];
            float centred =
                gradient[m] - share * (buffers->offset_gradient[m] + normal * buffers->gain_gradient[m]);
            gradient[m] = centred * layer->gain.value[m] * buffers->inverse_deviation[m];
        }
    }
}

static void weight_gradient(const struct dime_network_state *network, struct dime_chunk *chunk,
                            uint32_t index) {
    const struct dime_train_layer *layer = &network->layers[index];
    struct dime_chunk_layer *buffers = &chunk->layers[index];
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
        for (uint32_t n = 0; n < chunk->count; n++)
            for (uint32_t m = 0; m < wide; m++)
                buffers->scaled[n * wide + m] = buffers->gradient[n * wide + m] * layer->ratio[m];
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
    for (uint32_t i = network->layer_count; i-- > 0;) {
        const struct dime_train_layer *layer = &network->layers[i];
        if (layer->mean) {
            batch_norm_gradient(network, chunk, i);
        } else if (!layer->last) {
            for (uint32_t n = 0; n < chunk->count; n++)
                normalize_gradient_row(network, &chunk->layers[i], layer, n);
        }
        weight_gradient(network, chunk, i);
        if (i > 0) input_gradient(network, chunk, i);
    }
}

/* sum after affine = real output / unit, so d sum / d real weight = input / unit; with BatchNorm the gradient
   is already that of z = input unit * sum over real weights. */
double dime_weight_gradient_scale(const struct dime_network_state *network, uint32_t index) {
    if (network->config.norm == DIME_NORM_BATCH) return dime_activation_unit(&network->config, index);
    return network->quantized ? 1 / network->layers[index].unit : 1;
}
