/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512vnni and its companions; empty elsewhere. */
#include "train/kernels.h"

#ifdef __AVX512VNNI__
#include <immintrin.h>

typedef __m512 vec;
#define VEC_WIDTH 16
#define VEC_ROWS 8
#define VEC_COLUMNS 2
#define vec_load _mm512_loadu_ps
#define vec_store _mm512_storeu_ps
#define vec_all _mm512_set1_ps
#define vec_fma _mm512_fmadd_ps
#define KERNELS_NAME "avx512vnni"
#define KERNELS_SYMBOL dime_kernels_avx512vnni
#define KERNELS_WHOLE
#include "train/kernels_impl.h"
#else
typedef int dime_no_avx512vnni; /* an empty file is not C */
#endif
