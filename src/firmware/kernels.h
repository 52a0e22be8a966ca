/* SPDX-License-Identifier: MIT */
/* Which kernel computes a layer of an image. */
#ifndef DIME_FIRMWARE_KERNELS_H
#define DIME_FIRMWARE_KERNELS_H

#include "firmware/build.h"

struct dime_firmware_kernel {
    const char *name; /* "rows", "table", "code for two outputs at once", "reference" ... */
    /* What the names of its inner loop's functions begin with; NULL: code that is made of weights, which
       stays in flash. */
    const char *loop;
};

/* The kernel of layer `index` with these convolutions (NULL: none is code). */
struct dime_firmware_kernel dime_firmware_kernel_of(const struct dime_chip *chip, enum dime_kernels kernels,
                                                    const struct dime_conv_plan *convolutions,
                                                    const struct dime_model *model, uint32_t index);

#endif
