/* SPDX-License-Identifier: MIT */
/* Fully connected layers of narrow weights on a chip with a multiplier, behind layers of maps: activations
   are 0 or more. A weight is an unsigned number u of 2 or 4 bits, w = (u << scale) - middle, so

       sum[m] = (U[m] << scale) - middle * D,   U[m] = sum over k of u[k][m] * x[k],   D = sum of x[k]

   A word has the weights of eight outputs, four in either half: a field of each half at a time times the
   activation is two products, added up in 16-bit lanes. With 4 bits a word is of one input; with 2 bits of
   two, the second in the upper byte of either half. Inputs that are 0 are passed over. */
#ifndef DIME_FAST_MULTIPLY_H
#define DIME_FAST_MULTIPLY_H

#include "fast.h"

enum { DIME_MULTIPLY_OUTPUTS = 8 }; /* of a word */

/* U of eight outputs += what the inputs x .. end give. A lane stays below 2^16: at most 34 inputs with 4
   bits (34 x 15 x 127 = 64,770), 172 with 2 bits (172 x 3 x 127 = 65,532), of which the number is even. */
typedef void dime_multiply_add(const uint32_t *words, const int8_t *x, const int8_t *end, int32_t *sums);
dime_multiply_add dime_multiply_add_2, dime_multiply_add_4; /* fast_multiply_add.S */

struct dime_fast_multiply {
    struct dime_fast fast;
    const uint32_t *words; /* eight outputs after eight outputs; of each, input by input */
    dime_multiply_add *add;
    uint16_t inputs; /* K, with 2 bits an even number: the last one may have weights 0 */
    uint8_t most;    /* inputs of a call of `add` */
    uint8_t halves;  /* 1: a word is of two inputs */
    uint8_t scale;   /* 0 or 1 */
    uint8_t middle;  /* 1 .. 15 */
};

/* `sums` and x have room for M and K rounded up to a multiple of 8. */
void dime_multiply_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
