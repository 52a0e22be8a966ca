/* SPDX-License-Identifier: MIT */
#include "fast_slices.h"

/* Adds 1 at this slice to the outputs in `plus` and subtracts it from those in `minus`; no output is in both.
   Sums and their bias stay within 2^18, so a carry out of the last slice is one that two's complement drops.
 */
static void ripple(uint32_t *slice, const uint32_t *end, uint32_t plus, uint32_t minus) {
    uint32_t both = plus | minus;
    do {
        uint32_t old = *slice;
        *slice++ = old ^ both;
        plus &= old;
        minus &= ~old;
        both = plus | minus;
    } while (both && slice < end);
}

/* Sums begin at 0x15555 instead of 0: near numbers of alternating bits carries end soon, near 0 they change
   all the bits of a sign. */
static uint32_t first_slice(uint32_t slice) {
    return slice < DIME_SLICES - 2 && slice % 2 == 0 ? 0xFFFFFFFFu : 0;
}
enum { BIAS = 0x15555 };

static void collect(const uint32_t *slices, int32_t *sums, uint32_t outputs) {
    for (uint32_t m = 0; m < outputs; m++) {
        uint32_t sum = 0 - (slices[DIME_SLICES - 1] >> m & 1);
        for (uint32_t l = DIME_SLICES - 1; l-- > 0;) sum = sum << 1 | (slices[l] >> m & 1);
        sums[m] = (int32_t)(sum - BIAS);
    }
}

void dime_slices_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_fast_slices *slices = (const struct dime_fast_slices *)(const void *)layer->fast;
    const struct dime_slice_masks *masks = slices->masks;
    uint32_t words[DIME_SLICES];
    for (uint32_t l = 0; l < DIME_SLICES; l++) words[l] = first_slice(l);
    for (const int8_t *end = x + layer->inputs; x < end; x++, masks++) {
        /* Signed digits (Reitwiesner): a third of them is not 0, instead of half. */
        uint32_t half = (uint8_t)*x >> 1u, sum = (uint8_t)*x + half, odd = half ^ sum;
        uint32_t positive = sum & odd, negative = half & odd;
        for (uint32_t *slice = words; positive | negative; positive >>= 1, negative >>= 1, slice++)
            if (positive & 1)
                ripple(slice, words + DIME_SLICES, masks->plus, masks->minus);
            else if (negative & 1)
                ripple(slice, words + DIME_SLICES, masks->minus, masks->plus);
    }
    collect(words, sums, layer->outputs);
    slices->fast.finish(layer, sums, activations);
}
