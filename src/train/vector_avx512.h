/* SPDX-License-Identifier: MIT */
/* The vector of the kernels' AVX-512 variants: sixteen floats. */
#ifndef DIME_TRAIN_VECTOR_AVX512_H
#define DIME_TRAIN_VECTOR_AVX512_H

#ifdef __AVX512F__
#include <immintrin.h>

typedef __m512 vec;
#define VEC_WIDTH 16
#define vec_load _mm512_loadu_ps
#define vec_store _mm512_storeu_ps
#define vec_all _mm512_set1_ps
#define vec_fma _mm512_fmadd_ps
#define vec_larger _mm512_max_ps
#define vec_times _mm512_mul_ps

/* The same of whole numbers; whole_pairs: sum + the products of both 16-bit halves of each word. */
typedef __m512i whole_vec;
#define whole_load(from) _mm512_loadu_si512(from)
#define whole_all _mm512_set1_epi32
#define vec_from_whole _mm512_cvtepi32_ps
#ifdef __AVX512VNNI__
/* Instructions by name, since GCC 12 copies every sum that it passes through _mm512_dpwssd_epi32 to another
   register and back, in every round of a loop. */
static inline __m512i whole_pairs(__m512i sum, __m512i a, __m512i b) {
    __asm__("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
/* sum + the products of the four bytes of each word, unsigned by signed. */
static inline __m512i whole_fours(__m512i sum, __m512i a, __m512i b) {
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
    return sum;
}
#else
#define whole_pairs(sum, a, b) _mm512_add_epi32(sum, _mm512_madd_epi16(a, b))
#endif
#endif

#endif
