/* SPDX-License-Identifier: MIT */
#include "model/host_dot.h"

#include <stddef.h>

static int32_t dot(const void *row, const int8_t *activations, uint32_t inputs) {
    return dime_host_dot_rest(row, activations, 0, inputs);
}

static DIME_DEFINE_HOST_FORMAT(generic, dot);

#if defined(__x86_64__)
extern const struct dime_format dime_host_format_avx2, dime_host_format_avx512;

const struct dime_format *dime_host_format_variant(uint32_t index) {
    if (index == 0) return &generic;
    if (index == 1 && __builtin_cpu_supports("avx2")) return &dime_host_format_avx2;
    if (index == 2 && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return &dime_host_format_avx512;
    return NULL;
}
#elif defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
extern const struct dime_format dime_host_format_neon;

const struct dime_format *dime_host_format_variant(uint32_t index) {
    return index == 0 ? &generic : index == 3 ? &dime_host_format_neon : NULL;
}
#else
const struct dime_format *dime_host_format_variant(uint32_t index) {
    return index == 0 ? &generic : NULL;
}
#endif

const struct dime_format *dime_host_format(void) {
    const struct dime_format *best = NULL;
    for (uint32_t i = 0; i < DIME_HOST_VARIANTS; i++) {
        const struct dime_format *variant = dime_host_format_variant(i);
        if (variant) best = variant;
    }
    return best;
}
