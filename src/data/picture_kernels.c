/* SPDX-License-Identifier: MIT */
#include "data/picture_kernels.h"

extern const struct dime_picture_kernels dime_picture_kernels_generic;
#if defined(__x86_64__)
extern const struct dime_picture_kernels dime_picture_kernels_avx2, dime_picture_kernels_avx512;
#endif

const struct dime_picture_kernels *dime_picture_kernels_variant(uint32_t index) {
    if (!dime_instructions_there((enum dime_instructions)index)) return NULL;
#if defined(__x86_64__)
    if (index == DIME_INSTRUCTIONS_AVX2) return &dime_picture_kernels_avx2;
    if (index >= DIME_INSTRUCTIONS_AVX512) return &dime_picture_kernels_avx512;
#endif
    return &dime_picture_kernels_generic;
}

const struct dime_picture_kernels *dime_picture_kernels_get(void) {
    return dime_picture_kernels_variant(dime_instructions_chosen());
}
