/* SPDX-License-Identifier: MIT */
/* Any processor: the compiler's vectors of four, with a fused multiply-add where the baseline has one (Arm).
 */
#include <string.h>

#include "train/conv_kernels.h"

typedef float vec __attribute__((vector_size(16)));
#define VEC_WIDTH 4
#define CONV_ROWS 4
#define CONV_VECTORS 2
#define CONV_RUN 2
#define CONV_SQUARE 2

static inline vec vec_load(const float *from) {
    vec v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline void vec_store(float *to, vec v) {
    memcpy(to, &v, sizeof v);
}

static inline vec vec_all(float x) {
    return (vec){x, x, x, x};
}

static inline vec vec_fma(vec a, vec b, vec c) {
#ifdef __ARM_FEATURE_FMA
    for (int i = 0; i < 4; i++) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
    return c;
#else
    return a * b + c;
#endif
}

#define KERNELS_NAME "generic"
#define KERNELS_SYMBOL dime_conv_kernels_generic
#include "train/conv_kernels_impl.h"
