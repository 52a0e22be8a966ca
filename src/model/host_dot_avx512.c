/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx512bw and its companions; empty elsewhere. */
#include "model/host_dot.h"

#ifdef __AVX512BW__
#include <immintrin.h>

static inline __m512i products(const int16_t *weights, const int8_t *activations, __mmask32 wanted) {
    __m512i pairs = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(wanted, activations));
    /* A last weight without a neighbour stands in the place behind it. */
    __mmask32 stored = wanted | (wanted & UINT32_C(0x55555555)) << 1;
    return _mm512_madd_epi16(_mm512_rol_epi32(pairs, 16), _mm512_maskz_loadu_epi16(stored, weights));
}

static int32_t dot(const void *row, const int8_t *activations, uint32_t inputs) {
    const int16_t *weights = row;
    __m512i sum = _mm512_setzero_si512();
    uint32_t k = 0;
    for (; k + 32 <= inputs; k += 32)
        sum = _mm512_add_epi32(sum, products(weights + k, activations + k, UINT32_MAX));
    if (k < inputs)
        sum =
            _mm512_add_epi32(sum, products(weights + k, activations + k, UINT32_MAX >> (32 - (inputs - k))));
    return _mm512_reduce_add_epi32(sum);
}

DIME_DEFINE_HOST_FORMAT(dime_host_format_avx512, dot);
#else
typedef int dime_no_avx512; /* an empty file is not C */
#endif
