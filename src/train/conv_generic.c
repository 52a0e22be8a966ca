/* SPDX-License-Identifier: MIT */
/* Any processor. */
#include "train/conv_kernels.h"
#include "train/vector_generic.h"

#define CONV_ROWS 4
#define CONV_VECTORS 2
#define CONV_RUN 2
#define CONV_SQUARE 2

#define KERNELS_NAME "generic"
#define KERNELS_SYMBOL dime_conv_kernels_generic
#include "train/conv_kernels_impl.h"
