/* SPDX-License-Identifier: MIT */
/* Quantization of weights, scales and folded normalisation: from the float part of a layer to the integers
   that run. The trainer calls the same functions in every step. docs/quantization.md gives the formulas. */
#ifndef DIME_MODEL_QUANTIZE_H
#define DIME_MODEL_QUANTIZE_H

#include "model/model.h"

#define DIME_BATCHNORM_EPSILON 1e-5f

/* A weight matrix in either layout: element (m, k) stands at weight[m * output_stride + k * input_stride]. */
struct dime_weight_view {
    const float *weight;
    uint32_t outputs, inputs;
    size_t output_stride, input_stride;
    const double
        *magnitude; /* M: sum of |weight| of each output where somebody knows it already, else NULL */
};

/* The real weight of value q of output m is q * step[m]; a weight w becomes the level of
   w * inverse_unit[m] - offset[m]. */
struct dime_weight_scale {
    float *step, *inverse_unit, *offset; /* M each */
};

/* Fills the scale of a layer. clip: 1 entry or M (PerOutput). Unless it is learned (LSQ), Ternary, Binary and
   BinarySym take their scale from the mean absolute weight (as BitNet b1.58 does) and ignore it. Errors:
   MEMORY. */
int dime_weight_scale_update(const struct dime_weight_view *view, enum dime_format_id format,
                             enum dime_wscale wscale, enum dime_clip algorithm, const float *clip,
                             struct dime_weight_scale *scale);

/* 1 where the scale of a format's weights follows from the weights themselves, whatever the clipping value.
 */
int dime_format_follows_weights(enum dime_format_id format, enum dime_clip algorithm);

/* A weight w with low <= w * inverse_unit - offset <= high is rounded to a level, one outside is clipped;
   low > high where the levels are nothing but signs. */
struct dime_level_range {
    float low, high;
};
struct dime_level_range dime_format_level_range(enum dime_format_id format);

/* Clipping values. OCTAV: Sakr and others 2022, "Optimal clipping and magnitude-aware differentiation for
   improved quantization-aware training", Newton-Raphson recursion until it settles. PROP: mean |w| /
   clip_scale, so that the deviation of the weights is about clip_scale of the clipping value. LSQ: where
   learning starts, OCTAV's value. Errors: MEMORY. */
int dime_clip_update(const struct dime_weight_view *view, enum dime_format_id format, enum dime_wscale wscale,
                     enum dime_clip algorithm, float clip_scale, float *clip);

/* Multiplier and shift for each output, so that multiplier * 2^-shift is proportional to scale[m] > 0:
   relative error at most 1/64. Returns the factor f with multiplier * 2^-shift * f ~ scale[m]. Biases are set
   to 0. */
double dime_affine_from_scales(const double *scale, uint32_t outputs, struct dime_affine *affine);

/* Folded batch normalisation: activation = gain * (z - mean) / sqrt(variance + epsilon) + offset in units of
   `unit` (0 on the last layer: the unit that keeps most precision), where z = sum * sum_scale[m]. Returns the
   unit of the result; *bias_shift is common to the layer. */
struct dime_norm_view {
    const float *gain, *offset, *mean, *variance; /* M each; gain > 0 */
    const double *sum_scale;                      /* M */
    uint32_t outputs;
    double unit;
};
double dime_affine_from_norm(const struct dime_norm_view *norm, struct dime_affine *affine,
                             uint8_t *bias_shift);

/* Largest real value that a hidden activation stands for with BatchNorm, in standard deviations: the
   configuration's activation_clip, or else 6 with 8 bits as in ReLU6 networks, less with fewer bits, since a
   coarse step then costs more than clipping. activation_bits: 2..8. */
double dime_activation_range(const struct dime_config *config, uint32_t activation_bits);

/* Real size of one unit of a layer's input activations: 1/127 of the input range for the first layer
   (1/15, 1 with fewer bits), the
   activation range over the largest activation for hidden ones; pooling passes it on. Used with BatchNorm,
   where scales are fixed.
 */
double dime_activation_unit(const struct dime_config *config, uint32_t layer_index);

/* Fills value, affine and bias_shift of every layer from its float part. Errors: MEMORY. */
int dime_model_quantize(struct dime_model *model);

/* Post-training quantization: a copy of a float (None) model in another format. Errors: UNSUPPORTED (no float
   part), CONFIG, MEMORY. */
int dime_model_convert(const struct dime_model *source, enum dime_format_id format, enum dime_clip clip,
                       struct dime_model *target);

#endif
