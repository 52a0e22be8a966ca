/* SPDX-License-Identifier: MIT */
/* What computes each layer of an image, where, for how long, and why nothing faster does. */
#ifndef DIME_FIRMWARE_EXPLAIN_H
#define DIME_FIRMWARE_EXPLAIN_H

#include "firmware/build.h"

/* One layer, or a convolution with the pooling behind it. */
struct dime_firmware_layer {
    uint32_t first, last;  /* indices */
    const char *kernel;    /* its name in kernels.h */
    const char *place;     /* where its inner loop runs: "RAM" or "flash" */
    uint32_t weight_bytes; /* of flash: weights, tables, code that is made of weights */
    uint64_t cycles;       /* predicted; 0: not known */
    char why[200];         /* "code would take 1,203 cycles, but needs 312 bytes more flash than there are" */
};

/* activity: NULL where the model's is not known; cycles are 0 then, and kernels compared as if half of the
   inputs were active. Returns how many. */
uint32_t dime_firmware_explain(const struct dime_firmware_report *report, const struct dime_model *model,
                               const struct dime_activity *activity,
                               struct dime_firmware_layer layers[DIME_MAX_LAYERS]);

#endif
