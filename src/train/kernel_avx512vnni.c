/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512vnni and its companions; empty elsewhere. */
#include "train/kernels.h"

#ifdef __AVX512VNNI__
#include "train/vector_avx512.h"

#define VEC_ROWS 8
#define VEC_COLUMNS 2
#define KERNELS_NAME "avx512vnni"
#define KERNELS_SYMBOL dime_kernels_avx512vnni
#define KERNELS_WHOLE
#include "train/kernels_impl.h"
#else
typedef int dime_no_avx512vnni; /* an empty file is not C */
#endif
