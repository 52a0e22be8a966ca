/* SPDX-License-Identifier: MIT */
/* Compiled with -mavx2; empty elsewhere. */
#include "model/host_dot.h"

#ifdef __AVX2__
#include <immintrin.h>

static int32_t dot(const void *row, const int8_t *activations, uint32_t inputs) {
    const int16_t *weights = row;
    const __m128i swap = _mm_setr_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    __m256i sum = _mm256_setzero_si256();
    uint32_t k = 0;
    for (; k + 16 <= inputs; k += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(activations + k));
        __m256i pairs = _mm256_cvtepi8_epi16(_mm_shuffle_epi8(bytes, swap));
        __m256i line = _mm256_loadu_si256((const __m256i *)(const void *)(weights + k));
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, line));
    }
    __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
    half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
    return _mm_cvtsi128_si32(half) + dime_host_dot_rest(weights, activations, k, inputs);
}

DIME_DEFINE_HOST_FORMAT(dime_host_format_avx2, dot);
#else
typedef int dime_no_avx2; /* an empty file is not C */
#endif
