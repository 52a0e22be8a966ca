/* SPDX-License-Identifier: MIT */
#include "base/processor.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
static int has_avx2(void) {
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void) {
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}

static int has_vnni(void) {
    return has_avx512() && __builtin_cpu_supports("avx512vnni");
}
#else
static int has_avx2(void) {
    return 0;
}

static int has_avx512(void) {
    return 0;
}

static int has_vnni(void) {
    return 0;
}
#endif

int dime_instructions_there(enum dime_instructions instructions) {
    if (instructions == DIME_INSTRUCTIONS_AVX2) return has_avx2();
    if (instructions == DIME_INSTRUCTIONS_AVX512) return has_avx512();
    if (instructions == DIME_INSTRUCTIONS_AVX512_VNNI) return has_vnni();
    return instructions == DIME_INSTRUCTIONS_GENERIC;
}

enum dime_instructions dime_instructions_chosen(void) {
    static const char *const names[DIME_INSTRUCTIONS_COUNT] = {"generic", "avx2", "avx512", "avx512vnni"};
    const char *wanted = getenv("DIME_KERNELS");
    enum dime_instructions best = DIME_INSTRUCTIONS_GENERIC;
    for (uint32_t i = 0; i < DIME_INSTRUCTIONS_COUNT; i++) {
        if (!dime_instructions_there((enum dime_instructions)i)) continue;
        best = (enum dime_instructions)i;
        if (wanted && strcmp(wanted, names[i]) == 0) break;
    }
    return best;
}
