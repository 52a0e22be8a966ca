/* SPDX-License-Identifier: MIT */
/* The vector of the kernels' AVX2 variants: eight floats. */
#ifndef DIME_TRAIN_VECTOR_AVX2_H
#define DIME_TRAIN_VECTOR_AVX2_H

#if defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>

typedef __m256 vec;
#define VEC_WIDTH 8
#define vec_load _mm256_loadu_ps
#define vec_store _mm256_storeu_ps
#define vec_all _mm256_set1_ps
#define vec_fma _mm256_fmadd_ps
#define vec_larger _mm256_max_ps
#define vec_times _mm256_mul_ps

/* The same of whole numbers; whole_pairs: sum + the products of both 16-bit halves of each word. */
typedef __m256i whole_vec;
#define whole_load(from) _mm256_loadu_si256((const __m256i *)(const void *)(from))
#define whole_all _mm256_set1_epi32
#define vec_from_whole _mm256_cvtepi32_ps
#define whole_pairs(sum, a, b) _mm256_add_epi32(sum, _mm256_madd_epi16(a, b))
#endif

#endif
