/* SPDX-License-Identifier: MIT */
#include "fast_slices.h"

#if !defined __riscv
/* Adds 1 at this slice to the outputs in `plus` and subtracts it from those in `minus`; no output is in both.
   Carries end within the slices, since sums do not leave their range. */
static void ripple(uint32_t *slice, uint32_t plus, uint32_t minus) {
    while (plus | minus) {
        uint32_t old = *slice;
        *slice++ = old ^ (plus | minus);
        plus &= old;
        minus &= ~old;
    }
}

/* Activations in signed digits (Reitwiesner): a third of them is not 0, instead of half. */
void dime_slices_add(const struct dime_slice_masks *masks, const int8_t *x, const int8_t *end,
                     uint32_t *slices) {
    for (; x < end; x++, masks++) {
        uint32_t half = (uint8_t)*x >> 1u, sum = (uint8_t)*x + half, odd = half ^ sum;
        uint32_t positive = sum & odd, negative = half & odd;
        for (uint32_t *slice = slices; positive | negative; positive >>= 1, negative >>= 1, slice++)
            if (positive & 1)
                ripple(slice, masks->plus, masks->minus);
            else if (negative & 1)
                ripple(slice, masks->minus, masks->plus);
    }
}
#endif

/* Sums begin at 0x15555 instead of 0: near numbers of alternating bits carries end soon, near 0 they change
   all the bits of a sign. */
static uint32_t first_slice(uint32_t slice) {
    return slice < DIME_SLICES - 1 && slice % 2 == 0 ? 0xFFFFFFFFu : 0;
}
enum { BIAS = 0x15555 };

static void collect(const uint32_t *slices, int32_t *sums, uint32_t outputs) {
    for (uint32_t m = 0; m < outputs; m++) {
        uint32_t sum = 0;
        for (uint32_t l = DIME_SLICES; l-- > 0;) sum = sum << 1 | (slices[l] >> m & 1);
        sums[m] = (int32_t)(sum - BIAS);
    }
}

void dime_slices_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_fast_slices *fast = (const struct dime_fast_slices *)(const void *)layer->fast;
    uint32_t slices[DIME_SLICES];
    for (uint32_t l = 0; l < DIME_SLICES; l++) slices[l] = first_slice(l);
    dime_slices_add(fast->masks, x, x + layer->inputs, slices);
    collect(slices, sums, layer->outputs);
    fast->fast.finish(layer, sums, activations, dime_fast_largest(sums, sums + layer->outputs));
}
