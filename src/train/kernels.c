/* SPDX-License-Identifier: MIT */
#include "train/kernels.h"

extern const struct dime_kernels dime_kernels_generic;
#if defined(__x86_64__)
extern const struct dime_kernels dime_kernels_avx2, dime_kernels_avx512, dime_kernels_avx512vnni;
#endif

const struct dime_kernels *dime_kernels_variant(uint32_t index) {
    if (!dime_instructions_there((enum dime_instructions)index)) return NULL;
#if defined(__x86_64__)
    if (index == DIME_INSTRUCTIONS_AVX2) return &dime_kernels_avx2;
    if (index == DIME_INSTRUCTIONS_AVX512) return &dime_kernels_avx512;
    if (index == DIME_INSTRUCTIONS_AVX512_VNNI) return &dime_kernels_avx512vnni;
#endif
    return &dime_kernels_generic;
}

const struct dime_kernels *dime_kernels_get(void) {
    return dime_kernels_variant(dime_instructions_chosen());
}

void dime_product_naive(const struct dime_product *p) {
    for (uint32_t r = 0; r < p->rows; r++) {
        for (uint32_t j = 0; j < p->columns; j++) {
            float sum = 0;
            for (uint32_t d = 0; d < p->depth; d++)
                sum += p->a[r * p->a_row + d * p->a_depth] * p->b[d * p->b_row + j];
            p->c[r * p->c_row + j] = sum;
        }
    }
}
