/* SPDX-License-Identifier: MIT */
/* Sixteen floats or whole numbers at a time, in the compilers' own vectors: one AVX-512 register, two of
   AVX2, four of SSE or NEON. Every variant does the same operations in the same order, so all give the same
   bits. */
#ifndef DIME_BASE_LANES_H
#define DIME_BASE_LANES_H

#include <stdint.h>

#include "base/processor.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

typedef float lanes __attribute__((vector_size(64)));
typedef int32_t lanes_int __attribute__((vector_size(64)));
typedef uint32_t lanes_unsigned __attribute__((vector_size(64)));
typedef float lanes_half __attribute__((vector_size(32)));
typedef float lanes_quarter __attribute__((vector_size(16)));
typedef int32_t lanes_int_half __attribute__((vector_size(32)));
typedef int32_t lanes_int_quarter __attribute__((vector_size(16)));

/* In memory: aligned like their elements, and over whatever was stored there. */
typedef float lanes_there __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t lanes_int_there __attribute__((vector_size(64), aligned(4), may_alias));

#define LANES_INLINE static inline __attribute__((always_inline))

LANES_INLINE lanes lanes_load(const float *from) {
    return *(const lanes_there *)from;
}

LANES_INLINE void lanes_store(float *to, lanes v) {
    *(lanes_there *)to = v;
}

LANES_INLINE lanes_int lanes_int_load(const void *from) {
    return *(const lanes_int_there *)from;
}

LANES_INLINE void lanes_int_store(void *to, lanes_int v) {
    *(lanes_int_there *)to = v;
}

LANES_INLINE lanes lanes_all(float x) {
    return (lanes){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

LANES_INLINE lanes_int lanes_int_all(int32_t x) {
    return (lanes_int){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
}

LANES_INLINE lanes_int lanes_index(void) {
    return (lanes_int){0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
}

/* To the nearest float; towards zero. */
LANES_INLINE lanes lanes_from_int(lanes_int v) {
    return __builtin_convertvector(v, lanes);
}

LANES_INLINE lanes_int lanes_to_int(lanes v) {
    return __builtin_convertvector(v, lanes_int);
}

/* Where the mask (0 or -1) is set; 0 elsewhere. */
LANES_INLINE lanes lanes_where(lanes_int mask, lanes v) {
    return (lanes)((lanes_int)v & mask);
}

LANES_INLINE lanes_int lanes_int_choose(lanes_int mask, lanes_int yes, lanes_int no) {
    return (yes & mask) | (no & ~mask);
}

LANES_INLINE lanes_int lanes_int_max(lanes_int a, lanes_int b) {
#ifdef __AVX512F__
    return (lanes_int)_mm512_max_epi32((__m512i)a, (__m512i)b);
#else
    return lanes_int_choose(a > b, a, b);
#endif
}

LANES_INLINE lanes_int lanes_int_min(lanes_int a, lanes_int b) {
#ifdef __AVX512F__
    return (lanes_int)_mm512_min_epi32((__m512i)a, (__m512i)b);
#else
    return lanes_int_choose(a < b, a, b);
#endif
}

LANES_INLINE lanes lanes_max(lanes a, lanes b) {
#ifdef __AVX512F__
    return (lanes)_mm512_max_ps((__m512)a, (__m512)b);
#else
    return (lanes)lanes_int_choose(a > b, (lanes_int)a, (lanes_int)b);
#endif
}

LANES_INLINE lanes lanes_sqrt(lanes v) {
#if defined(__AVX512F__)
    return (lanes)_mm512_sqrt_ps((__m512)v);
#elif defined(__AVX2__)
    union {
        lanes whole;
        __m256 half[2];
    } root = {v};
    root.half[0] = _mm256_sqrt_ps(root.half[0]);
    root.half[1] = _mm256_sqrt_ps(root.half[1]);
    return root.whole;
#else
    for (uint32_t i = 0; i < DIME_LANES; i++) v[i] = __builtin_sqrtf(v[i]);
    return v;
#endif
}

#ifdef __AVX512F__
/* Lanes whose magnitude lies outside 2^low .. 2^high. */
LANES_INLINE __mmask16 lanes_outside(lanes v, int low, int high) {
    __m512i bits = _mm512_and_si512((__m512i)v, _mm512_set1_epi32(INT32_MAX));
    bits = _mm512_sub_epi32(bits, _mm512_set1_epi32((low + 127) << 23));
    return _mm512_cmpgt_epu32_mask(bits, _mm512_set1_epi32((high - low) << 23));
}

/* Correctly rounded square roots: Goldschmidt's iteration from an estimate of 14 bits, and a last correction
   by the exact remainder (Markstein 1990). For 2^-100 <= v <= 2^100. */
LANES_INLINE __m512 lanes_refined_sqrt(__m512 v) {
    __m512 estimate = _mm512_rsqrt14_ps(v), half = _mm512_set1_ps(0.5f);
    __m512 root = _mm512_mul_ps(v, estimate), inverse = _mm512_mul_ps(estimate, half);
    __m512 error = _mm512_fnmadd_ps(root, inverse, half);
    root = _mm512_fmadd_ps(root, error, root);
    inverse = _mm512_fmadd_ps(inverse, error, inverse);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(root, root, v), inverse, root);
}

/* Correctly rounded quotients in the same way. For 2^-70 <= |a| <= 2^70 and 2^-50 <= b <= 2^51, but not for
   the mantissa of all ones, whose inverse comes out one place too small. */
LANES_INLINE __m512 lanes_refined_quotient(__m512 a, __m512 b) {
    __m512 inverse = _mm512_rcp14_ps(b), one = _mm512_set1_ps(1);
    inverse = _mm512_fmadd_ps(_mm512_fnmadd_ps(b, inverse, one), inverse, inverse);
    inverse = _mm512_fmadd_ps(_mm512_fnmadd_ps(b, inverse, one), inverse, inverse);
    __m512 quotient = _mm512_mul_ps(a, inverse);
    return _mm512_fmadd_ps(_mm512_fnmadd_ps(b, quotient, a), inverse, quotient);
}
#endif

/* a / (sqrt(v) + epsilon), each step rounded correctly. The processor's own instructions take 35 cycles, and
   the same bits can be had in half of that where nothing is near the ends of the range. epsilon <= 2^50. */
LANES_INLINE lanes lanes_over_root(lanes a, lanes v, lanes epsilon) {
#ifdef __AVX512F__
    __m512 root = _mm512_add_ps(lanes_refined_sqrt((__m512)v), (__m512)epsilon);
    __m512i mantissa = _mm512_set1_epi32(0x7FFFFF);
    __mmask16 ones = _mm512_testn_epi32_mask(_mm512_andnot_si512((__m512i)root, mantissa), mantissa);
    if (__builtin_expect(!(lanes_outside(v, -98, 98) | lanes_outside(a, -70, 70) | ones), 1))
        return (lanes)lanes_refined_quotient((__m512)a, root);
#endif
    return a / (lanes_sqrt(v) + epsilon);
}

LANES_INLINE lanes lanes_magnitude(lanes v) {
    return (lanes)((lanes_int)v & lanes_int_all(INT32_MAX));
}

/* Sums and extremes over the lanes: the upper half onto the lower one, again and again. */
LANES_INLINE float lanes_sum(lanes v) {
    union {
        lanes whole;
        lanes_half part[2];
    } one = {v};
    union {
        lanes_half whole;
        lanes_quarter part[2];
    } two = {one.part[0] + one.part[1]};
    lanes_quarter four = two.part[0] + two.part[1];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

LANES_INLINE int32_t lanes_int_sum(lanes_int v) {
    union {
        lanes_int whole;
        lanes_int_half part[2];
    } one = {v};
    union {
        lanes_int_half whole;
        lanes_int_quarter part[2];
    } two = {one.part[0] + one.part[1]};
    lanes_int_quarter four = two.part[0] + two.part[1];
    return (four[0] + four[2]) + (four[1] + four[3]);
}

LANES_INLINE int32_t lanes_int_largest(lanes_int v) {
    union {
        lanes_int whole;
        lanes_int_half part[2];
    } one = {v};
    lanes_int_half a = one.part[0], b = one.part[1], mask = a > b;
    union {
        lanes_int_half whole;
        lanes_int_quarter part[2];
    } two = {(a & mask) | (b & ~mask)};
    lanes_int_quarter c = two.part[0], d = two.part[1], larger = c > d;
    lanes_int_quarter four = (c & larger) | (d & ~larger);
    int32_t e = four[0] > four[2] ? four[0] : four[2], f = four[1] > four[3] ? four[1] : four[3];
    return e > f ? e : f;
}

/* e^x for x <= 0, 0 below -87: 2^n times a polynomial on half of ln 2 to either side (Cephes' expf), without
   fused operations. Relative error below 2e-7. */
LANES_INLINE lanes lanes_exp(lanes x) {
    const lanes magic = lanes_all(0x1.8p23f);
    lanes_int within = x > lanes_all(-87.0f);
    x = lanes_where(within, x);
    lanes n = (x * lanes_all(1.44269504088896341f) + magic) - magic;
    lanes r = (x - n * lanes_all(0.693359375f)) - n * lanes_all(-2.12194440e-4f);
    lanes p = lanes_all(1.9875691500e-4f);
    p = p * r + lanes_all(1.3981999507e-3f);
    p = p * r + lanes_all(8.3334519073e-3f);
    p = p * r + lanes_all(4.1665795894e-2f);
    p = p * r + lanes_all(1.6666665459e-1f);
    p = p * r + lanes_all(5.0000001201e-1f);
    p = (p * (r * r) + r) + lanes_all(1.0f);
    lanes power = (lanes)((lanes_to_int(n) + lanes_int_all(127)) << 23);
    return lanes_where(within, p * power);
}

#endif
