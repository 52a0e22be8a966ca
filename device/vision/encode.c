/* SPDX-License-Identifier: MIT */
#include "encode.h"

/* Four pixels, where they are zero; may overlay bytes. */
typedef uint32_t __attribute__((may_alias)) word;

/* 1 where four pixels can be taken at once from one place and put to the other. */
static int takes_words(const void *pixels, const void *output, uint32_t count) {
    return (((uintptr_t)pixels | (uintptr_t)output) & 3) == 0 && count >= 4;
}

#ifndef DIME_ENCODE_FAST /* else fast_encode.S */
/* Mean of the MNIST training images as the peers round it, 0.1307, in units of 1/10000 grey level. */
#define MEAN_TIMES_10000 333285

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

/* floor(numerator * 2^24 / denominator) modulo 2^32; denominator < 2^19. The whole part is at most 20 but for
   pictures that are grey all over. */
static uint32_t divide(uint32_t numerator, uint32_t denominator, uint32_t *remainder) {
    uint32_t quotient = 0;
    for (; numerator >= denominator; numerator -= denominator) quotient++;
    for (uint32_t i = 0; i < FRACTION_BITS; i++) {
        quotient <<= 1;
        numerator <<= 1;
        if (numerator >= denominator) {
            numerator -= denominator;
            quotient++;
        }
    }
    *remainder = numerator;
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

/* The next `size` pixels, 1 or 4. */
static word take(const uint8_t *pixels, uint32_t size) {
    return size == 4 ? *(const word *)(const void *)pixels : *pixels;
}

/* The largest distance of a pixel from the mean, in units of 5; `size` at a time, of which blank ones are
   passed over. */
static uint32_t largest_distance(const uint8_t *pixels, uint32_t count, uint32_t size) {
    uint32_t least = 255, most = 0;
    for (const uint8_t *end = pixels + count; pixels < end; pixels += size) {
        word rest = take(pixels, size);
        if (!rest) {
            least = 0;
            continue;
        }
        for (uint32_t i = size; i; i--, rest >>= 8) {
            uint32_t pixel = rest & 0xFF;
            if (pixel > most) most = pixel;
            if (pixel < least) least = pixel;
        }
    }
    int32_t above = (int32_t)most * 2000 - MEAN_TIMES_10000 / 5;
    int32_t below = MEAN_TIMES_10000 / 5 - (int32_t)least * 2000;
    return (uint32_t)(above > below ? above : below);
}

void dime_encode_mean_subtracted(const uint8_t *pixels, uint32_t count, int8_t *output) {
    uint32_t size = takes_words(pixels, output, count) && count % 4 == 0 ? 4 : 1;
    struct scale scale;
    make_scale(&scale, largest_distance(pixels, count, size));
    int8_t blank = scaled(&scale, 0);
    word blanks = (uint8_t)blank * UINT32_C(0x01010101);
    for (const uint8_t *end = pixels + count; pixels < end; pixels += size) {
        word rest = take(pixels, size);
        if (!rest && size == 4) {
            *(word *)(void *)output = blanks;
            output += 4;
            continue;
        }
        for (uint32_t i = size; i; i--, rest >>= 8) *output++ = scaled(&scale, rest & 0xFF);
    }
}
#endif

/* p >> 1 in each byte. */
void dime_encode_unsigned(const uint8_t *pixels, uint32_t count, int8_t *output) {
    for (; takes_words(pixels, output, count); pixels += 4, output += 4, count -= 4)
        *(word *)(void *)output = *(const word *)(const void *)pixels >> 1 & 0x7F7F7F7Fu;
    for (; count; count--) *output++ = (int8_t)(*pixels++ >> 1);
}

/* p >> 4 in each byte. */
void dime_encode_unsigned4(const uint8_t *pixels, uint32_t count, int8_t *output) {
    for (; takes_words(pixels, output, count); pixels += 4, output += 4, count -= 4)
        *(word *)(void *)output = *(const word *)(const void *)pixels >> 4 & 0x0F0F0F0Fu;
    for (; count; count--) *output++ = (int8_t)(*pixels++ >> 4);
}

#ifndef DIME_ENCODE_FAST
/* Bit 7 of a byte's lower seven bits + `less` says whether these reach the threshold, of which bit 7 is
   taken off; a threshold up to 128 is also reached by bit 7 alone. */
void dime_encode_binary(uint32_t threshold, const uint8_t *pixels, uint32_t count, int8_t *output) {
    const word one = 0x01010101u, top = 0x80808080u;
    word either = threshold > 128 ? 0 : top, less = ((threshold > 128 ? 256 : 128) - threshold) * one;
    for (; takes_words(pixels, output, count); pixels += 4, output += 4, count -= 4) {
        word four = *(const word *)(const void *)pixels;
        if (four) { /* threshold >= 1: blank pixels are 0 */
            word low = (four & ~top) + less;
            four = ((four & low & top) | ((four | low) & either)) >> 7;
        }
        *(word *)(void *)output = four;
    }
    for (; count; count--) *output++ = *pixels++ >= threshold;
}
#endif
