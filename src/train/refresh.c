/* SPDX-License-Identifier: MIT */
/* What derives from the parameters: weight values, scales and folded normalisation. */
#include <math.h>
#include <string.h>

#include "train/maps.h"

struct dime_weight_view dime_layer_view(const struct dime_train_layer *layer) {
    return (struct dime_weight_view){
        layer->weight.value, layer->outputs, layer->inputs, 1, layer->padded_outputs, NULL};
}

void dime_affine_spread(const struct dime_affine *affine, uint8_t bias_shift, uint32_t outputs,
                        uint32_t padded, int32_t *row, float *ratio) {
    for (uint32_t m = 0; m < outputs; m++) {
        row[m] = affine[m].bias * (1 << bias_shift);
        row[padded + m] = affine[m].multiplier;
        row[2 * padded + m] = (int32_t)(UINT32_C(1) << affine[m].shift >> 1);
        row[3 * padded + m] = affine[m].shift;
        if (ratio) ratio[m] = ldexpf(affine[m].multiplier, -affine[m].shift);
    }
}

struct dime_affine_row dime_affine_rows(const int32_t *row, uint32_t padded) {
    return (struct dime_affine_row){row, row + padded, row + 2 * padded, row + 3 * padded};
}

static void fold_norm(const struct dime_network_state *network, uint32_t index) {
    struct dime_train_layer *layer = (struct dime_train_layer *)&network->layers[index];
    struct dime_norm_view norm = {layer->gain.value,
                                  layer->offset.value,
                                  layer->mean,
                                  layer->variance,
                                  layer->sum_scale,
                                  layer->outputs,
                                  layer->last ? 0 : dime_activation_unit(&network->config, index + 1)};
    uint8_t bias_shift;
    layer->unit = dime_affine_from_norm(&norm, layer->affine, &bias_shift);
    dime_affine_spread(layer->affine, bias_shift, layer->outputs, layer->padded_outputs, layer->affine_row,
                       NULL);
}

int dime_layer_scale_moves(const struct dime_network_state *network, uint32_t index) {
    if (!network->quantized) return 0;
    return network->config.clip_update != DIME_CLIP_EVERY_EPOCH ||
           dime_format_follows_weights(network->layers[index].format, network->config.clip);
}

int dime_layer_refresh_scale(struct dime_network_state *network, uint32_t index, const double *magnitude) {
    struct dime_train_layer *layer = &network->layers[index];
    struct dime_weight_view view = dime_layer_view(layer);
    view.magnitude = magnitude;
    const struct dime_config *config = &network->config;
    int code = 0;
    if (!layer->weight.count) return 0; /* pooling */
    if (network->quantized && config->clip_update == DIME_CLIP_EVERY_STEP)
        code = dime_clip_update(&view, layer->format, config->wscale, DIME_CLIP_PROP, config->clip_scale,
                                layer->clip.value);
    if (!code)
        code = dime_weight_scale_update(&view, layer->format, config->wscale, config->clip, layer->clip.value,
                                        &layer->scale);
    if (code) return code;
    int batch_norm = config->norm == DIME_NORM_BATCH;
    double input_unit = batch_norm ? dime_activation_unit(config, index) : 1;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        layer->sum_scale[m] = layer->scale.step[m] * input_unit;
        layer->ratio[m] = batch_norm ? (float)layer->sum_scale[m] : 1;
    }
    layer->unit = layer->scale.step[0];
    if (batch_norm && layer->affine) {
        if (!magnitude) fold_norm(network, index); /* training folds each chunk's own statistics */
    } else if (layer->affine) {
        layer->unit = dime_affine_from_scales(layer->sum_scale, layer->outputs, layer->affine);
        dime_affine_spread(layer->affine, 0, layer->outputs, layer->padded_outputs, layer->affine_row,
                           layer->ratio);
    }
    return 0;
}

void dime_layer_refresh_values(const struct dime_network_state *network, uint32_t index, uint32_t first,
                               uint32_t last) {
    const struct dime_train_layer *layer = &network->layers[index];
    uint32_t padded = layer->padded_outputs;
    for (uint32_t k = first; k < last; k++) {
        float *out = layer->values + (size_t)k * padded;
        network->kernels->quantize(layer->format, layer->weight.value + (size_t)k * padded,
                                   layer->scale.inverse_unit, layer->scale.offset, padded, out);
        for (uint32_t m = layer->outputs; m < padded; m++) out[m] = 0;
    }
    if (layer->packed) network->kernels->pack(layer->values, padded, first, last, layer->packed);
    if (layer->values_transposed)
        network->kernels->transpose(layer->values + (size_t)first * padded, padded, last - first,
                                    layer->outputs, layer->values_transposed + first, layer->padded_inputs);
    if (layer->values_back) dime_maps_refresh(layer, first, last);
}

int dime_network_refresh(struct dime_network_state *network) {
    for (uint32_t i = 0; i < network->layer_count; i++) {
        int code = dime_layer_refresh_scale(network, i, NULL);
        if (code) return code;
        dime_layer_refresh_values(network, i, 0, network->layers[i].inputs);
    }
    return 0;
}

int dime_network_update_clip(struct dime_network_state *network) {
    const struct dime_config *config = &network->config;
    if (!network->quantized) {
        for (uint32_t i = 0; i < network->layer_count; i++) {
            for (uint32_t c = 0; c < network->layers[i].clip.count; c++) network->layers[i].clip.value[c] = 1;
        }
        return 0;
    }
    for (uint32_t i = 0; i < network->layer_count; i++) {
        if (!network->layers[i].weight.count) continue; /* pooling */
        struct dime_weight_view view = dime_layer_view(&network->layers[i]);
        int code = dime_clip_update(&view, network->layers[i].format, config->wscale, config->clip,
                                    config->clip_scale, network->layers[i].clip.value);
        if (code) return code;
    }
    return 0;
}
