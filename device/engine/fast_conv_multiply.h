/* SPDX-License-Identifier: MIT */
/* A stage with wide activations, 3x3 convolutions and 2x2 max pooling, for a chip with a multiplier. Weights
   stay data; what runs over a map is a loop that the exporter writes for the layer's width
   (fast_conv_multiply.inc), with the nine weights of a channel in registers.

   The first convolution takes two channels at once where their sums fit 16 signed bits for all inputs from
   the smallest to the largest of the picture: one multiplication by w[m] + (w[m'] << 16) serves both. Its map
   has a word for each place, one channel in either half. docs/chip-convolutions.md has the figures. */
#ifndef DIME_FAST_CONV_MULTIPLY_H
#define DIME_FAST_CONV_MULTIPLY_H

#include <stdint.h>

/* The loops of one convolution. weights: nine of a channel, or of two. From a map of int8, of 16-bit halves
   of words, or of words, to halves or words; only words to words may lie in one place. */
typedef void dime_multiply_map(const void *from, void *to, const int32_t weights[9]);

/* A convolution behind the first. */
struct dime_multiply_step {
    dime_multiply_map *run;
    uint8_t layers; /* that it stands for: 2 with the pooling behind it, else 1 */
};

struct dime_multiply {
    dime_multiply_map *pairs, *single;      /* the first convolution */
    const struct dime_multiply_step *steps; /* those behind it, in their order */
    const int8_t *weights;                  /* channel by channel, nine of each convolution */
    const uint8_t *order;                   /* the output of each channel, in the order of the weights */
    uint8_t convolutions;                   /* with the first */
};

#endif
