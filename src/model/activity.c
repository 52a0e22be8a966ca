/* SPDX-License-Identifier: MIT */
#include "model/activity.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "engine/stage.h"
#include "model/host_dot.h"
#include "model/signed_digits.h"
#include "model/weight_code.h"

_Static_assert(sizeof(struct dime_layer_activity) == DIME_ACTIVITY_NUMBERS * sizeof(double),
               "an array of numbers");

/* ---- one layer ---- */

static uint32_t groups(uint32_t count, uint32_t size) {
    return (count + size - 1) / size;
}

/* What device/engine/fast_rows_sort.S does with buckets that are not full at the end. */
static void see_moved(const uint32_t bits[8], struct dime_layer_activity *layer) {
    enum { BUCKET = 15, FEW = 3 };
    uint32_t left[8];
    for (uint32_t b = 0; b < 8; b++) left[b] = bits[b] % BUCKET;
    for (uint32_t b = 7; b < 8; b--) {
        if (b && left[b] <= FEW && left[b - 1] + 2 * left[b] <= BUCKET) {
            left[b - 1] += 2 * left[b];
            layer->moved += left[b];
        } else {
            layer->begun_15 += left[b] != 0;
        }
    }
}

/* As fast kernels put inputs into buckets, one for each bit. */
static void see_buckets(const uint32_t bits[8], struct dime_layer_activity *layer) {
    for (uint32_t b = 0; b < 8; b++) {
        layer->bits[b] += bits[b];
        layer->filled_15 += bits[b] / 15;
        layer->begun_15 += bits[b] / 15;
        layer->filled_16 += bits[b] / 16;
        layer->begun_16 += groups(bits[b], 16);
        layer->fours += groups(bits[b], 4);
        layer->eights += groups(bits[b], 8);
    }
    see_moved(bits, layer);
}

static void see_inputs(const int8_t *x, uint32_t inputs, struct dime_layer_activity *layer) {
    int32_t least = 0;
    for (uint32_t k = 0; k < inputs; k++)
        if (x[k] < least) least = x[k];
    uint32_t bytes = 0, active = 0, bits[8] = {0};
    for (uint32_t k = 0; k < inputs; k++) {
        uint32_t d = (uint32_t)(x[k] - least);
        active += d != 0;
        layer->low += (d & 15) != 0;
        layer->negative += x[k] < 0;
        for (uint32_t b = 0; b < 8; b++) bits[b] += d >> b & 1;
        layer->digits += dime_digit_count(d);
        layer->lengths += dime_bit_length((uint32_t)abs(x[k]));
        layer->ones += dime_ones((uint32_t)abs(x[k]));
        layer->high += d >= 16;
        if (d) bytes = k % 4 + 1;
        if (k % 4 != 3 && k + 1 < inputs) continue;
        layer->words += bytes != 0;
        layer->bytes += bytes;
        bytes = 0;
    }
    see_buckets(bits, layer);
    layer->active += active;
    layer->fives += groups(active, 5);
    layer->offset += least < 0;
    layer->least_bits += dime_ones((uint32_t)-least);
}

/* blocks: instructions of each input's, or NULL. */
static void see_blocks(const int8_t *x, uint32_t inputs, const uint8_t *blocks,
                       struct dime_layer_activity *layer) {
    int32_t least = 0;
    if (!blocks) return;
    for (uint32_t k = 0; k < inputs; k++)
        if (x[k] < least) least = x[k];
    for (uint32_t k = 0; k < inputs; k++) layer->code += x[k] > least ? blocks[k] : 0;
}

static void see_outputs(const int8_t *x, uint32_t count, struct dime_layer_activity *layer) {
    for (uint32_t i = 0; i < count; i++) layer->positive += x[i] > 0;
}

/* ---- maps ---- */

/* The inputs of all windows of a dense convolution. */
static void see_all_windows(const struct dime_layer *layer, const int8_t *input,
                            struct dime_layer_activity *activity) {
    int8_t window[UINT16_MAX];
    for (uint32_t y = 0; y < layer->out_height; y++)
        for (uint32_t x = 0; x < layer->out_width; x++) {
            uint32_t count = 0;
            for (uint32_t i = 0; i < layer->kernel; i++)
                for (uint32_t j = 0; j < layer->kernel; j++) {
                    uint32_t row = y * layer->stride + i - layer->padding;
                    uint32_t column = x * layer->stride + j - layer->padding;
                    if (row >= layer->height || column >= layer->width) continue;
                    for (uint32_t c = 0; c < layer->channels; c++)
                        window[count++] = input[(c * layer->height + row) * layer->width + column];
                }
            see_inputs(window, count, activity);
        }
}

/* 1 where a 3x3 kernel of one channel sees something at place `place` of the output. */
static int sees(const struct dime_layer *layer, const int8_t *channel, uint32_t place) {
    uint32_t y = place / layer->out_width * layer->stride, x = place % layer->out_width * layer->stride;
    for (uint32_t i = y; i < y + 3; i++)
        for (uint32_t j = x; j < x + 3; j++)
            if (channel[i * layer->width + j]) return 1;
    return 0;
}

/* As look-up takes them: two places, the last two of an odd number overlap those before. */
static void see_pairs(const struct dime_layer *layer, const int8_t *input,
                      struct dime_layer_activity *activity) {
    uint32_t places = dime_map_size(layer);
    if (layer->kernel != 3 || layer->padding || places < 2) return;
    for (uint32_t c = 0; c < layer->channels; c++, input += layer->height * layer->width)
        for (uint32_t place = 0; place < places; place += 2) {
            uint32_t at = place + 1 < places ? place : place - 1;
            activity->seen += sees(layer, input, at) || sees(layer, input, at + 1);
        }
}

static int is_blank(const struct dime_layer *layer, const int8_t *input) {
    uint32_t size = layer->kernel + layer->stride;
    for (uint32_t i = 0; i < size; i++, input += layer->width)
        for (uint32_t j = 0; j < size; j++)
            if (input[j]) return 0;
    return 1;
}

static void see_windows(const struct dime_layer *first, const struct dime_layer *last, const int8_t *input,
                        struct dime_layer_activity *activity) {
    if (first == last || first->kind != DIME_LAYER_CONV2D || first->channels != 1 || first->padding) return;
    for (uint32_t y = 0; y < last->out_height; y++)
        for (uint32_t x = 0; x < last->out_width; x++)
            activity->blank += is_blank(first, input + 2u * first->stride * (y * first->width + x));
}

static uint32_t entries_in(const struct dime_layer *layer) {
    return (uint32_t)layer->channels * layer->height * layer->width;
}

/* ---- one picture ---- */

/* Two buffers of activations, in turns, since a stage must not write what it reads. */
struct eye {
    struct dime_runtime runtime;
    int8_t *buffer[2];
    int32_t *sums;
    uint32_t inputs;
    uint8_t *blocks[DIME_MAX_LAYERS]; /* instructions for each input of a layer that can be code, or NULL */
};

static uint32_t most_entries(const struct dime_network *network) {
    uint32_t most = network->activations;
    for (uint32_t i = 0; i < network->map_count; i++) {
        uint32_t out = network->layers[i].outputs * dime_map_size(&network->layers[i]);
        if (out > most) most = out;
    }
    return most;
}

static void close_eye(struct eye *eye) {
    dime_runtime_free(&eye->runtime);
    free(eye->buffer[0]);
    free(eye->buffer[1]);
    free(eye->sums);
    for (uint32_t i = 0; i < DIME_MAX_LAYERS; i++) free(eye->blocks[i]);
}

static int find_blocks(struct eye *eye, const struct dime_model *model) {
    for (uint32_t i = 0; i < model->layer_count; i++) {
        if (dime_weight_code_refusal(model, i)) continue;
        eye->blocks[i] = malloc(model->layers[i].inputs);
        if (!eye->blocks[i]) return 0;
        dime_weight_code_lengths(model, i, eye->blocks[i]);
    }
    return 1;
}

static int open_eye(struct eye *eye, const struct dime_model *model) {
    *eye = (struct eye){0};
    int code = dime_runtime_create(&eye->runtime, model);
    if (!code) code = dime_runtime_use_host(&eye->runtime, dime_host_format());
    if (code) {
        dime_runtime_free(&eye->runtime);
        return code;
    }
    uint32_t entries = most_entries(&eye->runtime.network);
    eye->inputs = dime_model_input_count(model);
    eye->buffer[0] = malloc(entries);
    eye->buffer[1] = malloc(entries);
    eye->sums = malloc(eye->runtime.network.sums * sizeof *eye->sums);
    if (eye->buffer[0] && eye->buffer[1] && eye->sums && find_blocks(eye, model)) return 0;
    close_eye(eye);
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for activations");
}

static const int8_t *see_maps(struct eye *eye, const int8_t *input, struct dime_activity *activity) {
    const struct dime_network *network = &eye->runtime.network;
    const int8_t *current = input;
    for (uint32_t first = 0, end; first < network->map_count; first = end) {
        const struct dime_layer *layer = &network->layers[first];
        end = dime_stage_end(network, first);
        const struct dime_layer *last = &network->layers[end - 1];
        int8_t *output = eye->buffer[current == eye->buffer[0]];
        if (layer->kind == DIME_LAYER_CONV2D) {
            see_all_windows(layer, current, &activity->layers[first]);
            see_pairs(layer, current, &activity->layers[first]);
        } else
            see_inputs(current, entries_in(layer), &activity->layers[first]);
        see_windows(layer, last, current, &activity->layers[first]);
        dime_stage_run(layer, last, current, eye->sums, output);
        see_outputs(output, last->outputs * dime_map_size(last), &activity->layers[first]);
        current = output;
    }
    return current;
}

static void see(struct eye *eye, const int8_t *input, struct dime_activity *activity) {
    const struct dime_network *network = &eye->runtime.network;
    const int8_t *current = input;
    see_inputs(input, eye->inputs, &activity->picture);
    if (network->map_count) current = see_maps(eye, input, activity);
    for (uint32_t i = network->map_count; i < network->layer_count; i++) {
        const struct dime_layer *layer = &network->layers[i];
        int8_t *output = eye->buffer[current == eye->buffer[0]];
        see_inputs(current, layer->inputs, &activity->layers[i]);
        see_blocks(current, layer->inputs, eye->blocks[i], &activity->layers[i]);
        dime_layer_sums(layer, current, eye->sums);
        dime_layer_requantize(layer, eye->sums, output);
        if (layer->requantize != DIME_REQUANTIZE_NONE)
            see_outputs(output, layer->outputs, &activity->layers[i]);
        current = output;
    }
}

static void divide(struct dime_layer_activity *layer, uint32_t count) {
    double *number = (double *)layer;
    for (uint32_t i = 0; i < DIME_ACTIVITY_NUMBERS; i++) number[i] /= count;
}

int dime_activity_count(const struct dime_model *model, const int8_t *encoded, uint32_t count,
                        struct dime_activity *activity) {
    struct eye eye;
    *activity = (struct dime_activity){.layer_count = model->layer_count};
    int code = open_eye(&eye, model);
    if (code) return code;
    uint32_t inputs = dime_model_input_count(model);
    for (uint32_t i = 0; i < count; i++) see(&eye, encoded + (size_t)i * inputs, activity);
    close_eye(&eye);
    divide(&activity->picture, count);
    for (uint32_t i = 0; i < model->layer_count; i++) divide(&activity->layers[i], count);
    return 0;
}

/* ---- without pictures ---- */

static uint32_t inputs_of(const struct dime_model *model, uint32_t index) {
    const struct dime_layer_shape *shape = &model->layers[index].shape;
    if (shape->kind == DIME_LAYER_FC) return model->layers[index].inputs;
    uint32_t places = (uint32_t)shape->out_height * shape->out_width;
    if (shape->kind == DIME_LAYER_CONV2D) return places * model->layers[index].inputs;
    return shape->channels * shape->height * shape->width;
}

static void assume_buckets(double count, struct dime_layer_activity *layer) {
    layer->filled_15 += floor(count / 15);
    layer->begun_15 += ceil(count / 15);
    layer->filled_16 += floor(count / 16);
    layer->begun_16 += ceil(count / 16);
    layer->fours += ceil(count / 4);
    layer->eights += ceil(count / 8);
}

static void assume_layer(double active, uint32_t inputs, uint32_t bits, struct dime_layer_activity *layer) {
    layer->active = active * inputs;
    layer->words = (1 - pow(1 - active, bits == 7 ? 3 : 1)) * inputs / 4; /* ink lies together */
    layer->bytes = 3 * layer->words;
    layer->lengths = layer->active * (bits == 1 ? 1 : 0.8 * bits) + inputs - layer->active;
    layer->ones = layer->active * (bits == 1 ? 1 : 0.5 * bits);
    layer->high = bits == 1 ? 0 : 0.8 * layer->active;
    for (uint32_t b = 0; b < bits; b++) layer->bits[b] = layer->active * (bits == 1 ? 1 : 0.5);
    layer->digits = layer->active * (bits == 1 ? 1 : bits / 3.0);
    layer->low = bits == 1 ? layer->active : 0.9 * layer->active;
    layer->fives = layer->active / 5 + 0.5;
    for (uint32_t b = 0; b < bits; b++) assume_buckets(layer->bits[b], layer);
}

void dime_activity_assume(const struct dime_model *model, struct dime_activity *activity) {
    uint32_t bits = model->config.input_encoding == DIME_INPUT_BINARY      ? 1
                    : model->config.input_encoding == DIME_INPUT_UNSIGNED4 ? 4
                                                                           : 7;
    *activity = (struct dime_activity){.layer_count = model->layer_count};
    assume_layer(0.25, dime_model_input_count(model), bits, &activity->picture);
    for (uint32_t i = 0; i < model->layer_count; i++) {
        struct dime_layer_activity *layer = &activity->layers[i];
        if (dime_layer_is_pool(&model->layers[i])) continue;
        int is_signed = i ? model->config.norm == DIME_NORM_LAYER
                          : model->config.input_encoding == DIME_INPUT_MEAN_SUBTRACTED;
        assume_layer(i ? 0.5 : 0.25, inputs_of(model, i), i == 0 ? bits : 7, layer);
        layer->offset = is_signed;
        layer->least_bits = is_signed ? 2.5 : 0;
        layer->negative = is_signed ? 0.5 * inputs_of(model, i) : 0;
        layer->seen = 0.4 * inputs_of(model, i) / 9;
        layer->code = layer->active * dime_weight_code_length(model, i);
        layer->positive = 0.5 * inputs_of(model, i + 1 < model->layer_count ? i + 1 : i);
    }
}

/* ---- metrics ---- */

char *dime_activity_add(const char *metrics, const struct dime_activity *activity) {
    cJSON *object = metrics ? cJSON_Parse(metrics) : cJSON_CreateObject();
    cJSON_DeleteItemFromObject(object, "activity");
    cJSON *layers = cJSON_AddArrayToObject(object, "activity");
    for (uint32_t i = 0; i <= activity->layer_count; i++) {
        double rounded[DIME_ACTIVITY_NUMBERS];
        const double *number = (const double *)(i ? &activity->layers[i - 1] : &activity->picture);
        for (uint32_t n = 0; n < DIME_ACTIVITY_NUMBERS; n++) rounded[n] = round(number[n] * 1000) / 1000;
        cJSON_AddItemToArray(layers, cJSON_CreateDoubleArray(rounded, DIME_ACTIVITY_NUMBERS));
    }
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}

/* No count is larger than the largest map. */
static int read_layer(const cJSON *array, double *number) {
    if (cJSON_GetArraySize(array) != DIME_ACTIVITY_NUMBERS) return 0;
    for (int n = 0; n < DIME_ACTIVITY_NUMBERS; n++) {
        const cJSON *item = cJSON_GetArrayItem(array, n);
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 1e8)) return 0;
        number[n] = item->valuedouble;
    }
    return 1;
}

int dime_activity_read(const struct dime_model *model, struct dime_activity *activity) {
    *activity = (struct dime_activity){.layer_count = model->layer_count};
    cJSON *object = model->metrics ? cJSON_Parse(model->metrics) : NULL;
    const cJSON *layers = cJSON_GetObjectItem(object, "activity");
    int good = cJSON_IsArray(layers) && cJSON_GetArraySize(layers) == (int)model->layer_count + 1;
    for (int i = 0; good && i <= (int)model->layer_count; i++)
        good = read_layer(cJSON_GetArrayItem(layers, i),
                          (double *)(i ? &activity->layers[i - 1] : &activity->picture));
    cJSON_Delete(object);
    return good;
}
