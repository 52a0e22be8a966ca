/* SPDX-License-Identifier: MIT */
/* Any processor. */
#define PICTURE_KERNELS dime_picture_kernels_generic
#include "data/picture_kernels_impl.h"
