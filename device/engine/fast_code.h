/* SPDX-License-Identifier: MIT */
/* Layers of up to 16 outputs whose weights have become instructions of RV32EC. As in fast_rows.h, weights are
   w = (u << scale) - middle and activations are counted from the smallest, c. The exporter writes a block of
   instructions for each input: with the activation d in s1, d << 16 in a1 and both in tp it adds u * d to the
   sums of all outputs, two of them in a register, and returns to ra. For each bit of the weights that is an
   addition for each register that needs it, and a doubling of the three. */
#ifndef DIME_FAST_CODE_H
#define DIME_FAST_CODE_H

#include "fast.h"

enum { DIME_CODE_OUTPUTS = 16 };

/* Registers by number: sums of outputs 0 and 1, 2 and 3, ..; what is added to the first, to the second, to
   both; where a block returns to. */
#define DIME_CODE_SUMS                                                                                       \
    { 5, 6, 7, 8, 12, 13, 14, 15 }
enum { DIME_CODE_FIRST = 9, DIME_CODE_SECOND = 11, DIME_CODE_BOTH = 4, DIME_CODE_LINK = 1 };

struct dime_code {
    const uint16_t *blocks; /* K blocks of `stride` bytes, a multiple of 4 */
    const int16_t *totals;  /* M sums of a row's weights, or NULL where c is always 0 */
    uint16_t stride;
    uint16_t words; /* 1..128: after so many words of activations sums of 16 bits could be full */
    uint8_t scale, middle_bits, middle_less; /* as in struct dime_rows */
};

struct dime_fast_code {
    struct dime_fast fast;
    struct dime_code code;
};

/* What takes the activations of a layer: fast_code_take.S. */
struct dime_code_taker {
    const int8_t *x, *end;  /* x: a multiple of 4 */
    const uint16_t *blocks; /* and so on as above */
    uint32_t stride;
    uint32_t background; /* c in each byte */
    uint32_t offset;     /* 128 + c in each byte */
    uint32_t *sums;      /* of u * d, 16 */
    uint32_t words;
    uint32_t d; /* comes out: the sum of d */
};
void dime_code_take(struct dime_code_taker *taker);

void dime_code_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
