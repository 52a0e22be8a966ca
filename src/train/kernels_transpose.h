/* SPDX-License-Identifier: MIT */
/* Part of every kernel variant: the transposed copy of a weight matrix that input gradients run along. */
#ifndef DIME_TRAIN_KERNELS_TRANSPOSE_H
#define DIME_TRAIN_KERNELS_TRANSPOSE_H

#include "base/lanes.h"

#ifdef __AVX2__
#define TILE 8u

/* Eight rows of eight: neighbours are interleaved by ones, by twos, by fours. */
LANES_INLINE void transpose_tile(const float *from, size_t from_row, float *to, size_t to_row) {
    __m256 a[8], b[8];
    for (uint32_t i = 0; i < 8; i++) a[i] = _mm256_loadu_ps(from + i * from_row);
    for (uint32_t i = 0; i < 8; i += 2) {
        b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
        b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
    }
    for (uint32_t i = 0; i < 8; i += 4) {
        a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
        a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xEE);
        a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
        a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xEE);
    }
    for (uint32_t i = 0; i < 4; i++) {
        _mm256_storeu_ps(to + i * to_row, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
        _mm256_storeu_ps(to + (i + 4) * to_row, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
    }
}
#else
#define TILE 4u

LANES_INLINE void transpose_tile(const float *from, size_t from_row, float *to, size_t to_row) {
    for (uint32_t i = 0; i < TILE; i++)
        for (uint32_t j = 0; j < TILE; j++) to[j * to_row + i] = from[i * from_row + j];
}
#endif

static void transpose_plain(const float *from, size_t from_row, uint32_t rows, uint32_t columns, float *to,
                            size_t to_row) {
    for (uint32_t m = 0; m < columns; m++)
        for (uint32_t k = 0; k < rows; k++) to[m * to_row + k] = from[k * from_row + m];
}

static void transpose(const float *from, size_t from_row, uint32_t rows, uint32_t columns, float *to,
                      size_t to_row) {
    uint32_t whole_rows = rows / TILE * TILE, whole_columns = columns / TILE * TILE;
    for (uint32_t k = 0; k < whole_rows; k += TILE)
        for (uint32_t m = 0; m < whole_columns; m += TILE)
            transpose_tile(from + k * from_row + m, from_row, to + m * to_row + k, to_row);
    transpose_plain(from + whole_rows * from_row, from_row, rows - whole_rows, whole_columns, to + whole_rows,
                    to_row);
    transpose_plain(from + whole_columns, from_row, rows, columns - whole_columns,
                    to + whole_columns * to_row, to_row);
}

#endif
