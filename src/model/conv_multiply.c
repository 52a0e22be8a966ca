/* SPDX-License-Identifier: MIT */
#include "model/conv_multiply.h"

#include <stdlib.h>

#include "engine/stage.h"
#include "model/conv_channel.h"

enum { TAPS = DIME_CHANNEL_TAPS };

/* ---- sizes ---- */

/* 1 where a convolution is computed together with the pooling behind it: a larger loop, which pays for a
   larger map. */
static int has_pool(const struct dime_layer *layer, const struct dime_layer *last) {
    enum { FEW = 16 };
    return layer < last && dime_is_pool(layer + 1) && dime_map_size(layer + 1) >= FEW;
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
    return bytes + first->outputs * (TAPS * dime_conv_channel_convolutions(first, last) + 1);
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
                          uint8_t *order) {
    struct channel channels[UINT8_MAX + 1] = {{0, 0}};
    for (uint32_t m = 0; m < first->outputs; m++)
        channels[m] = channel_of(values + (size_t)m * TAPS, m, least, most);
    qsort(channels, first->outputs, sizeof *channels, by_largest);
    for (uint32_t m = 0; m < first->outputs; m++) order[m] = (uint8_t)channels[m].output;
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

static void print_order(const struct dime_layer *first, const uint8_t *order, uint32_t number, FILE *c) {
    fprintf(c, "static const uint8_t layer%u_order[] = {", number);
    for (uint32_t m = 0; m < first->outputs; m++) fprintf(c, "%s%u,", m % 16 ? " " : "\n    ", order[m]);
    fputs("\n};\n", c);
}

void dime_conv_multiply_print(const struct dime_layer *first, const struct dime_layer *last,
                              const int16_t *const *values, int32_t least, int32_t most, uint32_t number,
                              FILE *assembly, FILE *c) {
    uint8_t order[UINT8_MAX + 1];
    sort_channels(first, values[0], least, most, order);
    print_loops(first, last, number, assembly);
    print_steps(first, last, number, c);
    dime_conv_channel_print_weights(first, last, values, order, number, c);
    print_order(first, order, number, c);
    fprintf(c,
            "static const struct dime_multiply layer%u_multiply = {\n    .pairs = multiply%u_pairs,\n"
            "    .single = multiply%u_single,\n    .steps = layer%u_steps,\n    .weights = layer%u_taps,\n"
            "    .order = layer%u_order,\n    .convolutions = %u,\n};\n",
            number, number, number, number, number, number, dime_conv_channel_convolutions(first, last));
}
