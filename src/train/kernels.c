/* SPDX-License-Identifier: MIT */
#include "train/kernels.h"

#include <stdlib.h>
#include <string.h>

extern const struct dime_kernels dime_kernels_generic;

#if defined(__x86_64__)
extern const struct dime_kernels dime_kernels_avx2, dime_kernels_avx512;

static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

const struct dime_kernels *dime_kernels_variant(uint32_t index) {
    if (index == 0) return &dime_kernels_generic;
    if (index == 1 && has_avx2()) return &dime_kernels_avx2;
    if (index == 2 && has_avx512()) return &dime_kernels_avx512;
    return NULL;
}
#else
const struct dime_kernels *dime_kernels_variant(uint32_t index) {
    return index == 0 ? &dime_kernels_generic : NULL;
}
#endif

const struct dime_kernels *dime_kernels_get(void) {
    const char *wanted = getenv("DIME_KERNELS");
    const struct dime_kernels *best = NULL, *variant;
    for (uint32_t i = 0; i < 3; i++) {
        variant = dime_kernels_variant(i);
        if (!variant) continue;
        if (wanted && strcmp(wanted, variant->name) == 0) return variant;
        best = variant;
    }
    return best;
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
