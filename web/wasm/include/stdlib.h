/* SPDX-License-Identifier: MIT */
#ifndef DIME_WASM_STDLIB_H
#define DIME_WASM_STDLIB_H

#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
void qsort(void *entries, size_t count, size_t size, int (*compare)(const void *, const void *));

#endif
