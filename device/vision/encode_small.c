/* SPDX-License-Identifier: MIT */
#include "encode_small.h"

/* d = 2000 p - 66657, the distance from the mean in units of 1/2000 grey level, and D the largest |d|. What
   is wanted, 127 d / D + 1/2 rounded down, is the quotient of 254 d + D and 2 D. From grey level to grey
   level it grows by a few, without a division. */
#define PIXEL 2000
#define MEAN 66657

/* With 256 D added what is divided is D .. 511 D for levels that occur, and below 2^28, since D <= 255 PIXEL
   - MEAN. For levels that do not it may be below 0, where nothing is counted yet, or give what does not fit,
   and is not used. */
static void make_table(int8_t table[256], int32_t largest) {
    int32_t rest = 257 * largest - 254 * MEAN, quotient = 128;
    for (int level = 0; level < 256; level++) {
        for (; rest >= 2 * largest; rest -= 2 * largest) quotient++;
        table[level] = (int8_t)quotient;
        rest += 254 * PIXEL;
    }
}

/* Not part of a caller, whose stack the table would be on while the network runs. */
__attribute__((noinline)) void dime_encode_mean_subtracted_small(const uint8_t *pixels, uint32_t count,
                                                                 int8_t *output) {
    int8_t table[256];
    int32_t largest = 0;
    for (uint32_t i = 0; i < count; i++) {
        int32_t d = pixels[i] * PIXEL - MEAN;
        if (d < 0) d = -d;
        if (d > largest) largest = d;
    }
    make_table(table, largest);
    for (uint32_t i = 0; i < count; i++) output[i] = table[pixels[i]];
}
