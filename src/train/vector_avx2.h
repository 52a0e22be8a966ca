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
#endif

#endif
