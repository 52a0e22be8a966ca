/* SPDX-License-Identifier: MIT */
#include "train/kernels.h"

#include <math.h>

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

/* One unit of a column of gradients; NaN where one of them is no finite number. */
static double column_unit(const struct dime_whole_gradient *p, uint32_t m) {
    float largest = ldexpf(1, 30 - 127);
    for (uint32_t n = 0; n < p->depth; n++) {
        float magnitude = fabsf(p->b[(size_t)n * p->columns + m]);
        if (!isfinite(magnitude)) return (double)NAN;
        largest = fmaxf(largest, magnitude);
    }
    return ldexp(1, ilogbf(largest) - 13);
}

void dime_whole_gradient_naive(const struct dime_whole_gradient *p) {
    for (uint32_t m = 0; m < p->columns; m++) {
        double unit = column_unit(p, m);
        for (uint32_t k = 0; k < p->rows; k++) {
            int64_t sum = 0;
            for (uint32_t n = 0; n < p->depth && isfinite(unit); n++)
                sum += (int64_t)p->a[n * p->a_row + k] *
                       (int64_t)nearbyint(p->b[(size_t)n * p->columns + m] / unit);
            p->c[(size_t)k * p->columns + m] = (float)sum * (float)unit;
        }
    }
}
