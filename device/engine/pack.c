/* SPDX-License-Identifier: MIT */
#include "engine.h"
#include "format_bits.h"
#include "format_ternary.h"

static int is_ternary(const struct dime_format *format) {
    return format->row_alignment == 2;
}

uint32_t dime_format_row_bytes(const struct dime_format *format, uint32_t inputs) {
#ifndef DIME_ENGINE_NO_TERNARY /* a program may say that it has none, and is spared the division */
    if (is_ternary(format)) return (inputs + DIME_TRITS_PER_WORD - 1) / DIME_TRITS_PER_WORD * 2;
#endif
    return (inputs * format->code_bits + 31) / 32 * 4;
}

static void pack_ternary(const uint8_t *codes, uint32_t inputs, uint16_t *words) {
    for (uint32_t start = 0; start < inputs; start += DIME_TRITS_PER_WORD) {
        uint32_t number = 0;
        for (uint32_t i = start; i < start + DIME_TRITS_PER_WORD; i++)
            number = number * 3 + (i < inputs ? codes[i] : 2u); /* weight 0 beyond the end */
        /* number < 3^10 < 2^16, so the product stays below 2^32. */
        *words++ = (uint16_t)(((number << 16) + DIME_TRITS_POWER - 1) / DIME_TRITS_POWER);
    }
}

static void pack_bits(const uint8_t *codes, uint32_t inputs, uint32_t bits, uint32_t *words) {
    uint32_t word = 0, used = 0;
    for (uint32_t k = 0; k < inputs; k++) {
        uint32_t code = codes[k], room = 32 - used;
        if (bits < room) {
            word |= code << (room - bits);
            used += bits;
        } else {
            *words++ = word | code >> (bits - room);
            used = bits - room;
            word = used ? code << (32 - used) : 0;
        }
    }
    if (used) *words = word;
}

void dime_format_pack(const struct dime_format *format, const uint8_t *codes, uint32_t inputs, void *row) {
    if (is_ternary(format))
        pack_ternary(codes, inputs, row);
    else
        pack_bits(codes, inputs, format->code_bits, row);
}

uint32_t dime_format_code(const struct dime_format *format, const void *row, uint32_t index) {
    if (!is_ternary(format)) return dime_bits_code(row, index, format->code_bits);
    const uint16_t *words = row;
    uint32_t fraction = words[index / DIME_TRITS_PER_WORD], code = 0;
    for (uint32_t i = 0; i <= index % DIME_TRITS_PER_WORD; i++) code = dime_trit_next(&fraction);
    return code;
}
