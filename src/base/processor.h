/* SPDX-License-Identifier: MIT */
/* What the vector loops of this program have in common: which instruction set they use, and how rows are
   padded for them. */
#ifndef DIME_BASE_PROCESSOR_H
#define DIME_BASE_PROCESSOR_H

#include <stdint.h>

enum dime_instructions {
    DIME_INSTRUCTIONS_GENERIC,     /* whatever the program was compiled for */
    DIME_INSTRUCTIONS_AVX2,        /* with fused multiply-add */
    DIME_INSTRUCTIONS_AVX512,      /* F, DQ, BW and VL */
    DIME_INSTRUCTIONS_AVX512_VNNI, /* the same with dot products of bytes */
    DIME_INSTRUCTIONS_COUNT
};

/* 1 where this processor has them. */
int dime_instructions_there(enum dime_instructions instructions);
/* The best that there are; DIME_KERNELS=generic|avx2|avx512|avx512vnni in the environment chooses others that
 * are there.
 */
enum dime_instructions dime_instructions_chosen(void);

/* Row lengths are padded to this many floats. */
#define DIME_LANES 16u

static inline uint32_t dime_pad(uint32_t count) {
    return (count + DIME_LANES - 1) / DIME_LANES * DIME_LANES;
}

#endif
