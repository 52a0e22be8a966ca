/* SPDX-License-Identifier: MIT */
/* The PC's own weight format: every weight as its value in 16 bits, so that one dot product fits all formats
   and the processor's vector instructions. It takes the place of a model's formats in a struct dime_network
   (dime_runtime_create_host); the layers of maps go the way of host_maps.h, everything else is
   device/engine, and the answers are the same bit for bit. */
#ifndef DIME_MODEL_HOST_DOT_H
#define DIME_MODEL_HOST_DOT_H

#include "engine/engine.h"

/* Weight k of a row stands at row[k ^ DIME_HOST_SWAP], which is where the engine looks for a code of 16 bits.
   A row has an even number of entries; one behind the last weight is 0. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define DIME_HOST_SWAP 1u
#else
#define DIME_HOST_SWAP 0u
#endif

/* The fastest that this processor runs. The dot product is exact wherever the sum fits 32 bits. */
const struct dime_format *dime_host_format(void);
/* Variant by number: 0 generic, then AVX2, AVX-512, NEON; NULL where this processor cannot run it. */
#define DIME_HOST_VARIANTS 4u
const struct dime_format *dime_host_format_variant(uint32_t index);

/* Plain loop from weight `from` on: what the variants leave over. */
static inline int32_t dime_host_dot_rest(const int16_t *row, const int8_t *activations, uint32_t from,
                                         uint32_t inputs) {
    int32_t sum = 0;
    for (uint32_t k = from; k < inputs; k++) sum += row[k ^ DIME_HOST_SWAP] * activations[k];
    return sum;
}

static inline int16_t dime_host_value(uint32_t code) {
    return (int16_t)code;
}

/* For the variants' files. `codes` has no room for 2^16, and nobody asks. */
#define DIME_DEFINE_HOST_FORMAT(symbol, dot_function)                                                        \
    const struct dime_format symbol = {.name = #symbol,                                                      \
                                       .code_bits = 16,                                                      \
                                       .row_alignment = 4,                                                   \
                                       .largest = 255,                                                       \
                                       .codes = UINT16_MAX,                                                  \
                                       .value = dime_host_value,                                             \
                                       .dot = dot_function}

#endif
