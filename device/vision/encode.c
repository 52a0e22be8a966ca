/* SPDX-License-Identifier: MIT */
#include "encode.h"

/* Mean of the MNIST training images as the peers round it, 0.1307, in units of 1/10000 grey level. */
#define MEAN_TIMES_10000 333285

/* Four pixels, where they are zero; may overlay bytes. */
typedef uint32_t __attribute__((may_alias)) word;

/* x(p) = floor(254000 (p - 33.3285) / (D / 5) + 1/2) for grey level p, in units of 2^-24 and modulo 2^32, as
   the sum of an entry for each half of p. Entries are rounded down by less than a unit each, and 2 are added:
   so a sum is up to 3 units above what it should be, and never below. The exact numbers are multiples of 1 /
   (2 D / 5), which is above 2^-20, so none of them gets past the next integer. */
struct scale {
    uint32_t low[16], high[16];
};
#define STEP 254000u   /* 127 * 10000 / 5 */
#define START 8465439u /* 127 * MEAN_TIMES_10000 / 5 */
#define FRACTION_BITS 24

/* floor(numerator * 2^24 / denominator) modulo 2^32; numerator < 2^24, denominator < 2^19. */
static uint32_t divide(uint32_t numerator, uint32_t denominator, uint32_t *remainder) {
    uint32_t quotient = 0, rest = 0;
    numerator <<= 32 - FRACTION_BITS;
    for (uint32_t i = 0; i < 2 * FRACTION_BITS; i++) {
        quotient <<= 1;
        rest = rest << 1 | numerator >> 31;
        numerator <<= 1;
        if (rest >= denominator) {
            rest -= denominator;
            quotient++;
        }
    }
    *remainder = rest;
    return quotient;
}

/* Multiples of a step, with the remainders carried; returns the 16th. */
static uint32_t fill_multiples(uint32_t *entry, uint32_t start, uint32_t step, uint32_t remainder,
                               uint32_t denominator, uint32_t *left) {
    uint32_t value = start, rest = 0;
    for (uint32_t *end = entry + 16; entry < end; entry++) {
        *entry = value;
        value += step;
        rest += remainder;
        if (rest >= denominator) {
            rest -= denominator;
            value++;
        }
    }
    *left = rest;
    return value;
}

static void make_scale(struct scale *scale, uint32_t denominator) {
    uint32_t remainder, left;
    uint32_t step = divide(STEP, denominator, &remainder);
    step = fill_multiples(scale->low, 0, step, remainder, denominator, &remainder);
    uint32_t start = (UINT32_C(1) << (FRACTION_BITS - 1)) + 2 - divide(START, denominator, &left);
    fill_multiples(scale->high, start, step, remainder, denominator, &left);
}

static int8_t scaled(const struct scale *scale, uint32_t pixel) {
    uint32_t value = scale->high[pixel >> 4] + scale->low[pixel & 15];
    return (int8_t)((int32_t)value >> FRACTION_BITS);
}

static int is_aligned(const void *pixels) {
    return ((uintptr_t)pixels & 3) == 0;
}

/* 1 where four pixels can be taken at once, and are zero. */
static int begins_blank(const uint8_t *pixels, const uint8_t *end) {
    return is_aligned(pixels) && end - pixels >= 4 && !*(const word *)(const void *)pixels;
}

/* The largest distance of a pixel from the mean, in units of 5. */
static uint32_t largest_distance(const uint8_t *pixels, uint32_t count) {
    uint32_t least = 255, most = 0;
    for (const uint8_t *end = pixels + count; pixels < end; pixels++) {
        if (begins_blank(pixels, end)) pixels += 3;
        if (*pixels < least) least = *pixels;
        if (*pixels > most) most = *pixels;
    }
    int32_t above = (int32_t)most * 2000 - MEAN_TIMES_10000 / 5;
    int32_t below = MEAN_TIMES_10000 / 5 - (int32_t)least * 2000;
    return (uint32_t)(above > below ? above : below);
}

void dime_encode_mean_subtracted(const uint8_t *pixels, uint32_t count, int8_t *output) {
    struct scale scale;
    make_scale(&scale, largest_distance(pixels, count));
    word blank = (uint8_t)scaled(&scale, 0) * UINT32_C(0x01010101);
    for (const uint8_t *end = pixels + count; pixels < end;) {
        if (begins_blank(pixels, end) && is_aligned(output)) {
            *(word *)(void *)output = blank;
            pixels += 4;
            output += 4;
        } else {
            *output++ = scaled(&scale, *pixels++);
        }
    }
}

/* Four pixels at a time where memory is aligned: p >> 1 in each byte. */
void dime_encode_unsigned(const uint8_t *pixels, uint32_t count, int8_t *output) {
    const uint8_t *end = pixels + count;
    if (is_aligned(pixels) && is_aligned(output))
        for (; end - pixels >= 4; pixels += 4, output += 4)
            *(word *)(void *)output = *(const word *)(const void *)pixels >> 1 & 0x7F7F7F7Fu;
    while (pixels < end) *output++ = (int8_t)(*pixels++ >> 1);
}

void dime_encode_binary(uint32_t threshold, const uint8_t *pixels, uint32_t count, int8_t *output) {
    const uint8_t *end = pixels + count;
    while (pixels < end) {
        if (begins_blank(pixels, end) && is_aligned(output)) {
            *(word *)(void *)output = 0; /* threshold >= 1 */
            pixels += 4;
            output += 4;
        } else {
            *output++ = *pixels++ >= threshold;
        }
    }
}
