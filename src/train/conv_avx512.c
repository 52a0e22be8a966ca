/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512f and its companions; empty elsewhere. */
#include "train/conv_kernels.h"

#ifdef __AVX512F__
#include "train/vector_avx512.h"

#define CONV_ROWS 12
#define CONV_VECTORS 2
#define CONV_RUN 7
#define CONV_SQUARE 6
#define KERNELS_NAME "avx512"
#define KERNELS_SYMBOL dime_conv_kernels_avx512
#include "train/conv_kernels_impl.h"
#else
typedef int dime_no_conv_avx512; /* an empty file is not C */
#endif
