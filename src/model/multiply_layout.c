/* SPDX-License-Identifier: MIT */
#include "model/multiply_layout.h"

#include "engine/fast_multiply.h"
#include "model/unsigned_weight.h"

enum { GROUP = DIME_MULTIPLY_OUTPUTS, DESCRIPTION = 24, MOST_LANE = 65535, MOST_ACTIVATION = 127 };

int dime_multiply_shape_of(const struct dime_model_layer *layer, struct dime_multiply_shape *shape) {
    struct dime_unsigned_weight weight;
    if (!dime_unsigned_weight_of(layer->format, &weight)) return 0;
    *shape = (struct dime_multiply_shape){
        .bits = weight.bits < 2 ? 2 : weight.bits, .scale = weight.scale, .middle = weight.middle};
    return 1;
}

static uint32_t inputs_a_word(const struct dime_multiply_shape *shape) {
    return 4 / shape->bits;
}

static uint32_t words_of(const struct dime_model_layer *layer, const struct dime_multiply_shape *shape) {
    uint32_t a_word = inputs_a_word(shape);
    return (layer->outputs + GROUP - 1) / GROUP * ((layer->inputs + a_word - 1) / a_word);
}

uint32_t dime_multiply_bytes(const struct dime_model_layer *layer, const struct dime_multiply_shape *shape) {
    return 4 * words_of(layer, shape) + DESCRIPTION;
}

/* The weights of input k for eight outputs from m on, as they lie in the word of `shape`; the second input of
   a word 8 bits further. */
static uint32_t word_of(const struct dime_model_layer *layer, const struct dime_multiply_shape *shape,
                        uint32_t m, uint32_t k) {
    uint32_t word = 0;
    for (uint32_t i = 0; i < GROUP && m + i < layer->outputs && k < layer->inputs; i++) {
        int32_t value = layer->value[(size_t)(m + i) * layer->inputs + k] + (int32_t)shape->middle;
        word |= (uint32_t)value >> shape->scale << (i / 4 * 16 + i % 4 * shape->bits);
    }
    return word;
}

static void print_words(const struct dime_model_layer *layer, const struct dime_multiply_shape *shape,
                        uint32_t number, FILE *stream) {
    uint32_t at = 0;
    fprintf(stream, "static const uint32_t layer%u_words[%u] = {", number, words_of(layer, shape));
    for (uint32_t m = 0; m < layer->outputs; m += GROUP)
        for (uint32_t k = 0; k < layer->inputs; k += inputs_a_word(shape), at++) {
            uint32_t word = word_of(layer, shape, m, k);
            if (shape->bits == 2) word |= word_of(layer, shape, m, k + 1) << 8;
            fprintf(stream, "%s0x%08x,", at % 8 ? " " : "\n    ", (unsigned)word);
        }
    fputs("\n};\n\n", stream);
}

void dime_multiply_print(const struct dime_model_layer *layer, const struct dime_multiply_shape *shape,
                         const char *finish, uint32_t number, FILE *stream) {
    uint32_t a_word = inputs_a_word(shape), largest = (1u << shape->bits) - 1;
    uint32_t most = MOST_LANE / (largest * MOST_ACTIVATION) & ~1u;
    print_words(layer, shape, number, stream);
    fprintf(stream,
            "static const struct dime_fast_multiply layer%u_fast = {\n    .fast = {dime_multiply_run, %s},\n"
            "    .words = layer%u_words,\n    .add = dime_multiply_add_%u,\n    .inputs = %u,\n"
            "    .most = %u,\n    .halves = %u,\n    .scale = %u,\n    .middle = %u,\n};\n\n",
            number, finish, number, shape->bits, (layer->inputs + a_word - 1) / a_word * a_word, most,
            a_word - 1, shape->scale, shape->middle);
}
