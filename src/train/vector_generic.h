/* SPDX-License-Identifier: MIT */
/* The vector of the variants for any processor: the compiler's own, four floats, with a fused multiply-add
   where the baseline has one (Arm). */
#ifndef DIME_TRAIN_VECTOR_GENERIC_H
#define DIME_TRAIN_VECTOR_GENERIC_H

#include <string.h>

typedef float vec __attribute__((vector_size(16)));
#define VEC_WIDTH 4

static inline vec vec_load(const float *from) {
    vec v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void vec_store(float *to, vec v) {
    memcpy(to, &v, sizeof v);
}

static inline vec vec_all(float x) {
    return (vec){x, x, x, x};
}

static inline vec vec_fma(vec a, vec b, vec c) {
#ifdef __ARM_FEATURE_FMA
    for (int i = 0; i < 4; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#else
    return a * b + c;
#endif
}

#endif
