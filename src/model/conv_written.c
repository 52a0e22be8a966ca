/* SPDX-License-Identifier: MIT */
#include "model/conv_written.h"

#include "engine/fast_conv_channel.h"
#include "engine/fast_conv_written.h"
#include "engine/stage.h"
#include "model/conv_channel.h"

/* ---- what suits ---- */

static int has_pool(const struct dime_layer *layer, const struct dime_layer *last) {
    return layer < last && dime_is_pool(layer + 1);
}

const char *dime_conv_written_refusal(const struct dime_layer *first, const struct dime_layer *last,
                                      const int16_t *const *values) {
    const char *refusal = dime_conv_channel_refusal(first, last, values);
    if (refusal) return refusal;
    for (const struct dime_layer *layer = first; layer < last; layer++)
        if (dime_is_pool(layer) && dime_is_pool(layer + 1)) return "pooling follows pooling";
    return last->centre ? "the mean of its outputs is subtracted" : NULL;
}

/* ---- sizes ---- */

static uint32_t between_of(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t most = 0;
    for (const struct dime_layer *layer = first + 1; layer < last; layer++) {
        if (has_pool(layer, last)) continue;
        if (dime_map_size(layer) > most) most = dime_map_size(layer);
    }
    return most;
}

static uint32_t row_of(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t most = 0;
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++)
        if (!dime_is_pool(layer) && layer->out_width > most) most = layer->out_width;
    return most;
}

/* Of the longest loop without a sum, as assembled. */
enum { LOOP_BYTES = 152 };

static void narrow(const int16_t *values, int8_t weights[DIME_CHANNEL_TAPS]) {
    for (uint32_t i = 0; i < DIME_CHANNEL_TAPS; i++) weights[i] = (int8_t)values[i];
}

/* Bytes of the longest code: every sum is written once, around loops that are all as long as the longest. */
static uint32_t code_bytes(const struct dime_layer *first, const struct dime_layer *last,
                           const int16_t *const *values) {
    uint16_t code[DIME_WRITTEN_MOST / 2];
    uint32_t most = 0;
    for (const struct dime_layer *layer = first; layer <= last; layer++)
        for (uint32_t m = 0; m < first->outputs && !dime_is_pool(layer); m++) {
            int8_t weights[DIME_CHANNEL_TAPS];
            narrow(values[layer - first] + (size_t)m * DIME_CHANNEL_TAPS, weights);
            uint32_t bytes = (uint32_t)(dime_written_sum(weights, code) - code) * 2;
            if (bytes > most) most = bytes;
        }
    return most + LOOP_BYTES;
}

uint32_t dime_conv_written_sums(const struct dime_layer *first, const struct dime_layer *last,
                                const int16_t *const *values) {
    uint32_t words = between_of(first, last) + 2 * row_of(first, last) + dime_map_size(last);
    return words + (dime_map_size(first) + 1) / 2 + (code_bytes(first, last, values) + 3) / 4;
}

/* Of fast_conv_written.c and the like, and of a loop. */
enum { BEGIN_BYTES = 1100, SHORT_BYTES = 90 };

uint32_t dime_conv_written_bytes(const struct dime_layer *first, const struct dime_layer *last) {
    uint32_t convolutions = dime_conv_channel_convolutions(first, last);
    return BEGIN_BYTES + LOOP_BYTES + SHORT_BYTES * convolutions +
           first->outputs * DIME_CHANNEL_TAPS * convolutions;
}

/* ---- work ---- */

/* Of a sum; one of 32 bits has its two lowest bits set. */
static uint32_t instructions_of(const int8_t *weights) {
    uint16_t code[DIME_WRITTEN_MOST / 2];
    const uint16_t *end = dime_written_sum(weights, code);
    uint32_t count = 0;
    for (const uint16_t *at = code; at < end; count++) at += (*at & 3) == 3 ? 2 : 1;
    return count;
}

/* One kernel's loops: cycles beside the sum as fast_conv_written.inc has them, from RAM. */
static void add_kernel(struct dime_conv_written_work *work, const struct dime_layer *layer, int is_pairs,
                       const int8_t *weights) {
    enum { PAIRS = 39, WIDE = 25, PLAIN = 21 };
    uint32_t rows = is_pairs ? layer->out_height / 2u : layer->out_height, sum = instructions_of(weights);
    uint32_t others = is_pairs ? PAIRS : layer->requantize == DIME_REQUANTIZE_WIDE ? WIDE : PLAIN;
    work->cycles += rows * layer->out_width * (others + sum);
    work->instructions += sum;
    work->rows += rows;
    work->sums++;
}

struct dime_conv_written_work dime_conv_written_work_of(const struct dime_layer *first,
                                                        const struct dime_layer *last,
                                                        const int16_t *const *values, int32_t least,
                                                        int32_t most) {
    const struct dime_channel_range range = {least, most};
    struct dime_conv_written_work work = {.outputs = last->outputs * dime_map_size(last)};
    for (const struct dime_layer *layer = first; layer <= last; layer++)
        for (uint32_t m = 0; m < layer->outputs; m++) {
            int8_t weights[DIME_CHANNEL_TAPS];
            if (dime_is_pool(layer)) {
                work.outputs += dime_map_size(layer);
                continue;
            }
            narrow(values[layer - first] + (size_t)m * DIME_CHANNEL_TAPS, weights);
            int is_pairs =
                layer == first && !(layer->out_height & 1) && dime_channel_fits_half(weights, &range);
            add_kernel(&work, layer, is_pairs, weights);
        }
    return work;
}

/* ---- printing ---- */

static void print_loops(const struct dime_layer *first, const struct dime_layer *last, uint32_t number,
                        FILE *assembly) {
    const char *load = "lhu";
    uint32_t step = 2;
    fprintf(assembly, "#include \"fast_conv_written.inc\"\n");
    fprintf(assembly, "    written_two_rows written%u_pairs, %u, %u\n", number, first->width,
            first->out_width);
    fprintf(assembly, "    written_one_row written%u_single, %u\n", number, first->width);
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++) {
        if (dime_is_pool(layer)) continue;
        fprintf(assembly, "    written_row written%u_row, %s, %u, %u, %d\n",
                number + (uint32_t)(layer - first), load, layer->width, step,
                layer->requantize == DIME_REQUANTIZE_WIDE);
        load = "lw";
        step = 4;
    }
}

static void print_steps(const struct dime_layer *first, const struct dime_layer *last, uint32_t number,
                        FILE *c) {
    fprintf(c, "extern const struct dime_written_loop written%u_pairs, written%u_single;\n", number, number);
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++)
        if (!dime_is_pool(layer))
            fprintf(c, "extern const struct dime_written_loop written%u_row;\n",
                    number + (uint32_t)(layer - first));
    fprintf(c, "static const struct dime_written_step layer%u_steps[] = {\n", number);
    for (const struct dime_layer *layer = first + 1; layer <= last; layer++)
        if (!dime_is_pool(layer))
            fprintf(c, "    {&written%u_row, %d},\n", number + (uint32_t)(layer - first),
                    has_pool(layer, last));
    fputs("};\n", c);
}

void dime_conv_written_print(const struct dime_layer *first, const struct dime_layer *last,
                             const int16_t *const *values, uint32_t number, FILE *assembly, FILE *c) {
    print_loops(first, last, number, assembly);
    print_steps(first, last, number, c);
    dime_conv_channel_print_weights(first, last, values, NULL, number, c);
    fprintf(c,
            "static const struct dime_written layer%u_written = {\n    .pairs = &written%u_pairs,\n"
            "    .single = &written%u_single,\n    .steps = layer%u_steps,\n    .weights = layer%u_taps,\n"
            "    .between = %u,\n    .row = %u,\n    .convolutions = %u,\n};\n",
            number, number, number, number, number, between_of(first, last), row_of(first, last),
            dime_conv_channel_convolutions(first, last));
}
