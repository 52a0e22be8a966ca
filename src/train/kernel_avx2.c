/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx2 -mfma; empty elsewhere. */
#include "train/kernels.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "train/vector_avx2.h"

#define VEC_ROWS 4
#define VEC_COLUMNS 2
#define KERNELS_NAME "avx2"
#define KERNELS_SYMBOL dime_kernels_avx2
#include "train/kernels_impl.h"
#else
typedef int dime_no_avx2; /* an empty file is not C */
#endif
