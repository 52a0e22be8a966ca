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
#endif

#endif
