/* SPDX-License-Identifier: MIT */
#include "model/conv_channel.h"

#include "engine/stage.h"

enum { TAPS = DIME_CHANNEL_TAPS };

int dime_is_plain_pool(const struct dime_layer *layer) {
    return layer->kind == DIME_LAYER_MAX_POOL && layer->kernel == 2 && layer->stride == 2;
}

static const char *convolution_refusal(const struct dime_layer *layer, const int16_t *values) {
    if (layer->kernel != 3) return "its kernel is not 3x3";
    if (layer->stride != 1) return "its stride is not 1";
    if (layer->padding) return "it has padding";
    if (layer->outputs > UINT8_MAX) return "it has more than 255 channels";
    for (uint32_t i = 0; i < (uint32_t)layer->outputs * TAPS; i++)
        if (values[i] != (int8_t)values[i]) return "its weights do not fit 8 bits";
    return NULL;
}

const char *dime_conv_channel_refusal(const struct dime_layer *first, const struct dime_layer *last,
                                      const int16_t *const *values) {
    if (first->requantize != DIME_REQUANTIZE_WIDE) return "its activations have 8 bits";
    if (first->channels > 1) return "it sees more than one channel";
    if (first == last || dime_is_pool(first + 1)) return "no convolution follows the first one";
    for (const struct dime_layer *layer = first; layer <= last; layer++) {
        const char *refusal = dime_is_pool(layer)
                                  ? (dime_is_plain_pool(layer) ? NULL : "its pooling is not 2x2 max")
                                  : convolution_refusal(layer, values[layer - first]);
        if (refusal) return refusal;
    }
    return NULL;
}

uint32_t dime_conv_channel_convolutions(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t count = 0;
    for (const struct dime_layer *layer = first; layer <= last; layer++) count += !dime_is_pool(layer);
    return count;
}

void dime_conv_channel_print_weights(const struct dime_layer *first, const struct dime_layer *last,
                                     const int16_t *const *values, const uint8_t *order, uint32_t number,
                                     FILE *c) {
    fprintf(c, "static const int8_t layer%u_taps[] = {\n", number);
    for (uint32_t m = 0; m < first->outputs; m++) {
        uint32_t channel = order ? order[m] : m;
        fputs("   ", c);
        for (const struct dime_layer *layer = first; layer <= last; layer++)
            for (uint32_t i = 0; i < TAPS && !dime_is_pool(layer); i++)
                fprintf(c, " %d,", values[layer - first][channel * TAPS + i]);
        fputc('\n', c);
    }
    fputs("};\n", c);
}
