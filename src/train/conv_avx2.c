/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx2 -mfma; empty elsewhere. */
#include "train/conv_kernels.h"

#if defined(__AVX2__) && defined(__FMA__)
#include "train/vector_avx2.h"

#define CONV_ROWS 6
#define CONV_VECTORS 2
#define CONV_RUN 2
#define CONV_SQUARE 2
#define KERNELS_NAME "avx2"
#define KERNELS_SYMBOL dime_conv_kernels_avx2
#include "train/conv_kernels_impl.h"
#else
typedef int dime_no_conv_avx2; /* an empty file is not C */
#endif
