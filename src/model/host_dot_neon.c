/* SPDX-License-Identifier: MIT */
/* Arm; empty elsewhere. */
#include "model/host_dot.h"

#if defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#include <arm_neon.h>

static int32_t dot(const void *row, const int8_t *activations, uint32_t inputs) {
    const int16_t *weights = row;
    int32x4_t low = vdupq_n_s32(0), high = low;
    uint32_t k = 0;
    for (; k + 8 <= inputs; k += 8) {
        int16x8_t pairs = vrev32q_s16(vmovl_s8(vld1_s8(activations + k))), line = vld1q_s16(weights + k);
        low = vmlal_s16(low, vget_low_s16(pairs), vget_low_s16(line));
        high = vmlal_s16(high, vget_high_s16(pairs), vget_high_s16(line));
    }
    int32x4_t four = vaddq_s32(low, high);
    int32_t sum =
        vgetq_lane_s32(four, 0) + vgetq_lane_s32(four, 1) + vgetq_lane_s32(four, 2) + vgetq_lane_s32(four, 3);
    return sum + dime_host_dot_rest(weights, activations, k, inputs);
}

DIME_DEFINE_HOST_FORMAT(dime_host_format_neon, dot);
#else
typedef int dime_no_neon; /* an empty file is not C */
#endif
