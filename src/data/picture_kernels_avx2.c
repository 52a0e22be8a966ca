/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx2; empty elsewhere. */
#ifdef __AVX2__
#define PICTURE_KERNELS dime_picture_kernels_avx2
#include "data/picture_kernels_impl.h"
#else
typedef int dime_no_avx2; /* an empty file is not C */
#endif
