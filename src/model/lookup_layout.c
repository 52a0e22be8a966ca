/* SPDX-License-Identifier: MIT */
#include "model/lookup_layout.h"

enum { DESCRIPTION = 12, ROW_BITS = 5, FIRST_BIT = 2, WEIGHTLESS = 13 };

static uint32_t words_of(const struct dime_layer *layer) {
    return (layer->outputs + 1u) / 2;
}

uint32_t dime_lookup_bytes(const struct dime_layer *layer) {
    return 4 * words_of(layer) * layer->channels + DESCRIPTION;
}

/* Kernel row i of output m and input channel c; that of an output that is not there adds nothing. */
static uint32_t row_of(const struct dime_layer *layer, const int16_t *values, uint32_t m, uint32_t c,
                       uint32_t i) {
    if (m >= layer->outputs) return WEIGHTLESS;
    const int16_t *w = values + (uint32_t)m * layer->inputs + (c * 3 + i) * 3;
    return (uint32_t)((w[0] + 1) + 3 * (w[1] + 1) + 9 * (w[2] + 1));
}

void dime_lookup_print(const struct dime_layer *layer, const int16_t *values, uint32_t number, FILE *stream) {
    uint32_t words = words_of(layer);
    fprintf(stream, "static const uint32_t layer%u_words[%u] = {", number, words * layer->channels);
    for (uint32_t at = 0; at < words * layer->channels; at++) {
        uint32_t word = 0, m = at % words * 2, c = at / words;
        for (uint32_t i = 0; i < 6; i++)
            word |= row_of(layer, values, m + i / 3, c, i % 3) << (FIRST_BIT + ROW_BITS * i);
        fprintf(stream, "%s0x%08x,", at % 8 ? " " : "\n    ", (unsigned)word);
    }
    fprintf(stream,
            "\n};\n\nstatic const struct dime_lookup layer%u_lookup = {\n    .words = layer%u_words,\n"
            "    .channels = %u,\n    .bytes = %u,\n    .down = %u,\n};\n\n",
            number, number, layer->channels, 8 * words, (layer->width - 2u) * layer->channels);
}
