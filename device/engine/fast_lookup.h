/* SPDX-License-Identifier: MIT */
/* A dense 3x3 convolution with weights -1, 0, 1 by look-up, two places at once in the halves of a word (cf.
   T-MAC, arXiv 2407.00088). For each input channel the three words of a kernel row, x[j] of one place +
   (x[j] of the other << 16), give 27 weighted sums, which are tabulated; each output channel then adds three
   of them. Additions are exact modulo 2^32, so only finished sums must fit 16 signed bits.

   A kernel row is the number of its entry, (w0 + 1) + 3 (w1 + 1) + 9 (w2 + 1), in 5 bits. A word has two
   output channels: rows 0, 1, 2 of the first from bit 2 on, then those of the second. */
#ifndef DIME_FAST_LOOKUP_H
#define DIME_FAST_LOOKUP_H

#include <stdint.h>

/* fast_lookup_add.S knows where the members are. */
struct dime_lookup {
    const uint32_t *words; /* for each input channel, output channels two by two */
    uint16_t channels;     /* C */
    uint16_t bytes;        /* of sums: M rounded up to a multiple of 2, times 4 */
    uint16_t down; /* bytes of the input from the third place of a kernel row to the first of the next */
};

/* sums[m] = that of place `one` + (that of place `other` << 16). one, other: the top left of their windows.
 */
void dime_lookup_add(const struct dime_lookup *lookup, const int8_t *one, const int8_t *other,
                     uint32_t *sums);

#endif
