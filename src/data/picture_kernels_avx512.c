/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512f and its companions; empty elsewhere. */
#ifdef __AVX512F__
#define PICTURE_KERNELS dime_picture_kernels_avx512
#include "data/picture_kernels_impl.h"
#else
typedef int dime_no_avx512; /* an empty file is not C */
#endif
