/* SPDX-License-Identifier: MIT */
#include "model/conv_multiply.h"

#include <stdlib.h>

#include "engine/stage.h"

enum { TAPS = 9 };

/* ---- what suits ---- */

static int is_plain_pool(const struct dime_layer *layer) {
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

const char *dime_conv_multiply_refusal(const struct dime_layer *first, const struct dime_layer *last,
                                       const int16_t *const *values) {
    if (first->requantize != DIME_REQUANTIZE_WIDE) return "its activations have 8 bits";
    if (first->channels > 1) return "it sees more than one channel";
    if (first == last || dime_is_pool(first + 1)) return "no convolution follows the first one";
    for (const struct dime_layer *layer = first; layer <= last; layer++) {
        const char *refusal = dime_is_pool(layer)
                                  ? (is_plain_pool(layer) ? NULL : "its pooling is not 2x2 max")
                                  : convolution_refusal(layer, values[layer - first]);
        if (refusal) return refusal;
    }
    return NULL;
}

/* ---- sizes ---- */

/* 1 where a convolution is computed together with the pooling behind it: a larger loop, which pays for a
   larger map. */
static int has_pool(const struct dime_layer *layer, const struct dime_layer *last) {
    enum { FEW = 16 };
    return layer < last && dime_is_pool(layer + 1) && dime_map_size(layer + 1) >= FEW;
}

static uint32_t count_convolutions(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t count = 0;
    for (const struct dime_layer *layer = first; layer <= last; layer++) count += !dime_is_pool(layer);
    return count;
}

uint32_t dime_conv_multiply_sums(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t between = 0;
    for (const struct dime_layer *layer = first + 1; layer < last; layer++) {
        if (!dime_is_pool(layer) && has_pool(layer, last)) continue;
        if (dime_map_size(layer) > between) between = dime_map_size(layer);
    }
    return last->outputs * dime_map_size(last) + dime_map_size(first) + between;
}

/* Of fast_conv_multiply.inc and .c, as assembled. */
enum { BEGIN_BYTES = 450, FIRST_BYTES = 200, MAP_BYTES = 170, POOLED_BYTES = 460 };

uint32_t dime_conv_multiply_bytes(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t bytes = BEGIN_BYTES + 2 * FIRST_BYTES;
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++)
        if (!dime_is_pool(layer)) bytes += has_pool(layer, last) ? POOLED_BYTES : MAP_BYTES;
    return bytes + first->outputs * (TAPS * count_convolutions(first, last) + 1);
}

/* ---- the order of channels ---- */

struct channel {
    int32_t largest; /* magnitude of its sums */
    uint32_t output;
};

static struct channel channel_of(const int16_t *values, uint32_t output, int32_t least, int32_t most) {
    int32_t lowest = 0, highest = 0;
    for (uint32_t i = 0; i < TAPS; i++) {
        int32_t a = values[i] * least, b = values[i] * most;
        lowest += a < b ? a : b;
        highest += a < b ? b : a;
    }
    return (struct channel){-lowest > highest ? -lowest : highest, output};
}

static int by_largest(const void *a, const void *b) {
    const struct channel *left = a, *right = b;
    if (left->largest != right->largest) return left->largest < right->largest ? -1 : 1;
    return left->output < right->output ? -1 : 1;
}

static void sort_channels(const struct dime_layer *first, const int16_t *values, int32_t least, int32_t most,
                          struct channel *channels) {
    for (uint32_t m = 0; m < first->outputs; m++)
        channels[m] = channel_of(values + (size_t)m * TAPS, m, least, most);
    qsort(channels, first->outputs, sizeof *channels, by_largest);
}

/* ---- printing ---- */

static void print_loops(const struct dime_layer *first, const struct dime_layer *last, uint32_t number,
                        FILE *assembly) {
    const char *load = "lhu";
    fprintf(assembly, "#include \"fast_conv_multiply.inc\"\n");
    fprintf(assembly, "    multiply_pairs multiply%u_pairs, %u, %u, %u\n", number, first->width,
            first->out_width, first->out_height);
    fprintf(assembly, "    multiply_single multiply%u_single, %u, %u, %u\n", number, first->width,
            first->out_width, first->out_height);
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++) {
        if (dime_is_pool(layer)) continue;
        int pooled = has_pool(layer, last);
        const struct dime_layer *end = layer + pooled;
        fprintf(assembly, "    %s multiply%u_map, %s, %u, %u, %u, %d\n",
                pooled ? "multiply_pooled" : "multiply_map", number + (uint32_t)(layer - first), load,
                layer->width, end->out_width, end->out_height, layer->requantize == DIME_REQUANTIZE_WIDE);
        load = "lw";
    }
}

static void print_steps(const struct dime_layer *first, const struct dime_layer *last, uint32_t number,
                        FILE *c) {
    fprintf(c, "dime_multiply_map multiply%u_pairs, multiply%u_single;\n", number, number);
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++)
        if (!dime_is_pool(layer))
            fprintf(c, "dime_multiply_map multiply%u_map;\n", number + (uint32_t)(layer - first));
    fprintf(c, "static const struct dime_multiply_step layer%u_steps[] = {\n", number);
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++)
        if (!dime_is_pool(layer))
            fprintf(c, "    {multiply%u_map, %d},\n", number + (uint32_t)(layer - first),
                    1 + has_pool(layer, last));
    fputs("};\n", c);
}

static void print_weights(const struct dime_layer *first, const struct dime_layer *last,
                          const int16_t *const *values, const struct channel *channels, uint32_t number,
                          FILE *c) {
    fprintf(c, "static const int8_t layer%u_taps[] = {\n", number);
    for (uint32_t m = 0; m < first->outputs; m++) {
        fputs("   ", c);
        for (const struct dime_layer *layer = first; layer <= last; layer++)
            for (uint32_t i = 0; i < TAPS && !dime_is_pool(layer); i++)
                fprintf(c, " %d,", values[layer - first][channels[m].output * TAPS + i]);
        fputc('\n', c);
    }
    fprintf(c, "};\nstatic const uint8_t layer%u_order[] = {", number);
    for (uint32_t m = 0; m < first->outputs; m++)
        fprintf(c, "%s%u,", m % 16 ? " " : "\n    ", channels[m].output);
    fputs("\n};\n", c);
}

void dime_conv_multiply_print(const struct dime_layer *first, const struct dime_layer *last,
                              const int16_t *const *values, int32_t least, int32_t most, uint32_t number,
                              FILE *assembly, FILE *c) {
    struct channel channels[UINT8_MAX + 1];
    sort_channels(first, values[0], least, most, channels);
    print_loops(first, last, number, assembly);
    print_steps(first, last, number, c);
    print_weights(first, last, values, channels, number, c);
    fprintf(c,
            "static const struct dime_multiply layer%u_multiply = {\n    .pairs = multiply%u_pairs,\n"
            "    .single = multiply%u_single,\n    .steps = layer%u_steps,\n    .weights = layer%u_taps,\n"
            "    .order = layer%u_order,\n    .convolutions = %u,\n};\n",
            number, number, number, number, number, number, count_convolutions(first, last));
}
