/* SPDX-License-Identifier: MIT */
/* From a real weight to a weight value of its format, one element at a time; inline so that every
   instruction-set variant of the training kernels compiles it. No operation here may be contracted into a
   fused multiply-add
   (-ffp-contract=off), so that all variants and the model writer agree to the bit. */
#ifndef DIME_MODEL_QUANTIZE_LEVEL_H
#define DIME_MODEL_QUANTIZE_LEVEL_H

#include <string.h>

#include "model/formats.h"

/* To nearest, ties to even, for |x| < 2^22. */
static inline float dime_round_even(float x) {
    const float magic = 0x1.8p23f;
    return (x + magic) - magic;
}

static inline float dime_clamp(float x, float low, float high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

/* Symmetric levels without zero: odd values -(2h-1) .. 2h-1; x in units of one level distance. */
static inline float dime_level_symmetric(float x, float h) {
    return 2.0f * dime_round_even(dime_clamp(x - 0.5f, -h, h - 1.0f)) + 1.0f;
}

/* Power of two nearest to |x|, 1 .. 128, with the sign of x: the exponent of 4/3 |x| switches at 1.5 * 2^e.
 */
static inline float dime_level_power(float x) {
    float size = dime_clamp((x < 0 ? -x : x) * (4.0f / 3.0f), 1.0f, 255.0f);
    uint32_t bits;
    memcpy(&bits, &size, sizeof bits);
    bits &= UINT32_C(0xFF800000);
    memcpy(&size, &bits, sizeof size);
    return x < 0 ? -size : size;
}

/* Nearest NF4 level in units of 1/127: a sum of steps at the midpoints between neighbouring levels. */
static inline float dime_level_nf4(float x) {
    static const float levels[16] = {-127, -88, -67, -50, -36, -23, -12, 0, 10, 20, 31, 43, 56, 71, 92, 127};
    float level = levels[0];
    for (int i = 0; i < 15; i++)
        level += x > 0.5f * (levels[i] + levels[i + 1]) ? levels[i + 1] - levels[i] : 0.0f;
    return level;
}

/* 0, 1, 2 or 4 nearest to |x|, the larger of two equally near, with the sign of x. */
static inline float dime_level_pot3(float x) {
    float size = x < 0 ? -x : x;
    float level = (size >= 0.5f ? 1.0f : 0.0f) + (size >= 1.5f ? 1.0f : 0.0f) + (size >= 3.0f ? 2.0f : 0.0f);
    return x < 0 ? -level : level;
}

/* The value of the format that stands for x, where x is the weight divided by the unit of dime_format_unit().
 */
static inline float dime_format_level(enum dime_format_id format, float x) {
    switch (format) {
    case DIME_FORMAT_BINARY:
    case DIME_FORMAT_BINARYSYM:
        return x >= 0 ? 1.0f : -1.0f;
    case DIME_FORMAT_TERNARY:
        return dime_round_even(dime_clamp(x, -1.0f, 1.0f));
    case DIME_FORMAT_2BITSYM:
        return dime_level_symmetric(x, 2.0f);
    case DIME_FORMAT_4BITSYM:
        return dime_level_symmetric(x, 8.0f);
    case DIME_FORMAT_5BITSYM:
        return dime_level_symmetric(x, 16.0f);
    case DIME_FORMAT_4BIT:
        return dime_round_even(dime_clamp(x, -8.0f, 7.0f));
    case DIME_FORMAT_8BIT:
        return dime_round_even(dime_clamp(x, -128.0f, 127.0f));
    case DIME_FORMAT_FP130:
        return dime_level_power(x);
    case DIME_FORMAT_NF4:
        return dime_level_nf4(x);
    case DIME_FORMAT_POT3:
        return dime_level_pot3(x);
    case DIME_FORMAT_NONE:
    case DIME_FORMAT_COUNT:
        break;
    }
    return x;
}

/* out[i] = level(w[i] * inverse_unit[i] - offset[i]) for one run of weights; the switch leaves the loop. */
static inline void dime_quantize_run(enum dime_format_id format, const float *w, const float *inverse_unit,
                                     const float *offset, uint32_t count, float *out) {
#define DIME_CASE(id)                                                                                        \
    case id:                                                                                                 \
        for (uint32_t i = 0; i < count; i++) {                                                               \
            float scaled = w[i] * inverse_unit[i];                                                           \
            out[i] = dime_format_level(id, scaled - offset[i]);                                              \
        }                                                                                                    \
        break
    switch (format) {
        DIME_CASE(DIME_FORMAT_BINARY);
        DIME_CASE(DIME_FORMAT_BINARYSYM);
        DIME_CASE(DIME_FORMAT_TERNARY);
        DIME_CASE(DIME_FORMAT_2BITSYM);
        DIME_CASE(DIME_FORMAT_4BIT);
        DIME_CASE(DIME_FORMAT_4BITSYM);
        DIME_CASE(DIME_FORMAT_5BITSYM);
        DIME_CASE(DIME_FORMAT_8BIT);
        DIME_CASE(DIME_FORMAT_FP130);
        DIME_CASE(DIME_FORMAT_NF4);
        DIME_CASE(DIME_FORMAT_POT3);
        DIME_CASE(DIME_FORMAT_NONE);
    case DIME_FORMAT_COUNT:
        break;
    }
#undef DIME_CASE
}

#endif
