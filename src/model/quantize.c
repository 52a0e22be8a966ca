/* SPDX-License-Identifier: MIT */
#include "model/quantize.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "model/quantize_level.h"

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while quantizing");
}

/* Sums over the inputs of each output, in the order of k whatever the layout, so that every caller gets the
   same bits. sum and magnitude: M each. */
static void sum_weights(const struct dime_weight_view *view, double *restrict sum,
                        double *restrict magnitude) {
    for (uint32_t m = 0; m < view->outputs; m++) sum[m] = magnitude[m] = 0;
    for (uint32_t k = 0; k < view->inputs; k++) {
        const float *column = view->weight + k * view->input_stride;
        for (uint32_t m = 0; m < view->outputs; m++) {
            float w = column[m * view->output_stride];
            sum[m] += w;
            magnitude[m] += fabsf(w);
        }
    }
}

/* The same where `sum` is only wanted by some; magnitudes that are known are taken. */
static void sum_or_take(const struct dime_weight_view *view, int signed_too, double *sum, double *magnitude) {
    if (!view->magnitude || signed_too)
        sum_weights(view, sum, magnitude);
    else
        memcpy(magnitude, view->magnitude, view->outputs * sizeof *magnitude);
}

/* Replaces per-output means by the tensor's mean where there is one scale. */
static void means(const struct dime_weight_view *view, enum dime_wscale wscale, double *sum) {
    if (wscale == DIME_WSCALE_PER_TENSOR) {
        double total = 0;
        for (uint32_t m = 0; m < view->outputs; m++) total += sum[m];
        for (uint32_t m = 0; m < view->outputs; m++) sum[m] = total / view->outputs;
    }
    for (uint32_t m = 0; m < view->outputs; m++) sum[m] /= view->inputs;
}

int dime_format_follows_weights(enum dime_format_id format, enum dime_clip algorithm) {
    if (algorithm == DIME_CLIP_LSQ) return 0;
    return format == DIME_FORMAT_TERNARY || format == DIME_FORMAT_BINARY || format == DIME_FORMAT_BINARYSYM;
}

static int uses_clip(enum dime_format_id format, enum dime_clip algorithm) {
    return !dime_format_follows_weights(format, algorithm) && format != DIME_FORMAT_NONE;
}

/* Level distances within the clipping value: the unit that dime_format_level counts in is clip / this. */
static float units_in_clip(enum dime_format_id format) {
    switch (format) {
    case DIME_FORMAT_2BITSYM:
        return 2;
    case DIME_FORMAT_POT3:
        return 4;
    case DIME_FORMAT_4BIT:
    case DIME_FORMAT_4BITSYM:
        return 8;
    case DIME_FORMAT_5BITSYM:
        return 16;
    case DIME_FORMAT_8BIT:
    case DIME_FORMAT_FP130:
        return 128;
    case DIME_FORMAT_NF4:
        return 127;
    default:
        return 1;
    }
}

struct dime_level_range dime_format_level_range(enum dime_format_id format) {
    float units = units_in_clip(format);
    switch (format) {
    case DIME_FORMAT_BINARY:
    case DIME_FORMAT_BINARYSYM:
        return (struct dime_level_range){1, -1};
    case DIME_FORMAT_4BIT:
    case DIME_FORMAT_8BIT:
        return (struct dime_level_range){-units, units - 1};
    case DIME_FORMAT_2BITSYM:
    case DIME_FORMAT_4BITSYM:
    case DIME_FORMAT_5BITSYM:
        return (struct dime_level_range){0.5f - units, units - 0.5f};
    case DIME_FORMAT_NONE:
        return (struct dime_level_range){-INFINITY, INFINITY};
    default:
        return (struct dime_level_range){-units, units};
    }
}

/* Weight values that make one unit: odd values 2u + 1 count half units. */
static float values_in_unit(enum dime_format_id format) {
    return format == DIME_FORMAT_2BITSYM || format == DIME_FORMAT_4BITSYM || format == DIME_FORMAT_5BITSYM
               ? 2
               : 1;
}

static void scale_from_means(const struct dime_weight_view *view, enum dime_format_id format,
                             const double *mean, const double *magnitude, struct dime_weight_scale *scale) {
    for (uint32_t m = 0; m < view->outputs; m++) {
        float size = fmaxf((float)magnitude[m], 1e-5f);
        scale->step[m] = size;
        scale->inverse_unit[m] = 1.0f / size;
        scale->offset[m] = format == DIME_FORMAT_BINARY ? (float)mean[m] * scale->inverse_unit[m] : 0;
    }
}

static void scale_from_clip(const struct dime_weight_view *view, enum dime_format_id format,
                            enum dime_wscale wscale, const float *clip, struct dime_weight_scale *scale) {
    float units = units_in_clip(format), values = values_in_unit(format);
    for (uint32_t m = 0; m < view->outputs; m++) {
        float unit =
            format == DIME_FORMAT_NONE ? 1.0f : clip[wscale == DIME_WSCALE_PER_OUTPUT ? m : 0] / units;
        scale->step[m] = unit / values;
        scale->inverse_unit[m] = 1.0f / unit;
        scale->offset[m] = 0;
    }
}

int dime_weight_scale_update(const struct dime_weight_view *view, enum dime_format_id format,
                             enum dime_wscale wscale, enum dime_clip algorithm, const float *clip,
                             struct dime_weight_scale *scale) {
    int centred = format == DIME_FORMAT_BINARY, from_clip = uses_clip(format, algorithm);
    if (from_clip || format == DIME_FORMAT_NONE) scale_from_clip(view, format, wscale, clip, scale);
    if ((from_clip && !centred) || format == DIME_FORMAT_NONE) return 0;
    double *sum = malloc(2 * view->outputs * sizeof *sum);
    if (!sum) return out_of_memory();
    double *magnitude = sum + view->outputs;
    sum_or_take(view, centred, sum, magnitude);
    if (centred) means(view, wscale, sum);
    means(view, wscale, magnitude);
    if (from_clip)
        for (uint32_t m = 0; m < view->outputs; m++)
            scale->offset[m] = (float)sum[m] * scale->inverse_unit[m];
    else
        scale_from_means(view, format, sum, magnitude, scale);
    free(sum);
    return 0;
}

/* The recursion climbs from below; it settles within a few dozen steps, 8-bit formats being the slowest. */
#define OCTAV_STEPS 100

/* OCTAV over the outputs first .. last-1: s = sum |w| [|w| > s] / (4^-bits / 3 * #[|w| <= s] +
   #[|w| > s]). */
static double octav(const struct dime_weight_view *view, uint32_t first, uint32_t last, double bits,
                    double s) {
    for (int iteration = 0; iteration < OCTAV_STEPS; iteration++) {
        double beyond = 0;
        uint64_t outside = 0;
        for (uint32_t m = first; m < last; m++) {
            for (uint32_t k = 0; k < view->inputs; k++) {
                double size = fabsf(view->weight[m * view->output_stride + k * view->input_stride]);
                if (size > s) {
                    beyond += size;
                    outside++;
                }
            }
        }
        uint64_t inside = (uint64_t)(last - first) * view->inputs - outside;
        double next = beyond / (pow(4, -bits) / 3 * (double)inside + (double)outside);
        if (next <= 0) break; /* s is beyond every weight already */
        double moved = fabs(next - s);
        s = next;
        if (moved <= 1e-7 * s) break;
    }
    return s;
}

int dime_clip_update(const struct dime_weight_view *view, enum dime_format_id format, enum dime_wscale wscale,
                     enum dime_clip algorithm, float clip_scale, float *clip) {
    double *sum = malloc(2 * view->outputs * sizeof *sum);
    if (!sum) return out_of_memory();
    double *magnitude = sum + view->outputs;
    sum_or_take(view, 0, sum, magnitude);
    means(view, wscale, magnitude);
    uint32_t groups = wscale == DIME_WSCALE_PER_OUTPUT ? view->outputs : 1;
    for (uint32_t g = 0; g < groups; g++) {
        double size = fmax(magnitude[g], 1e-5);
        if (dime_format_follows_weights(format, DIME_CLIP_OCTAV) || format == DIME_FORMAT_NONE) {
            clip[g] = (float)size; /* a learned scale starts here too */
        } else if (algorithm == DIME_CLIP_PROP) {
            clip[g] = (float)(size / clip_scale);
        } else {
            uint32_t last = wscale == DIME_WSCALE_PER_OUTPUT ? g + 1 : view->outputs;
            clip[g] = (float)fmax(octav(view, g, last, dime_format_bits(format), 0.25 * size), 1e-5);
        }
    }
    free(sum);
    return 0;
}

/* Nearest multiplier * 2^-shift to ratio, multiplier 32..63, shift 0..25; 0 when it is below half the least.
 */
static void affine_scale(double ratio, struct dime_affine *affine) {
    int exponent;
    if (!(ratio > 0x1p-32)) ratio = 0; /* NaN too: an output that is switched off */
    if (ratio > 63) ratio = 63;
    double mantissa = frexp(ratio, &exponent); /* ratio = mantissa * 2^exponent, 0.5 <= mantissa < 1 */
    int multiplier = (int)floor(mantissa * 64 + 0.5), shift = 6 - exponent;
    if (multiplier == 64) {
        multiplier = 32;
        shift--;
    }
    if (shift < 0) {
        multiplier = 63;
        shift = 0;
    }
    if (shift > 25 || ratio == 0) multiplier = shift = 0;
    affine->multiplier = (uint8_t)multiplier;
    affine->shift = (uint8_t)shift;
}

double dime_affine_from_scales(const double *scale, uint32_t outputs, struct dime_affine *affine) {
    double largest = 0;
    for (uint32_t m = 0; m < outputs; m++) largest = fmax(largest, scale[m]);
    double factor = largest > 0 ? largest / 63 : 1; /* the largest scale gets multiplier 63, shift 0 */
    for (uint32_t m = 0; m < outputs; m++) {
        affine_scale(scale[m] / factor, &affine[m]);
        affine[m].bias = 0;
    }
    return factor;
}

/* What 16 bits and the largest bias shift, 9, can say. */
#define LARGEST_BIAS (32767.0 * 512)

/* One output's scale, and its bias in units of its integer sum. */
struct norm_line {
    double scale, bias;
};

static struct norm_line norm_line(const struct dime_norm_view *norm, uint32_t m) {
    double deviation = sqrt((double)norm->variance[m] + DIME_BATCHNORM_EPSILON);
    double bias = ((double)norm->offset[m] * deviation / norm->gain[m] - norm->mean[m]) / norm->sum_scale[m];
    bias = bias > -LARGEST_BIAS ? bias : -LARGEST_BIAS;
    return (struct norm_line){norm->gain[m] * norm->sum_scale[m] / deviation,
                              bias < LARGEST_BIAS ? bias : LARGEST_BIAS};
}

/* 2^-shift */
static double power_below(int shift) {
    return 1.0 / (double)(UINT32_C(1) << shift);
}

double dime_affine_from_norm(const struct dime_norm_view *norm, struct dime_affine *affine,
                             uint8_t *bias_shift) {
    struct norm_line known[256], line; /* training asks for this with every chunk: do not compute twice */
    double unit = norm->unit, largest_scale = 0, largest_bias = 0;
    int shift = 0;
    for (uint32_t m = 0; m < norm->outputs; m++) {
        line = norm_line(norm, m);
        if (line.scale > largest_scale) largest_scale = line.scale;
        if (fabs(line.bias) > largest_bias) largest_bias = fabs(line.bias);
        if (m < 256) known[m] = line;
    }
    if (unit == 0) unit = largest_scale > 0 ? largest_scale / 63 : 1;
    while (largest_bias * power_below(shift) > 32767) shift++;
    for (uint32_t m = 0; m < norm->outputs; m++) {
        line = m < 256 ? known[m] : norm_line(norm, m);
        affine_scale(line.scale / unit, &affine[m]);
        affine[m].bias = (int16_t)floor(line.bias * power_below(shift) + 0.5);
    }
    *bias_shift = (uint8_t)shift;
    return unit;
}

double dime_activation_range(const struct dime_config *config, uint32_t activation_bits) {
    static const double range[9] = {
        [2] = 1.5, [3] = 2.3, [4] = 3.0, [5] = 3.7, [6] = 4.4, [7] = 5.2, [8] = 6.0};
    return config->activation_clip > 0 ? (double)config->activation_clip : range[activation_bits];
}

double dime_activation_unit(const struct dime_config *config, uint32_t layer_index) {
    uint32_t before = layer_index;
    while (before > 0 && dime_kind_is_pool(config->layers[before - 1].kind)) before--;
    if (before == 0) {
        if (config->input_encoding == DIME_INPUT_BINARY) return 1.0;
        return config->input_encoding == DIME_INPUT_UNSIGNED4 ? 1.0 / 15 : 1.0 / 127;
    }
    uint32_t bits = config->layers[before - 1].activation_bits;
    if (!bits) bits = config->activation_bits;
    return dime_activation_range(config, bits) / ((1 << (bits - 1)) - 1);
}

static int layer_affine(const struct dime_model *model, struct dime_model_layer *layer, const float *step) {
    if (!layer->affine) return 0;
    double *scale = malloc(layer->outputs * sizeof *scale);
    if (!scale) return out_of_memory();
    uint32_t index = (uint32_t)(layer - model->layers);
    double input_unit = layer->norm[0] ? dime_activation_unit(&model->config, index) : 1;
    for (uint32_t m = 0; m < layer->outputs; m++) scale[m] = step[m] * input_unit;
    if (layer->norm[0]) {
        int last = index + 1 == model->layer_count;
        struct dime_norm_view norm = {layer->norm[0],
                                      layer->norm[1],
                                      layer->norm[2],
                                      layer->norm[3],
                                      scale,
                                      layer->outputs,
                                      last ? 0 : dime_activation_unit(&model->config, index + 1)};
        dime_affine_from_norm(&norm, layer->affine, &layer->bias_shift);
    } else {
        dime_affine_from_scales(scale, layer->outputs, layer->affine);
        layer->bias_shift = 0;
    }
    free(scale);
    return 0;
}

static void layer_values(struct dime_model_layer *layer, const struct dime_weight_scale *scale) {
    for (uint32_t m = 0; m < layer->outputs; m++) {
        for (uint32_t k = 0; k < layer->inputs; k++) {
            size_t i = (size_t)m * layer->inputs + k;
            float level = 0;
            dime_quantize_run(layer->format, &layer->weight[i], &scale->inverse_unit[m], &scale->offset[m], 1,
                              &level);
            layer->value[i] = (int16_t)level;
        }
    }
}

static int quantize_layer(const struct dime_model *model, struct dime_model_layer *layer) {
    float *memory = malloc(3 * layer->outputs * sizeof *memory);
    if (!memory) return out_of_memory();
    struct dime_weight_scale scale = {memory, memory + layer->outputs, memory + 2 * layer->outputs};
    struct dime_weight_view view = {layer->weight, layer->outputs, layer->inputs, layer->inputs, 1, NULL};
    int code = dime_weight_scale_update(&view, layer->format, model->config.wscale, model->config.clip,
                                        layer->clip, &scale);
    if (!code) {
        layer_values(layer, &scale);
        code = layer_affine(model, layer, scale.step);
    }
    free(memory);
    return code;
}

int dime_model_quantize(struct dime_model *model) {
    for (uint32_t i = 0; i < model->layer_count; i++) {
        struct dime_model_layer *layer = &model->layers[i];
        if (layer->format == DIME_FORMAT_NONE || dime_layer_is_pool(layer)) continue;
        int code = quantize_layer(model, layer);
        if (code) return code;
    }
    return 0;
}

static int convert_layer(const struct dime_model_layer *source, const struct dime_config *config,
                         struct dime_model_layer *target) {
    if (dime_layer_is_pool(source)) return 0;
    if (!source->weight || source->format != DIME_FORMAT_NONE)
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "this model has no float weights to quantize; expected a model "
                              "trained with QuantType: None");
    memcpy(target->weight, source->weight, (size_t)source->outputs * source->inputs * sizeof *source->weight);
    for (int i = 0; i < 4; i++)
        if (source->norm[i])
            memcpy(target->norm[i], source->norm[i], source->outputs * sizeof *source->norm[i]);
    struct dime_weight_view view = {target->weight, target->outputs, target->inputs, target->inputs, 1, NULL};
    return dime_clip_update(&view, target->format, config->wscale, config->clip, config->clip_scale,
                            target->clip);
}

int dime_model_convert(const struct dime_model *source, enum dime_format_id format, enum dime_clip clip,
                       struct dime_model *target) {
    struct dime_config config = source->config;
    config.format = format;
    config.clip = clip;
    config.clip_update = DIME_CLIP_EVERY_EPOCH; /* the value is fixed here, not found anew from the weights */
    for (uint32_t i = 0; i < config.layer_count; i++) config.layers[i].format = format;
    int code = dime_model_create(target, &config, source->classes);
    if (code) return code;
    for (uint32_t i = 0; i < source->layer_count && !code; i++)
        code = convert_layer(&source->layers[i], &config, &target->layers[i]);
    if (!code) code = dime_model_quantize(target);
    if (!code) code = dime_model_name_classes(target, source->class_names);
    if (code) dime_model_free(target);
    return code;
}
