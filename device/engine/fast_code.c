/* SPDX-License-Identifier: MIT */
#include "fast_code.h"

#ifdef __riscv
void dime_code_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) {
    const struct dime_code *code = &((const struct dime_fast_code *)layer->fast)->code;
    int32_t c = code->totals ? dime_fast_smallest(x, layer->inputs) : 0;
    uint32_t background = (uint8_t)c * UINT32_C(0x01010101);
    struct dime_code_taker taker = {x,
                                    x + layer->inputs,
                                    code->blocks,
                                    code->stride,
                                    background,
                                    background ^ UINT32_C(0x80808080),
                                    (uint32_t *)sums,
                                    code->words,
                                    0};
    for (uint32_t m = 0; m < DIME_CODE_OUTPUTS; m++) sums[m] = 0;
    dime_code_take(&taker);
    int32_t *end = sums + layer->outputs, largest = 0;
    uint32_t base = (taker.d << code->middle_bits) - (code->middle_less ? taker.d : 0);
    for (int32_t *sum = sums; sum < end; sum++) {
        *sum = (int32_t)(((uint32_t)*sum << code->scale) - base);
        if (*sum > largest) largest = *sum;
    }
    if (c) largest = dime_fast_correct(sums, end, code->totals, c);
    layer->fast->finish(layer, sums, activations, largest);
}
#endif
