/* SPDX-License-Identifier: MIT */
#include "base/aligned.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LINE 64u

void *dime_aligned_zeros(size_t count, size_t size) {
    if (size && count > (SIZE_MAX - LINE) / size) return NULL;
    size_t bytes = (count * size + LINE) / LINE * LINE; /* never none */
    void *memory = aligned_alloc(LINE, bytes);
    if (memory) memset(memory, 0, bytes);
    return memory;
}
