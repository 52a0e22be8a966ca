/* SPDX-License-Identifier: MIT */
#include "chip_models.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "data/resize.h"
#include "vision/encode.h"

/* The smallest of so many random ones each. */
static void fill_values(struct dime_model_layer *layer, uint32_t draws, struct dime_random *random) {
    const struct dime_format *format = dime_format_get(layer->format);
    for (uint32_t i = 0; i < layer->inputs * layer->outputs; i++) {
        layer->value[i] = format->value(dime_random_below(random, format->codes));
        for (uint32_t draw = 1; draw < draws; draw++) {
            int16_t other = format->value(dime_random_below(random, format->codes));
            if (abs(other) < abs(layer->value[i])) layer->value[i] = other;
        }
    }
}

static double mean_square(const struct dime_model_layer *layer) {
    double sum = 0;
    for (uint32_t i = 0; i < layer->inputs * layer->outputs; i++)
        sum += (double)layer->value[i] * layer->value[i];
    return sum / (layer->inputs * layer->outputs);
}

/* Half of the inputs active, at 40 on average: sums spread about 0 by so much, and shall by 40. */
static void fill_affine(struct dime_model_layer *layer, struct dime_random *random) {
    double spread = 40 * sqrt(0.5 * layer->inputs * mean_square(layer));
    int shift = (int)lround(log2(48 * spread / 40));
    for (uint32_t m = 0; m < layer->outputs; m++)
        layer->affine[m] = (struct dime_affine){(int16_t)dime_random_below(random, 32),
                                                (uint8_t)(32 + dime_random_below(random, 32)),
                                                (uint8_t)(shift < 0    ? 0
                                                          : shift > 25 ? 25
                                                                       : shift)};
}

static int make_model(const char *text, uint32_t most_draws, struct dime_model *model) {
    struct dime_config config;
    struct dime_random random = dime_random_stream(7, 8, 9);
    int code = dime_config_parse("network", text, strlen(text), &config);
    if (!code) code = dime_model_create(model, &config, 10);
    for (uint32_t i = 0; !code && i < model->layer_count; i++) {
        if (dime_layer_is_pool(&model->layers[i])) continue;
        fill_values(&model->layers[i], 1 + i % most_draws, &random);
        if (model->layers[i].affine) fill_affine(&model->layers[i], &random);
    }
    return code;
}

int chip_random_model(const char *text, struct dime_model *model) {
    return make_model(text, 1, model);
}

int chip_varied_model(const char *text, struct dime_model *model) {
    return make_model(text, 2, model);
}

uint8_t *chip_pictures(const struct dime_dataset *data, const struct dime_model *model, uint32_t first,
                       uint32_t count) {
    uint32_t size = model->config.input_size;
    uint8_t *grey = malloc((size_t)count * size * size);
    const uint8_t *pixels = data->pixels + (size_t)first * data->height * data->width;
    if (grey && !dime_resize_many(pixels, count, data->height, data->width, grey, size, size)) return grey;
    free(grey);
    return NULL;
}

int8_t *chip_encoded(const struct dime_model *model, const uint8_t *grey, uint32_t count) {
    uint32_t inputs = dime_model_input_count(model);
    int8_t *encoded = malloc((size_t)count * inputs);
    for (uint32_t i = 0; encoded && i < count; i++)
        dime_encode(model->config.input_encoding, model->config.input_threshold, grey + (size_t)i * inputs,
                    inputs, encoded + (size_t)i * inputs);
    return encoded;
}
