/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512f and its companions; empty elsewhere. */
#include "train/conv_kernels.h"

#ifdef __AVX512F__
#include <immintrin.h>

typedef __m512 vec;
#define VEC_WIDTH 16
#define CONV_ROWS 12
#define CONV_VECTORS 2
#define CONV_RUN 7
#define CONV_SQUARE 6
#define vec_load _mm512_loadu_ps
#define vec_store _mm512_storeu_ps
#define vec_all _mm512_set1_ps
#define vec_fma _mm512_fmadd_ps
#define vec_larger _mm512_max_ps
#define KERNELS_NAME "avx512"
#define KERNELS_SYMBOL dime_conv_kernels_avx512
#include "train/conv_kernels_impl.h"
#else
typedef int dime_no_conv_avx512; /* an empty file is not C */
#endif
