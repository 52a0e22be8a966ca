/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx2 and its companions; empty elsewhere. */
#ifdef __AVX2__
#define HOST_MAPS dime_host_maps_avx2
#include "model/host_maps_impl.h"
#else
typedef int dime_no_avx2; /* an empty file is not C */
#endif
