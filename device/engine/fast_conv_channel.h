/* SPDX-License-Identifier: MIT */
/* What kernels share that compute a stage of wide activations channel by channel. */
#ifndef DIME_FAST_CONV_CHANNEL_H
#define DIME_FAST_CONV_CHANNEL_H

#include <stdint.h>

/* Inputs of a stage: least <= 0 <= most. */
struct dime_channel_range {
    int32_t least, most;
};
struct dime_channel_range dime_channel_range_of(const int8_t *input, uint32_t count);

/* 1 where the sum of nine weights fits 16 signed bits whatever the inputs in the range are. */
int dime_channel_fits_half(const int8_t *weights, const struct dime_channel_range *range);

/* 2x2 max pooling of two rows. */
void dime_channel_pool(const int32_t *upper, const int32_t *lower, int32_t *output, uint32_t count);

#endif
