/* SPDX-License-Identifier: MIT */
#include "model/planes_layout.h"

#include "engine/fast_planes.h"
#include "model/unsigned_weight.h"

enum { MOST_OUTPUTS = 255, SET = 32, HALF = 16, DESCRIPTION = 28 };

static int find_planes(enum dime_format_id id, struct dime_planes_shape *shape) {
    struct dime_unsigned_weight weight;
    if (!dime_unsigned_weight_of(id, &weight)) return 0;
    *shape =
        (struct dime_planes_shape){.planes = weight.bits, .scale = weight.scale, .middle = weight.middle};
    return 1;
}

static uint32_t unsigned_weight(const struct dime_planes_shape *shape, int32_t value) {
    return (uint32_t)(value + (int32_t)shape->middle) >> shape->scale;
}

/* Bits that hold U of every output, for the weights that are there. */
static uint32_t bits_for(const struct dime_model_layer *layer, const struct dime_planes_shape *shape,
                         uint32_t most) {
    uint64_t largest = 0;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        uint64_t sum = 0;
        for (uint32_t k = 0; k < layer->inputs; k++)
            sum += unsigned_weight(shape, layer->value[(size_t)m * layer->inputs + k]) * (uint64_t)most;
        if (sum > largest) largest = sum;
    }
    if (largest >> DIME_PLANES_MORE_BITS) return 0;
    return largest >> DIME_PLANES_BITS ? DIME_PLANES_MORE_BITS : DIME_PLANES_BITS;
}

int dime_planes_shape_of(const struct dime_model_layer *layer, int32_t least, int32_t most,
                         struct dime_planes_shape *shape) {
    if (!find_planes(layer->format, shape) || least < 0 || most > 127) return 0;
    if (layer->outputs > MOST_OUTPUTS || layer->inputs > UINT16_MAX || !layer->value) return 0;
    shape->sets = (layer->outputs + SET - 1) / SET;
    shape->has_halves = layer->outputs - SET * (shape->sets - 1) <= HALF;
    shape->words = shape->planes * shape->sets;
    if (shape->has_halves) shape->words -= shape->planes / 2;
    shape->bits = bits_for(layer, shape, (uint32_t)most);
    return shape->bits > 0;
}

uint32_t dime_planes_bytes(const struct dime_model_layer *layer, const struct dime_planes_shape *shape) {
    return (layer->inputs + 1) * 4 * shape->words + shape->words + DESCRIPTION;
}

uint32_t dime_planes_slices(const struct dime_planes_shape *shape) {
    return shape->sets * shape->bits;
}

/* Word i of a row: set, plane and, with halves, the plane of the upper half. */
struct place {
    uint32_t set, plane;
    int is_halves;
};

static struct place place_of(const struct dime_planes_shape *shape, uint32_t i) {
    struct place place = {i / shape->planes, i % shape->planes, 0};
    place.is_halves = shape->has_halves && place.set == shape->sets - 1;
    if (place.is_halves) place.plane *= 2;
    return place;
}

static uint32_t word_of(const struct dime_model_layer *layer, const struct dime_planes_shape *shape,
                        uint32_t k, uint32_t i) {
    struct place place = place_of(shape, i);
    uint32_t word = 0;
    for (uint32_t lane = 0; lane < SET; lane++) {
        uint32_t m = SET * place.set + (place.is_halves ? lane % HALF : lane);
        uint32_t plane = place.plane + (place.is_halves ? lane / HALF : 0);
        if (m >= layer->outputs || plane >= shape->planes) continue;
        word |= (unsigned_weight(shape, layer->value[(size_t)m * layer->inputs + k]) >> plane & 1) << lane;
    }
    return word;
}

static void print_rows(const struct dime_model_layer *layer, const struct dime_planes_shape *shape,
                       const struct dime_planes_print *print, FILE *stream) {
    uint32_t channels = layer->inputs / print->places;
    fprintf(stream, "static const uint32_t layer%u_rows[%u] = {", print->number,
            (layer->inputs + 1) * shape->words);
    for (uint32_t at = 0; at < layer->inputs; at++)
        for (uint32_t i = 0; i < shape->words; i++)
            fprintf(stream, "%s0x%08x,", (at * shape->words + i) % 8 ? " " : "\n    ",
                    (unsigned)word_of(layer, shape, at % channels * print->places + at / channels, i));
    fputs("\n};\n\n", stream);
}

void dime_planes_print(const struct dime_model_layer *layer, const struct dime_planes_shape *shape,
                       const struct dime_planes_print *print, FILE *stream) {
    print_rows(layer, shape, print, stream);
    fprintf(stream, "static const uint8_t layer%u_places[%u] = {", print->number, shape->words);
    for (uint32_t i = 0; i < shape->words; i++) {
        struct place place = place_of(shape, i);
        fprintf(stream, "%s%u", i ? ", " : "", place.set * shape->bits + place.plane);
    }
    fprintf(stream,
            "};\n\n%s{\n        .words = layer%u_rows,\n        .zero = layer%u_rows + %u,\n"
            "        .places = layer%u_places,\n        .stride = %u,\n        .run = %u,\n"
            "        .step = %u,\n        .slices = %u,\n        .runs = %u,\n        .scale = %u,\n"
            "        .middle = %u,\n        .bits = %u,\n        .halves = %u,\n    }%s\n\n",
            print->head, print->number, print->number, layer->inputs * shape->words, print->number,
            4 * shape->words, print->run, print->step, dime_planes_slices(shape), print->runs, shape->scale,
            shape->middle, shape->bits, shape->has_halves ? 1U : 0U, print->tail);
}
