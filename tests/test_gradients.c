/* SPDX-License-Identifier: MIT */
/* The trainer's backward pass against finite differences of a second forward pass, written here in double
   precision from the formulas in docs/quantization.md. A quantized network has steps instead of slopes, so
   what is differenced is its straight-through surrogate: at each quantizer the real value plus the constant
   by which quantization moved it at the point of the check. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "train/network.h"

#define LAYERS 3
#define IMAGES 7
#define WIDEST 16 /* of inputs and outputs: 4x4 pixels */

static const uint32_t widths[LAYERS + 1] = {16, 11, 9, 5};

/* Parameters and residuals of one layer in double. */
struct layer {
    double weight[WIDEST][WIDEST];   /* [m][k] */
    double residual[WIDEST][WIDEST]; /* effective quantized weight minus weight, constant */
    double gain[WIDEST], offset[WIDEST];
    double input_residual[IMAGES][WIDEST]; /* quantized minus real input, constant */
    double logit_residual[IMAGES][WIDEST];
};

struct surrogate {
    enum dime_norm norm;
    int quantized;
    struct layer layers[LAYERS];
    double input[IMAGES][WIDEST]; /* real values of the network's input */
    uint8_t labels[IMAGES];
    double soft[IMAGES][WIDEST]; /* teachers' probabilities */
    double teacher_weight, temperature;
    double clip; /* BatchNorm: largest activation */
};

static struct dime_random generator = {2024};

/* ---- forward in double ---- */

static void linear(const struct layer *layer, uint32_t inputs, uint32_t outputs, double x[IMAGES][WIDEST],
                   double z[IMAGES][WIDEST]) {
    for (uint32_t n = 0; n < IMAGES; n++) {
        for (uint32_t m = 0; m < outputs; m++) {
            z[n][m] = 0;
            for (uint32_t k = 0; k < inputs; k++)
                z[n][m] += (layer->weight[m][k] + layer->residual[m][k]) * x[n][k];
        }
    }
}

static void batch_norm(const struct layer *layer, uint32_t outputs, double z[IMAGES][WIDEST]) {
    for (uint32_t m = 0; m < outputs; m++) {
        double mean = 0, variance = 0;
        for (uint32_t n = 0; n < IMAGES; n++) mean += z[n][m] / IMAGES;
        for (uint32_t n = 0; n < IMAGES; n++) variance += (z[n][m] - mean) * (z[n][m] - mean) / IMAGES;
        for (uint32_t n = 0; n < IMAGES; n++)
            z[n][m] = layer->gain[m] * (z[n][m] - mean) / sqrt(variance + DIME_BATCHNORM_EPSILON) +
                      layer->offset[m];
    }
}

/* The real input of the next layer: rectified and normalised. */
static void activate(const struct surrogate *net, uint32_t outputs, double z[IMAGES][WIDEST]) {
    for (uint32_t n = 0; n < IMAGES; n++) {
        double sum = 0, square = 0;
        for (uint32_t m = 0; m < outputs; m++) {
            z[n][m] = fmax(z[n][m], 0);
            sum += z[n][m] / outputs;
            square += z[n][m] * z[n][m] / outputs;
        }
        for (uint32_t m = 0; m < outputs; m++) {
            if (net->norm == DIME_NORM_RMS) z[n][m] /= sqrt(square);
            if (net->norm == DIME_NORM_LIN) z[n][m] /= sum;
            if (net->norm == DIME_NORM_LAYER) z[n][m] = (z[n][m] - sum) / sqrt(square - sum * sum);
            if (net->norm == DIME_NORM_BATCH && net->quantized) z[n][m] = fmin(z[n][m], net->clip);
        }
    }
}

static void add_residual(double x[IMAGES][WIDEST], const double residual[IMAGES][WIDEST], uint32_t count) {
    for (uint32_t n = 0; n < IMAGES; n++)
        for (uint32_t m = 0; m < count; m++) x[n][m] += residual[n][m];
}

/* Logits; real[l] receives the real input of layer l before its residual, for l = 1 .. LAYERS-1. */
static void forward(const struct surrogate *net, double logits[IMAGES][WIDEST],
                    double real[LAYERS][IMAGES][WIDEST]) {
    double x[IMAGES][WIDEST], z[IMAGES][WIDEST];
    memcpy(x, net->input, sizeof x);
    for (uint32_t l = 0; l < LAYERS; l++) {
        linear(&net->layers[l], widths[l], widths[l + 1], x, z);
        if (net->norm == DIME_NORM_BATCH) batch_norm(&net->layers[l], widths[l + 1], z);
        if (l + 1 == LAYERS) break;
        activate(net, widths[l + 1], z);
        memcpy(x, z, sizeof x);
        if (real) memcpy(real[l + 1], x, sizeof x);
        add_residual(x, net->layers[l + 1].input_residual, widths[l + 1]);
    }
    memcpy(logits, z, sizeof z);
    add_residual(logits, net->layers[LAYERS - 1].logit_residual, widths[LAYERS]);
}

/* -log softmax(logits / temperature)[label]. */
static double cross_entropy(const double logits[WIDEST], uint32_t label, double temperature) {
    double others = 0;
    for (uint32_t m = 0; m < widths[LAYERS]; m++)
        if (m != label) others += exp((logits[m] - logits[label]) / temperature);
    return log(1 + others);
}

static double loss_of(const struct surrogate *net) {
    double logits[IMAGES][WIDEST], loss = 0, square = net->temperature * net->temperature;
    forward(net, logits, NULL);
    for (uint32_t n = 0; n < IMAGES; n++) {
        loss += (1 - net->teacher_weight) * cross_entropy(logits[n], net->labels[n], 1);
        for (uint32_t m = 0; m < widths[LAYERS] && net->teacher_weight > 0; m++)
            loss += net->teacher_weight * square * net->soft[n][m] *
                    cross_entropy(logits[n], m, net->temperature);
    }
    return loss;
}

/* ---- the surrogate of a trainer network at its present point ---- */

/* Real value that the trainer gives to one integer unit of layer l's input for image n. */
static double input_scale(const struct dime_network_state *network, const struct dime_chunk *chunk,
                          uint32_t l, uint32_t n) {
    if (network->config.norm == DIME_NORM_BATCH) return dime_activation_unit(&network->config, l);
    if (l > 0) return chunk->layers[l - 1].inverse[n] / chunk->layers[l - 1].unscale[n];
    return 1; /* the first layer's scale cancels in the normalisation behind it */
}

static double effective_weight(const struct dime_network_state *network, const struct dime_train_layer *layer,
                               uint32_t m, uint32_t k) {
    double value = layer->values[k * layer->padded_outputs + m];
    if (!network->quantized) return value;
    if (network->config.norm == DIME_NORM_BATCH) return value * layer->scale.step[m];
    return value * layer->ratio[m] * layer->unit;
}

static void copy_layer(const struct dime_network_state *network, uint32_t l, struct layer *to) {
    const struct dime_train_layer *layer = &network->layers[l];
    for (uint32_t m = 0; m < layer->outputs; m++) {
        for (uint32_t k = 0; k < layer->inputs; k++) {
            to->weight[m][k] = layer->weight.value[k * layer->padded_outputs + m];
            to->residual[m][k] = effective_weight(network, layer, m, k) - to->weight[m][k];
        }
        if (!layer->mean) continue;
        to->gain[m] = layer->gain.value[m];
        to->offset[m] = layer->offset.value[m];
    }
}

static void make_surrogate(const struct dime_network_state *network, const struct dime_chunk *chunk,
                           struct surrogate *net) {
    double logits[IMAGES][WIDEST], real[LAYERS][IMAGES][WIDEST];
    memset(net, 0, sizeof *net);
    net->norm = network->config.norm;
    net->clip = dime_activation_range(&network->config, network->config.activation_bits);
    net->quantized = network->quantized;
    memcpy(net->labels, chunk->labels, IMAGES);
    for (uint32_t n = 0; chunk->soft && n < IMAGES; n++)
        for (uint32_t m = 0; m < widths[LAYERS]; m++)
            net->soft[n][m] = chunk->soft[n * network->layers[LAYERS - 1].padded_outputs + m];
    net->teacher_weight = chunk->soft ? network->config.teacher_weight : 0;
    net->temperature = network->config.teacher_temperature;
    for (uint32_t l = 0; l < LAYERS; l++) copy_layer(network, l, &net->layers[l]);
    for (uint32_t n = 0; n < IMAGES; n++)
        for (uint32_t k = 0; k < widths[0]; k++)
            net->input[n][k] = chunk->layers[0].input[n * network->layers[0].padded_inputs + k] *
                               input_scale(network, chunk, 0, n);
    for (uint32_t l = 1; l < LAYERS; l++) { /* residuals of earlier layers are in place before later ones */
        forward(net, logits, real);
        for (uint32_t n = 0; n < IMAGES; n++)
            for (uint32_t k = 0; k < widths[l]; k++)
                net->layers[l].input_residual[n][k] =
                    chunk->layers[l].input[n * network->layers[l].padded_inputs + k] *
                        input_scale(network, chunk, l, n) -
                    real[l][n][k];
    }
    forward(net, logits, real);
    for (uint32_t n = 0; n < IMAGES; n++)
        for (uint32_t m = 0; m < widths[LAYERS]; m++)
            net->layers[LAYERS - 1].logit_residual[n][m] =
                chunk->real_logits[n * network->layers[LAYERS - 1].padded_outputs + m] - logits[n][m];
}

/* ---- checks ---- */

static double slope(const struct surrogate *net, double *parameter) {
    double kept = *parameter, step = 1e-6;
    *parameter = kept + step;
    double above = loss_of(net);
    *parameter = kept - step;
    double below = loss_of(net);
    *parameter = kept;
    return (above - below) / (2 * step);
}

static void compare(const char *what, uint32_t l, double computed, double expected, double size,
                    double rounding) {
    if (fabs(computed - expected) <= 2e-4 * size + 1e-6 + rounding) return;
    fail_msg("%s of layer %u: backward pass %.8g, finite difference %.8g", what, l, computed, expected);
}

static void check_layer(const struct dime_network_state *network, const struct dime_chunk *chunk,
                        struct surrogate *net, uint32_t l) {
    const struct dime_train_layer *layer = &network->layers[l];
    double scale = dime_weight_gradient_scale(network, l), size = 0, expected[WIDEST][WIDEST];
    for (uint32_t m = 0; m < layer->outputs; m++) {
        for (uint32_t k = 0; k < layer->inputs; k++) {
            expected[m][k] = slope(net, &net->layers[l].weight[m][k]);
            size = fmax(size, fabs(expected[m][k]));
        }
    }
    assert_true(size > 1e-3); /* there is something to check */
    for (uint32_t m = 0; m < layer->outputs; m++)
        for (uint32_t k = 0; k < layer->inputs; k++)
            compare("weight", l, chunk->layers[l].weight_gradient[k * layer->padded_outputs + m] * scale,
                    expected[m][k], size, 0);
    for (uint32_t m = 0; layer->mean && m < layer->outputs; m++) {
        double gain = slope(net, &net->layers[l].gain[m]), offset = slope(net, &net->layers[l].offset[m]);
        compare("gain", l, chunk->layers[l].gain_gradient[m], gain, fmax(fabs(gain), 1), 0);
        compare("offset", l, chunk->layers[l].offset_gradient[m], offset, fmax(fabs(offset), 1), 0);
    }
}

/* ---- learned scales ---- */

/* What weight w of the layer stands for when its scale is multiplied by exp(shift), with the distance that
   rounding moved it, in levels, held constant, and w itself passed through where it is not clipped. */
static double scaled_weight(const struct dime_train_layer *layer, uint32_t m, uint32_t k, double shift) {
    struct dime_level_range range = dime_format_level_range(layer->format);
    size_t at = k * layer->padded_outputs + m;
    double level_unit = layer->scale.step[m] * exp(shift), level = layer->values[at];
    double levels_in_unit = 1 / ((double)layer->scale.inverse_unit[m] * layer->scale.step[m]);
    double w = layer->weight.value[at], unit = level_unit * levels_in_unit;
    if (range.low > range.high) return level_unit * level; /* nothing but the sign of w counts */
    double x = w / (layer->scale.step[m] * levels_in_unit), moved = w / unit;
    if (x < range.low || x > range.high) return level_unit * level;
    return unit * (moved + level / levels_in_unit - x);
}

/* The sum over a layer, or an output, of the slope along the direction in which its scale moves the weights.
 */
static double scale_slope(const struct dime_train_layer *layer, struct surrogate *net, uint32_t l,
                          uint32_t first, uint32_t last) {
    double above = 0, kept[WIDEST][WIDEST], step = 1e-5;
    memcpy(kept, net->layers[l].weight, sizeof kept);
    for (int sign = -1; sign <= 1; sign += 2) {
        for (uint32_t m = first; m < last; m++)
            for (uint32_t k = 0; k < layer->inputs; k++)
                net->layers[l].weight[m][k] =
                    kept[m][k] + scaled_weight(layer, m, k, sign * step) - scaled_weight(layer, m, k, 0);
        above += sign * loss_of(net);
    }
    memcpy(net->layers[l].weight, kept, sizeof kept);
    return above / (2 * step);
}

/* What an output's slope can be off by since gradients are rounded to whole multiples of 2^-13 of the
   column's largest: by half of one an image, times its activation, times how far a scale moves the weight. */
static double rounding_of_slope(const struct dime_network_state *network, const struct dime_chunk *chunk,
                                uint32_t l, uint32_t m) {
    const struct dime_train_layer *layer = &network->layers[l];
    const struct dime_chunk_layer *buffers = &chunk->layers[l];
    struct dime_level_range range = dime_format_level_range(layer->format);
    double largest = 0, sum = 0;
    for (uint32_t n = 0; n < chunk->count; n++)
        largest = fmax(largest, fabs(buffers->gradient[(size_t)n * layer->padded_outputs + m]));
    for (uint32_t k = 0; k < layer->inputs; k++) {
        size_t at = (size_t)k * layer->padded_outputs + m;
        double w = layer->weight.value[at], activations = 0;
        double scaled = w * layer->scale.inverse_unit[m] - layer->scale.offset[m];
        int clipped = scaled < range.low || scaled > range.high;
        for (uint32_t n = 0; n < chunk->count; n++)
            activations += fabs(buffers->input[(size_t)n * layer->padded_inputs + k]);
        sum += activations * fabs(layer->values[at] * layer->scale.step[m] - (clipped ? 0 : w));
    }
    return layer->whole_inputs ? sum * dime_weight_gradient_scale(network, l) * largest * 0x1p-14 : 0;
}

static void check_scales(const struct dime_network_state *network, const struct dime_chunk *chunk,
                         struct surrogate *net, uint32_t l) {
    const struct dime_train_layer *layer = &network->layers[l];
    struct dime_level_range range = dime_format_level_range(layer->format);
    float slope[64];
    double total = 0, size = 0, roundings = 0;
    network->kernels->scale_slope(&(struct dime_scale_slope){
        .gradient_scale = (float)dime_weight_gradient_scale(network, l),
        .gradient = chunk->layers[l].weight_gradient,
        .rows = layer->inputs,
        .padded = layer->padded_outputs,
        .weight = layer->weight.value,
        .level = layer->values,
        .step = layer->scale.step,
        .inverse_unit = layer->scale.inverse_unit,
        .offset = layer->scale.offset,
        .low = range.low,
        .high = range.high,
        .slope = slope,
    });
    for (uint32_t m = 0; m < layer->outputs; m++) size = fmax(size, fabs(slope[m]));
    for (uint32_t m = 0; m < layer->outputs; m++) {
        double rounding = rounding_of_slope(network, chunk, l, m);
        compare("scale", l, slope[m], scale_slope(layer, net, l, m, m + 1), fmax(size, 1e-2), rounding);
        total += slope[m];
        roundings += rounding;
    }
    compare("scale of all", l, total, scale_slope(layer, net, l, 0, layer->outputs), fmax(size, 1e-2),
            roundings);
}

static struct dime_config small_config(enum dime_format_id format, enum dime_norm norm,
                                       enum dime_wscale wscale) {
    struct dime_config config;
    dime_config_default(&config);
    config.format = format;
    config.norm = norm;
    config.wscale = wscale;
    config.input_size = 4;
    config.layer_count = LAYERS;
    for (uint32_t l = 0; l < LAYERS; l++)
        config.layers[l] = (struct dime_layer_config){.outputs = widths[l + 1], .format = format};
    return config;
}

static void fill_chunk(const struct dime_network_state *network, struct dime_chunk *chunk) {
    chunk->count = IMAGES;
    for (uint32_t n = 0; n < IMAGES; n++) {
        chunk->labels[n] = (uint8_t)dime_random_below(&generator, widths[LAYERS]);
        for (uint32_t k = 0; k < widths[0]; k++)
            chunk->layers[0].input[n * network->layers[0].padded_inputs + k] =
                (float)dime_random_below(&generator, 255) - 127;
    }
    uint32_t padded = network->layers[LAYERS - 1].padded_outputs;
    for (uint32_t n = 0; chunk->soft && n < IMAGES; n++) { /* some probabilities */
        float rest = 1;
        for (uint32_t m = 0; m < widths[LAYERS]; m++) {
            float share = m + 1 < widths[LAYERS] ? dime_random_range(&generator, 0, rest) : rest;
            chunk->soft[n * padded + m] = share;
            rest -= share;
        }
    }
}

/* Gains and offsets away from their initial 1 and 0, so that a factor in the wrong place shows. */
static void shake_norms(struct dime_network_state *network) {
    for (uint32_t l = 0; l < LAYERS; l++) {
        struct dime_train_layer *layer = &network->layers[l];
        for (uint32_t m = 0; layer->mean && m < layer->outputs; m++) {
            layer->gain.value[m] = dime_random_range(&generator, 0.5f, 2);
            layer->offset.value[m] = dime_random_range(&generator, -0.5f, 1);
        }
    }
}

/* No sum of a hidden layer sits on ReLU's kink, and none of the images leaves a layer dead. */
static int is_smooth(const struct dime_network_state *network, const struct dime_chunk *chunk) {
    for (uint32_t l = 0; l + 1 < LAYERS; l++) {
        uint32_t wide = network->layers[l].padded_outputs;
        for (uint32_t n = 0; n < IMAGES; n++) {
            uint32_t active = 0;
            for (uint32_t m = 0; m < widths[l + 1]; m++) {
                if (chunk->layers[l].sums[n * wide + m] == 0) return 0;
                active += chunk->layers[l].positive[n * wide + m] > 0;
            }
            if (active < 2) return 0;
        }
    }
    return 1;
}

static void check_network(const struct dime_config *config) {
    struct dime_network_state network;
    struct dime_chunk chunk;
    struct surrogate net;
    assert_int_equal(dime_network_create(&network, config, widths[LAYERS]), 0);
    assert_int_equal(dime_chunk_create(&chunk, &network, 1), 0);
    shake_norms(&network);
    uint32_t attempts = 0;
    do {
        assert_true(attempts++ < 1000);
        fill_chunk(&network, &chunk);
        dime_chunk_forward(&network, &chunk, 1);
    } while (!is_smooth(&network, &chunk));
    make_surrogate(&network, &chunk, &net);
    dime_chunk_backward(&network, &chunk);
    for (uint32_t l = 0; l < LAYERS; l++) check_layer(&network, &chunk, &net, l);
    for (uint32_t l = 0; l < LAYERS && network.quantized; l++) check_scales(&network, &chunk, &net, l);
    dime_chunk_free(&chunk);
    dime_network_free(&network);
}

static void test_every_combination(void **state) {
    (void)state;
    for (int format = 0; format < DIME_FORMAT_COUNT; format++) {
        for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm++) {
            for (int wscale = DIME_WSCALE_PER_TENSOR; wscale <= DIME_WSCALE_PER_OUTPUT; wscale++) {
                struct dime_config config =
                    small_config((enum dime_format_id)format, (enum dime_norm)norm, (enum dime_wscale)wscale);
                check_network(&config);
            }
        }
    }
}

static void check_teacher(enum dime_format_id format, enum dime_norm norm, float weight) {
    struct dime_config config = small_config(format, norm, DIME_WSCALE_PER_TENSOR);
    config.teacher_count = 1;
    config.teacher_weight = weight;
    config.teacher_temperature = 3;
    check_network(&config);
}

static void test_teachers(void **state) {
    (void)state;
    for (int norm = DIME_NORM_RMS; norm <= DIME_NORM_BATCH; norm++) {
        check_teacher(DIME_FORMAT_4BITSYM, (enum dime_norm)norm, 0.25f);
        check_teacher(DIME_FORMAT_NONE, (enum dime_norm)norm, 1);
    }
}

/* So low a clip that a part of the activations has no gradient. */
static void test_activation_clip(void **state) {
    (void)state;
    for (int wscale = DIME_WSCALE_PER_TENSOR; wscale <= DIME_WSCALE_PER_OUTPUT; wscale++) {
        struct dime_config config = small_config(DIME_FORMAT_8BIT, DIME_NORM_BATCH, (enum dime_wscale)wscale);
        config.activation_clip = 0.75f;
        check_network(&config);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_combination),
                                       cmocka_unit_test(test_teachers),
                                       cmocka_unit_test(test_activation_clip)};
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
