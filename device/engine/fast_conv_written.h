/* SPDX-License-Identifier: MIT */
/* A stage with wide activations, 3x3 convolutions and 2x2 max pooling, by code that the chip writes for
   itself: weights stay data in flash, and for each kernel its nine weights become shifted additions in RAM,
   between the two parts of a loop over a row that the exporter has written for the layer's width
   (fast_conv_written.inc). The loop keeps the window in nine registers and loads one column for each output.

   The first convolution computes two rows at once, in the halves of its registers, where the channel's sums
   fit 16 signed bits for every input between the least and the greatest of the picture.
   docs/chip-convolutions.md has the figures. */
#ifndef DIME_FAST_CONV_WRITTEN_H
#define DIME_FAST_CONV_WRITTEN_H

#include <stdint.h>

/* A loop: its instructions, of which `begin` bytes come before the sum. Offsets are in bytes. */
struct dime_written_loop {
    uint16_t begin;  /* up to the sum */
    uint16_t top;    /* where the branch at its end goes */
    uint16_t branch; /* that branch */
    uint16_t bytes;  /* of all */
    _Alignas(4) uint16_t code[];
};

/* A convolution behind the first. */
struct dime_written_step {
    const struct dime_written_loop *loop;
    uint8_t has_pool; /* 1: the next layer is pooling */
};

struct dime_written {
    const struct dime_written_loop *pairs, *single; /* the first convolution */
    const struct dime_written_step *steps;          /* those behind it, in their order */
    const int8_t *weights;                          /* channel by channel, nine of each convolution */
    uint16_t between;                               /* entries of the largest map between two convolutions */
    uint16_t row;         /* outputs of the longest row behind the first convolution */
    uint8_t convolutions; /* with the first */
};

/* Runs a loop that has been written: inputs from `in` on while they are not `end`. */
void dime_written_row(const void *in, void *out, const void *end, const void *code);

/* Bytes that a sum can take: 1 to 5 digits of each of nine weights, and doublings. */
enum { DIME_WRITTEN_MOST = 9 * 5 * 4 + 8 * 2 };

/* Writes the sum of nine weights, -128 .. 127, and returns its end. */
uint16_t *dime_written_sum(const int8_t *weights, uint16_t *code);
/* Writes the loop with that sum. */
void dime_written_loop_write(const struct dime_written_loop *loop, const int8_t *weights, uint16_t *code);

#endif
