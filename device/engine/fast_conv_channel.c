/* SPDX-License-Identifier: MIT */
#include "fast_conv_channel.h"

enum { TAPS = 9 };

struct dime_channel_range dime_channel_range_of(const int8_t *input, uint32_t count) {
    struct dime_channel_range range = {0, 0};
    for (const int8_t *end = input + count; input < end; input++) {
        if (*input < range.least) range.least = *input;
        if (*input > range.most) range.most = *input;
    }
    return range;
}

/* Sums of weights are at most 9 * 128, those with inputs below 2^19. */
int dime_channel_fits_half(const int8_t *weights, const struct dime_channel_range *range) {
    int32_t above = 0, below = 0;
    for (uint32_t i = 0; i < TAPS; i++)
        if (weights[i] > 0)
            above += weights[i];
        else
            below -= weights[i];
    return above * range->most - below * range->least <= INT16_MAX &&
           above * range->least - below * range->most >= INT16_MIN;
}

void dime_channel_pool(const int32_t *upper, const int32_t *lower, int32_t *output, uint32_t count) {
    for (const int32_t *end = output + count; output < end; upper += 2, lower += 2) {
        int32_t most = upper[0];
        if (upper[1] > most) most = upper[1];
        if (lower[0] > most) most = lower[0];
        if (lower[1] > most) most = lower[1];
        *output++ = most;
    }
}
