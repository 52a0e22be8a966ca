/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512f and its companions; empty elsewhere. */
#include "train/kernels.h"

#ifdef __AVX512F__
#include "train/vector_avx512.h"

#define VEC_ROWS 8
#define VEC_COLUMNS 2
#define KERNELS_NAME "avx512"
#define KERNELS_SYMBOL dime_kernels_avx512
#include "train/kernels_impl.h"
#else
typedef int dime_no_avx512; /* an empty file is not C */
#endif
