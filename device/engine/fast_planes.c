/* SPDX-License-Identifier: MIT */
#include "fast_planes.h"

#if !defined __riscv
/* What fast_planes_add.S does, a row at a time. The sums are below 2^bits, so carries end in their set. */
static void count_row(const struct dime_planes *planes, const uint32_t *row, uint32_t bit, uint32_t *slices) {
    for (uint32_t i = 0; i < planes->stride / 4u; i++) {
        uint32_t carry = row[i];
        for (uint32_t *slice = slices + planes->places[i] + bit; carry; slice++) {
            uint32_t old = *slice;
            *slice = old ^ carry;
            carry &= old;
        }
    }
}

uint32_t dime_planes_add(const struct dime_planes *planes, const int8_t *x, uint32_t *slices) {
    const uint32_t *row = planes->words;
    uint32_t sum = 0;
    for (uint32_t i = 0; i < planes->slices; i++) slices[i] = 0;
    for (uint32_t left = planes->runs; left > 0; left--, x += planes->step)
        for (uint32_t i = 0; i < planes->run; i++, row += planes->stride / 4) {
            sum += (uint8_t)x[i];
            for (uint32_t bit = 0; bit < 7; bit++)
                if (x[i] >> bit & 1) count_row(planes, row, bit, slices);
        }
    return sum;
}
#endif

/* Both halves of 16 words at once: bit j of word i changes places with bit i of word j, first in squares of
   eight by eight, at last bit by bit (Warren, Hacker's Delight, section 7-3). */
static void transpose(uint32_t *words) {
    uint32_t mask = 0x00FF00FF;
    for (uint32_t size = 8; size > 0; size >>= 1, mask ^= mask << size)
        for (uint32_t i = 0; i < 16; i = (i + size + 1) & ~size) {
            uint32_t change = (words[i] >> size ^ words[i + size]) & mask;
            words[i + size] ^= change;
            words[i] ^= change << size;
        }
}

void dime_planes_transpose(const struct dime_planes *planes, uint32_t *slices) {
    const uint32_t *end = slices + planes->slices;
    for (; slices < end; slices += planes->bits) transpose(slices);
}

/* The bits above 16. */
static uint32_t high_bits(const struct dime_planes *planes, const uint32_t *set, uint32_t lane) {
    uint32_t value = 0;
    for (uint32_t l = planes->bits; l-- > 16;) value = value << 1 | (set[l] >> lane & 1);
    return value << 16;
}

uint32_t dime_planes_value(const struct dime_planes *planes, const uint32_t *slices, uint32_t m) {
    const uint32_t *set = slices;
    uint32_t lane = m;
    for (; lane >= 32; lane -= 32) set += planes->bits;
    uint32_t word = set[lane & 15], low = word & 0xFFFF, high = word >> 16;
    if (planes->bits > 16) {
        low |= high_bits(planes, set, lane & 15);
        high |= high_bits(planes, set, (lane & 15) + 16);
    }
    if (set + planes->bits == slices + planes->slices && planes->halves) return low + 2 * high;
    return lane < 16 ? low : high;
}

void dime_planes_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_fast_planes *fast = (const struct dime_fast_planes *)(const void *)layer->fast;
    const struct dime_planes *planes = &fast->planes;
    uint32_t *slices = (uint32_t *)sums + ((layer->outputs + 3u) & ~3u);
    uint32_t base = dime_planes_add(planes, x, slices) * planes->middle;
    dime_planes_transpose(planes, slices);
    int32_t largest = 0;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        sums[m] = (int32_t)((dime_planes_value(planes, slices, m) << planes->scale) - base);
        if (sums[m] > largest) largest = sums[m];
    }
    fast->fast.finish(layer, sums, activations, largest);
}
