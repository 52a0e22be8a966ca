/* SPDX-License-Identifier: MIT */
/* Any bytes as an IDX file of pictures and of labels, plain or gzip. What is accepted must be whole. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void parse(const uint8_t *bytes, size_t size, uint32_t rank) {
    uint8_t *copy = malloc(size + 1);
    struct dime_idx idx;
    if (!copy) abort();
    if (size) memcpy(copy, bytes, size);
    if (dime_idx_parse("fuzz", copy, size, rank, &idx)) {
        if (idx.data) abort();
        return;
    }
    uint64_t product = 1;
    for (uint32_t i = 0; i < rank; i++) product *= idx.shape[i];
    if (product != idx.size) abort();
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < idx.size; i++) sum = (uint8_t)(sum + idx.data[i]);
    dime_idx_free(&idx);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    parse(bytes, size, 3);
    parse(bytes, size, 1);
    return 0;
}
