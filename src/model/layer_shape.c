/* SPDX-License-Identifier: MIT */
#include "model/layer_shape.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"

#define MOST_OUTPUTS 4096 /* dime_model_sum_bounds relies on it */
#define MOST_ACTIVATIONS (1 << 20)
#define MOST_WEIGHTS_OF_A_ROW 65535

/* What flows from one layer to the next. */
struct flow {
    uint32_t channels, height, width;
    uint32_t bits;
    int64_t largest; /* magnitude of an activation, in the worst case */
    int wide;        /* 32-bit activations of NormType None */
    int flat;        /* fully connected layers have begun */
};

/* Errors speak of "it" or "the layer"; the caller says which. */
static int wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int wrong(const char *format, ...) {
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return dime_error_set(DIME_ERROR_CONFIG, "%s", message);
}

static int check_outputs(uint32_t outputs) {
    if (outputs >= 1 && outputs <= MOST_OUTPUTS) return 0;
    return wrong("%u outputs; 1 to %d are possible", outputs, MOST_OUTPUTS);
}

static int shape_fc(const struct dime_layer_config *wanted, struct flow *flow,
                    struct dime_layer_shape *shape) {
    uint32_t inputs = flow->channels * flow->height * flow->width;
    if (inputs > MOST_WEIGHTS_OF_A_ROW)
        return wrong("%u inputs; at most %d are possible", inputs, MOST_WEIGHTS_OF_A_ROW);
    if (wanted->wide)
        return wrong("NormType None is for convolutions, whose 32-bit outputs a depthwise convolution or "
                     "pooling takes");
    *shape = (struct dime_layer_shape){.kind = DIME_LAYER_FC,
                                       .inputs = inputs,
                                       .outputs = wanted->outputs,
                                       .channels = inputs,
                                       .height = 1,
                                       .width = 1,
                                       .out_height = 1,
                                       .out_width = 1,
                                       .kernel = 1,
                                       .stride = 1};
    flow->flat = 1;
    return check_outputs(wanted->outputs);
}

/* Places of a window along one axis. */
static int slide(const struct dime_layer_config *wanted, uint32_t size, uint32_t *places) {
    uint32_t padded = size + 2 * wanted->padding;
    if (wanted->kernel > padded)
        return wrong("its %ux%u kernel is larger than the %ux%u maps that reach it", wanted->kernel,
                     wanted->kernel, padded, padded);
    *places = (padded - wanted->kernel) / wanted->stride + 1;
    return 0;
}

static int check_window(const struct dime_layer_config *wanted, const struct flow *flow) {
    if (flow->flat) return wrong("convolution and pooling must come before every fully connected layer");
    if (wanted->kernel < 1 || wanted->kernel > 16 || wanted->stride < 1 || wanted->stride > 16)
        return wrong("kernel %u and stride %u; 1 to 16 are possible", wanted->kernel, wanted->stride);
    if (wanted->padding < wanted->kernel) return 0;
    return wrong("padding %u is not less than its kernel %u", wanted->padding, wanted->kernel);
}

static int shape_window(const struct dime_layer_config *wanted, struct flow *flow,
                        struct dime_layer_shape *shape) {
    int error = check_window(wanted, flow);
    if (error) return error;
    *shape = (struct dime_layer_shape){.kind = wanted->kind,
                                       .channels = flow->channels,
                                       .height = flow->height,
                                       .width = flow->width,
                                       .kernel = wanted->kernel,
                                       .stride = wanted->stride,
                                       .padding = wanted->padding};
    error = slide(wanted, flow->height, &shape->out_height);
    return error ? error : slide(wanted, flow->width, &shape->out_width);
}

static int shape_pool(const struct dime_layer_config *wanted, struct flow *flow,
                      struct dime_layer_shape *shape) {
    int error = shape_window(wanted, flow, shape);
    if (error) return error;
    shape->outputs = flow->channels;
    if (wanted->padding) return wrong("pooling has no padding");
    if (wanted->stride > wanted->kernel)
        return wrong("its stride %u is larger than its windows of %u, which would leave inputs out",
                     wanted->stride, wanted->kernel);
    if ((flow->height - wanted->kernel) % wanted->stride || (flow->width - wanted->kernel) % wanted->stride)
        return wrong(
            "windows of %u with stride %u do not divide the %ux%u maps that reach it; change a kernel "
            "or padding before it",
            wanted->kernel, wanted->stride, flow->height, flow->width);
    return 0;
}

static int check_wide(const struct dime_config *config, const struct dime_layer_shape *shape) {
    if (shape->wide_outputs && config->norm == DIME_NORM_BATCH)
        return wrong("NormType None cannot stand in a network of NormType BatchNorm");
    if (shape->wide_outputs && config->wscale == DIME_WSCALE_PER_OUTPUT)
        return wrong("NormType None cannot stand in a network of WScale PerOutput");
    if (!shape->wide_inputs) return 0;
    if (shape->kind == DIME_LAYER_CONV2D)
        return wrong(
            "it takes every channel at once, but the layer before it has NormType None, whose 32-bit "
            "outputs are taken a channel at a time: by depthwise convolutions and pooling");
    if (shape->padding) return wrong("padding is not possible behind a layer of NormType None");
    return 0;
}

static int shape_convolution(const struct dime_config *config, const struct dime_layer_config *wanted,
                             struct flow *flow, struct dime_layer_shape *shape) {
    int depthwise = wanted->kind == DIME_LAYER_DEPTHWISE;
    int error = shape_window(wanted, flow, shape);
    if (error) return error;
    shape->outputs = depthwise && !wanted->outputs ? flow->channels : wanted->outputs;
    shape->inputs = shape->kernel * shape->kernel * (depthwise ? 1 : flow->channels);
    shape->wide_inputs = flow->wide;
    shape->wide_outputs = wanted->wide != 0;
    if (depthwise && shape->outputs != flow->channels)
        return wrong("a depthwise convolution keeps the number of channels: %u go in, %u shall come out",
                     flow->channels, shape->outputs);
    if (shape->inputs > MOST_WEIGHTS_OF_A_ROW)
        return wrong("%u weights an output; at most %d are possible", shape->inputs, MOST_WEIGHTS_OF_A_ROW);
    error = check_outputs(shape->outputs);
    return error ? error : check_wide(config, shape);
}

static int shape_layer(const struct dime_config *config, uint32_t index, struct flow *flow,
                       struct dime_layer_shape *shape) {
    const struct dime_layer_config *wanted = &config->layers[index];
    int pool = dime_kind_is_pool(wanted->kind), error;
    if (pool)
        error = shape_pool(wanted, flow, shape);
    else if (wanted->kind == DIME_LAYER_FC)
        error = shape_fc(wanted, flow, shape);
    else
        error = shape_convolution(config, wanted, flow, shape);
    if (error) return error;
    if (dime_shape_outputs(shape) > MOST_ACTIVATIONS || dime_shape_inputs(shape) > MOST_ACTIVATIONS)
        return wrong("%u activations; at most %d are possible", dime_shape_outputs(shape), MOST_ACTIVATIONS);
    shape->wide_inputs = flow->wide;
    shape->input_largest = flow->largest;
    shape->activation_bits = flow->bits;
    if (!pool)
        shape->activation_bits = wanted->activation_bits ? wanted->activation_bits : config->activation_bits;
    if (shape->activation_bits < 2 || shape->activation_bits > 8)
        return wrong("activation_bits %u; 2 to 8 are possible", shape->activation_bits);
    return 0;
}

/* |sum| < 2^24, where single precision is exact, so that the trainer computes it as well. Behind 32-bit
   activations only < 2^31, where the engine's additions cannot overflow; docs/quantization.md says what the
   trainer does there. */
static int bound_sum(const struct dime_layer_config *wanted, struct dime_layer_shape *shape) {
    const struct dime_format *format = dime_format_get(wanted->format);
    int pool = dime_kind_is_pool(shape->kind);
    int64_t weights = pool ? (int64_t)shape->kernel * shape->kernel : (int64_t)shape->inputs;
    if (!format || (pool && !shape->wide_inputs)) return 0;
    shape->largest_sum = weights * (pool ? 1 : format->largest) * shape->input_largest;
    int64_t limit = shape->wide_inputs ? DIME_WIDE_SUM_LIMIT : DIME_SUM_LIMIT;
    if (shape->largest_sum < limit) return 0;
    if (shape->wide_inputs)
        return wrong(
            "32-bit activations of up to %lld in windows of %ux%u can reach a sum of 2^31; take fewer "
            "layers of NormType None or a format of fewer bits",
            (long long)shape->input_largest, shape->kernel, shape->kernel);
    return wrong(
        "%u inputs of up to %lld with %s weights of up to %d can reach a sum of 2^24; at most %lld inputs "
        "fit, or weights of up to %lld: make the layer before it narrower or take a format of fewer bits",
        shape->inputs, (long long)shape->input_largest, format->name, format->largest,
        (long long)((limit - 1) / (format->largest * shape->input_largest)),
        (long long)((limit - 1) / (shape->inputs * shape->input_largest)));
}

/* Pooling passes 32-bit activations on to layers that take them, and makes int8 of them for others. */
static int pool_is_wide(const struct dime_config *config, uint32_t index) {
    enum dime_layer_kind next =
        index + 1 < config->layer_count ? config->layers[index + 1].kind : DIME_LAYER_FC;
    return next != DIME_LAYER_FC && next != DIME_LAYER_CONV2D;
}

/* From the layer at `index` to what the next one finds. */
static int pass(const struct dime_config *config, uint32_t index, struct flow *flow,
                struct dime_layer_shape *shape) {
    int pool = dime_kind_is_pool(shape->kind);
    if (pool && shape->wide_inputs) {
        shape->wide_outputs = pool_is_wide(config, index);
        shape->activation_bits = config->activation_bits;
    }
    flow->channels = shape->outputs;
    flow->height = shape->out_height;
    flow->width = shape->out_width;
    flow->bits = shape->activation_bits;
    flow->wide = shape->wide_outputs;
    if (!pool && shape->wide_outputs)
        flow->largest = shape->largest_sum >> DIME_WIDE_SHIFT;
    else if (!pool || (shape->wide_inputs && !shape->wide_outputs))
        flow->largest = (INT64_C(1) << (flow->bits - 1)) - 1;
    if (pool || !flow->wide || index + 1 == config->layer_count ||
        config->layers[index + 1].kind != DIME_LAYER_FC)
        return 0;
    return wrong(
        "NormType None gives 32-bit outputs, which pooling or a depthwise convolution must take before a "
        "fully connected layer can");
}

static int check_last(uint32_t classes, const struct dime_layer_shape *shape) {
    if (shape->kind != DIME_LAYER_FC) return wrong("the last layer must be fully connected: `type: fc`");
    if (!classes || shape->outputs == classes) return 0;
    return wrong("the last layer has %u outputs, but there are %u classes", shape->outputs, classes);
}

int dime_layer_shapes(const struct dime_config *config, uint32_t classes, struct dime_layer_shape *shapes,
                      uint32_t *wrong_index) {
    static const uint16_t largest[] = {[DIME_INPUT_MEAN_SUBTRACTED] = 127,
                                       [DIME_INPUT_UNSIGNED] = 127,
                                       [DIME_INPUT_BINARY] = 1,
                                       [DIME_INPUT_UNSIGNED4] = 15};
    struct flow flow = {.channels = 1,
                        .height = config->input_size,
                        .width = config->input_size,
                        .bits = 8,
                        .largest = largest[config->input_encoding]};
    struct dime_config settled = *config; /* with the last layer's outputs filled in */
    struct dime_layer_config *last = &settled.layers[config->layer_count - 1];
    if (!last->outputs && last->kind == DIME_LAYER_FC) last->outputs = classes ? classes : 1;
    int error = 0;
    for (uint32_t i = 0; i < config->layer_count && !error; i++) {
        *wrong_index = i;
        error = shape_layer(&settled, i, &flow, &shapes[i]);
        if (!error) error = bound_sum(&settled.layers[i], &shapes[i]);
        if (!error) error = pass(&settled, i, &flow, &shapes[i]);
    }
    return error ? error : check_last(classes, &shapes[config->layer_count - 1]);
}
