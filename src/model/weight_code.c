/* SPDX-License-Identifier: MIT */
#include "model/weight_code.h"

#include "engine/fast_code.h"
#include "model/fast_layout.h"
#include "model/rows_layout.h"

/* Halfwords of the longest block: an addition for each of 8 registers and 5 bits, 4 times 3 doublings, the
   return. */
enum { MOST_HALFWORDS = 53, PAIRS = DIME_CODE_OUTPUTS / 2 };

/* Of all weights, beside which a program could fit 16 KB. */
enum { MOST_BYTES = 13600 };

/* Compressed instructions of RISC-V. */
static uint16_t add_register(uint32_t to, uint32_t from) {
    return (uint16_t)(0x9002u | to << 7 | from << 2);
}
static uint16_t jump_register(uint32_t to) {
    return (uint16_t)(0x8002u | to << 7);
}

/* A layer that becomes code. */
struct source {
    const struct dime_model_layer *layer;
    struct dime_rows_plane plane;
};

static uint32_t number_of(const struct source *source, uint32_t input, uint32_t output) {
    if (output >= source->layer->outputs) return 0;
    int32_t weight = source->layer->value[(size_t)output * source->layer->inputs + input];
    return (uint32_t)(weight + (int32_t)source->plane.base) >> source->plane.shift;
}

/* The additions for one bit of an input's weights. */
static uint32_t write_bit(const struct source *source, uint32_t input, uint32_t bit, uint16_t *code) {
    static const uint8_t sums[PAIRS] = DIME_CODE_SUMS;
    static const uint8_t from[4] = {0, DIME_CODE_FIRST, DIME_CODE_SECOND, DIME_CODE_BOTH};
    uint32_t count = 0;
    for (uint32_t i = 0; i < PAIRS; i++) {
        uint32_t first = number_of(source, input, 2 * i) >> bit & 1;
        uint32_t second = number_of(source, input, 2 * i + 1) >> bit & 1;
        if (first || second) code[count++] = add_register(sums[i], from[first | second << 1]);
    }
    return count;
}

/* Returns the halfwords of the block. */
static uint32_t write_block(const struct source *source, uint32_t input, uint16_t code[MOST_HALFWORDS]) {
    static const uint8_t doubled[] = {DIME_CODE_FIRST, DIME_CODE_SECOND, DIME_CODE_BOTH};
    uint32_t count = 0;
    for (uint32_t bit = 0; source->plane.most >> bit; bit++) {
        for (uint32_t i = 0; bit && i < sizeof doubled; i++)
            code[count++] = add_register(doubled[i], doubled[i]);
        count += write_bit(source, input, bit, code + count);
    }
    code[count++] = jump_register(DIME_CODE_LINK);
    return count;
}

static const char *refusal_of(const struct dime_model *model, uint32_t index, struct source *source) {
    const struct dime_model_layer *layer = &model->layers[index];
    source->layer = layer;
    if (layer->shape.kind != DIME_LAYER_FC) return "it is not fully connected";
    if (layer->outputs > DIME_CODE_OUTPUTS) return "it has more than 16 outputs";
    if (index == 0 && model->config.input_encoding == DIME_INPUT_BINARY) return "its inputs are 0 and 1";
    return dime_rows_whole(layer->format, &source->plane) ? NULL : "its format has none";
}
_Static_assert(DIME_CODE_OUTPUTS == 16, "refusal_of says so");

const char *dime_weight_code_refusal(const struct dime_model *model, uint32_t index) {
    struct source source;
    if (model->layers[0].shape.kind != DIME_LAYER_FC) return "convolutions want the room";
    return refusal_of(model, index, &source);
}

static int find_source(const struct dime_model *model, uint32_t index, struct source *source) {
    return !refusal_of(model, index, source);
}

/* Halfwords from block to block: of the longest, made even. */
static uint32_t stride_of(const struct source *source) {
    uint16_t code[MOST_HALFWORDS];
    uint32_t most = 0;
    for (uint32_t k = 0; k < source->layer->inputs; k++) {
        uint32_t count = write_block(source, k, code);
        if (count > most) most = count;
    }
    return (most + 1) / 2 * 2;
}

uint32_t dime_weight_code_bytes(const struct dime_model *model, uint32_t index) {
    struct source source;
    return find_source(model, index, &source) ? 2 * stride_of(&source) * source.layer->inputs : 0;
}

/* Bytes that the layer takes otherwise. */
static uint32_t table_bytes(const struct dime_model *model, uint32_t index) {
    return dime_layout_bytes(model, index, dime_layout_choose(model, index));
}

/* The layer that adds least flash as code, of those that are not `chosen`; layer_count where there is none.
 */
static uint32_t find_next(const struct dime_model *model, uint32_t chosen) {
    uint32_t least = UINT32_MAX, which = model->layer_count;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        uint32_t size = chosen >> i & 1 ? 0 : dime_weight_code_bytes(model, i);
        if (!size || size >= least) continue;
        least = size;
        which = i;
    }
    return which;
}

double dime_weight_code_length(const struct dime_model *model, uint32_t index) {
    struct source source;
    uint16_t code[MOST_HALFWORDS];
    double sum = 0;
    if (!find_source(model, index, &source)) return 0;
    for (uint32_t k = 0; k < source.layer->inputs; k++) sum += write_block(&source, k, code);
    return sum / source.layer->inputs;
}

void dime_weight_code_lengths(const struct dime_model *model, uint32_t index, uint8_t *lengths) {
    struct source source;
    uint16_t code[MOST_HALFWORDS];
    if (!find_source(model, index, &source)) return;
    for (uint32_t k = 0; k < source.layer->inputs; k++)
        lengths[k] = (uint8_t)write_block(&source, k, code); /* at most MOST_HALFWORDS */
}

uint32_t dime_weight_code_choose(const struct dime_model *model, uint32_t room, uint32_t *bytes) {
    uint32_t chosen = 0, all = 0;
    *bytes = 0;
    if (model->layers[0].shape.kind != DIME_LAYER_FC) return 0;
    for (uint32_t i = 0; i < model->layer_count; i++) all += table_bytes(model, i);
    for (;;) {
        uint32_t next = find_next(model, chosen);
        if (next == model->layer_count) return chosen;
        uint32_t size = dime_weight_code_bytes(model, next);
        all += size - table_bytes(model, next);
        if (size > room - *bytes || all > MOST_BYTES) return chosen;
        chosen |= 1u << next;
        *bytes += size;
    }
}

/* Words of activations whose sums 16 bits hold. */
static uint32_t words_of(const struct dime_model *model, uint32_t index, const struct source *source) {
    enum { MOST_WORDS = 128 };
    uint32_t largest = dime_layout_has_negative_inputs(model, index) ? 254 : 127;
    uint32_t words = 65535 / (source->plane.most * largest) / 4;
    return words < MOST_WORDS ? words : MOST_WORDS;
}

static void print_blocks(const struct source *source, uint32_t stride, uint32_t number, FILE *stream) {
    uint16_t code[MOST_HALFWORDS + 1];
    fprintf(stream, "static const _Alignas(4) uint16_t layer%u_blocks[%u] = {", number,
            source->layer->inputs * stride);
    for (uint32_t k = 0; k < source->layer->inputs; k++) {
        uint32_t count = write_block(source, k, code);
        for (uint32_t i = 0; i < stride; i++)
            fprintf(stream, "%s0x%04x,", i % 12 ? " " : "\n    ", i < count ? code[i] : 0);
    }
    fputs("\n};\n\n", stream);
}

void dime_weight_code_print(const struct dime_model *model, uint32_t index, const char *finish,
                            FILE *stream) {
    struct source source;
    uint32_t number = index + 1, bits, less;
    if (!find_source(model, index, &source)) return;
    uint32_t stride = stride_of(&source);
    int has_totals = dime_layout_has_negative_inputs(model, index);
    dime_rows_middle(source.plane.middle, &bits, &less);
    print_blocks(&source, stride, number, stream);
    if (has_totals) dime_layout_print_totals(source.layer, number, stream);
    fprintf(stream,
            "static const struct dime_fast_code layer%u_fast = {\n    .fast = {dime_code_run, %s},\n"
            "    .code = {\n        .blocks = layer%u_blocks,\n        .stride = %u,\n        .words = %u,\n",
            number, finish, number, 2 * stride, words_of(model, index, &source));
    if (has_totals) fprintf(stream, "        .totals = layer%u_totals,\n", number);
    fprintf(stream,
            "        .scale = %u,\n        .middle_bits = %u,\n        .middle_less = %u,\n    },\n};\n\n",
            source.plane.scale, bits, less);
}
