/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512f and its companions; empty elsewhere. */
#ifdef __AVX512F__
#define HOST_MAPS dime_host_maps_avx512
#include "model/host_maps_impl.h"
#else
typedef int dime_no_avx512; /* an empty file is not C */
#endif
