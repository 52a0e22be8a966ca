/* SPDX-License-Identifier: MIT */
/* The vector of the variants for any processor: the compiler's own, four floats, with a fused multiply-add
   where the baseline has one (Arm). */
#ifndef DIME_TRAIN_VECTOR_GENERIC_H
#define DIME_TRAIN_VECTOR_GENERIC_H

#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

static inline vec vec_times(vec a, vec b) {
    return a * b;
}

/* The same of whole numbers. */
typedef int32_t whole_vec __attribute__((vector_size(16)));

static inline whole_vec whole_load(const int32_t *from) {
    whole_vec v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline whole_vec whole_all(int32_t x) {
    return (whole_vec){x, x, x, x};
}

static inline vec vec_from_whole(whole_vec v) {
    return __builtin_convertvector(v, vec);
}

/* sum + the products of both 16-bit halves of each word. */
static inline whole_vec whole_pairs(whole_vec sum, whole_vec a, whole_vec b) {
#ifdef __SSE2__
    return sum + (whole_vec)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    return sum + (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
#endif
}

#endif
