/* SPDX-License-Identifier: MIT */
/* Sums of narrow weights, 32 outputs in the bits of a word. A weight is an unsigned number u, w = (u <<
   scale) - middle, and each of its bits lies in a plane: an input's row has, for every 32 outputs, a word of
   each plane. The last 16 outputs or fewer take half a word, planes 2j and 2j + 1 in its halves.

       sum[m] = (U[m] << scale) - middle * D,   U[m] = sum over k of u[k][m] * x[k],   D = sum of x[k]

   For each bit of the activations the rows of the inputs that have it are counted: full adders take two rows
   and a slice, 32 one-bit numbers each, to a slice and a carry, five instructions for 32 outputs. Slice l of
   a set holds bit l of its 32 sums; a row of plane p for bit b counts from slice p + b on. At the end the
   slices are transposed to numbers. */
#ifndef DIME_FAST_PLANES_H
#define DIME_FAST_PLANES_H

#include "fast.h"

enum { DIME_PLANES_BITS = 16, DIME_PLANES_MORE_BITS = 20 }; /* slices of a set */

/* Inputs come in `runs` runs of `run` activations, 0 .. 127, `step` bytes from beginning to beginning; the
   rows of weights follow each other in that order. fast_planes_add.S knows where the members are. */
struct dime_planes {
    const uint32_t *words; /* rows; below address 2^16 */
    const uint32_t *zero;  /* a row of zeros, likewise */
    const uint8_t *places; /* for each word of a row: the slice that it counts from */
    uint16_t stride;       /* bytes from row to row */
    uint16_t run, step;
    uint16_t slices; /* of all sets, a multiple of 4 */
    uint8_t runs;
    uint8_t scale;  /* 0 or 1 */
    uint8_t middle; /* 1 .. 128 */
    uint8_t bits;   /* slices of a set: U stays below 2^bits */
    uint8_t halves; /* 1: the last set has halves */
};

/* Counts all inputs into `slices`, which it clears first; returns D. */
uint32_t dime_planes_add(const struct dime_planes *planes, const int8_t *x, uint32_t *slices);

/* From slices to values: word i of a set has the low 16 bits of output i in its lower half and those of
   output i + 16 in its upper half; further slices stay. */
void dime_planes_transpose(const struct dime_planes *planes, uint32_t *slices);
/* U of output m behind dime_planes_transpose. */
uint32_t dime_planes_value(const struct dime_planes *planes, const uint32_t *slices, uint32_t m);

/* A fully connected layer. `sums` has room for M rounded up to a multiple of 4, and the slices behind. */
struct dime_fast_planes {
    struct dime_fast fast;
    struct dime_planes planes;
};
void dime_planes_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations);

#endif
