/* SPDX-License-Identifier: MIT */
/* Any processor. */
#include "train/kernels.h"
#include "train/vector_generic.h"

#define VEC_ROWS 2
#define VEC_COLUMNS 4

#define KERNELS_NAME "generic"
#define KERNELS_SYMBOL dime_kernels_generic
#include "train/kernels_impl.h"
