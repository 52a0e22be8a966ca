/* SPDX-License-Identifier: MIT */
/* Learned weight scales (LSQ: Esser and others 2020, "Learned step size quantization"). What moves is the
   logarithm of the clipping value, so that a step of the optimizer is relative to the scale's size and the
   scale stays positive. */
#include <math.h>
#include <string.h>

#include "train/trainer_state.h"

int dime_trainer_learns_scale(const struct dime_trainer *trainer, uint32_t layer) {
    return trainer->network.quantized && trainer->config.clip_update == DIME_CLIP_LEARNED &&
           trainer->epochs_done < trainer->config.clip_until_epoch &&
           trainer->network.layers[layer].weight.count > 0;
}

void dime_trainer_scale_slope(struct dime_trainer *trainer, uint32_t block, const struct dime_adam *adam) {
    const struct dime_train_layer *layer = &trainer->network.layers[trainer->blocks[block].layer];
    size_t first = (size_t)trainer->blocks[block].first * layer->padded_outputs;
    struct dime_level_range range = dime_format_level_range(layer->format);
    trainer->network.kernels->scale_slope(&(struct dime_scale_slope){
        .gradient_scale = adam->gradient_scale,
        .gradient = adam->gradient,
        .rows = adam->rows,
        .padded = adam->padded,
        .weight = layer->weight.value + first,
        .level = layer->values + first,
        .step = layer->scale.step,
        .inverse_unit = layer->scale.inverse_unit,
        .offset = layer->scale.offset,
        .low = range.low,
        .high = range.high,
        .slope = trainer->slopes + (size_t)block * trainer->widest,
    });
}

/* Adam in one dimension; no weight decay, which would pull the scale towards 1. */
static void move_scale(struct dime_parameter *clip, uint32_t index, double slope,
                       const struct dime_adam *adam) {
    float *first = &clip->moment1[index], *second = &clip->moment2[index], *value = &clip->value[index];
    *first = (float)(adam->beta1 * *first + (1 - adam->beta1) * slope);
    *second = (float)(adam->beta2 * *second + (1 - adam->beta2) * slope * slope);
    double root = sqrt((double)*second * adam->correction2) + adam->epsilon;
    *value = (float)(*value * exp(-(double)adam->learning_rate * adam->correction1 * *first / root));
}

static void learn_scale(struct dime_trainer *trainer, uint32_t index, const struct dime_adam *adam) {
    struct dime_train_layer *layer = &trainer->network.layers[index];
    double *slope = trainer->magnitude;
    memset(slope, 0, layer->outputs * sizeof *slope);
    for (uint32_t b = 0; b < trainer->block_count; b++) {
        const float *part = trainer->slopes + (size_t)b * trainer->widest;
        for (uint32_t m = 0; trainer->blocks[b].layer == index && m < layer->outputs; m++)
            slope[m] += part[m];
    }
    if (layer->clip.count == 1)
        for (uint32_t m = 1; m < layer->outputs; m++) slope[0] += slope[m];
    for (uint32_t c = 0; c < layer->clip.count; c++) move_scale(&layer->clip, c, slope[c], adam);
}

void dime_trainer_move_scale(struct dime_trainer *trainer, uint32_t index, const struct dime_adam *adam) {
    struct dime_parameter *clip = &trainer->network.layers[index].clip;
    if (dime_trainer_learns_scale(trainer, index)) learn_scale(trainer, index, adam);
    for (size_t c = 0; c < clip->count; c++) /* its average goes on after it is frozen */
        clip->average[c] += adam->average_share * (clip->value[c] - clip->average[c]);
}
