/* SPDX-License-Identifier: MIT */
/* Any bytes as a CSV file. What is accepted must have a label and all pixels of each picture, within limits.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/csv.h"
#include "data/part.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct dime_dataset set;
    if (dime_csv_parse("fuzz", bytes, size, &set)) {
        if (set.pixels || set.labels || strpbrk(dime_error_message(), "\n\r\033")) abort();
        return 0;
    }
    if (!set.count || dime_part_check_size("fuzz", set.height, set.width)) abort();
    volatile uint8_t sum = 0;
    size_t pixels = (size_t)set.height * set.width;
    for (uint32_t i = 0; i < set.count; i++) {
        if (set.labels[i] > DIME_MAX_CLASSES - 1) abort();
        for (size_t j = 0; j < pixels; j++) sum = (uint8_t)(sum + set.pixels[i * pixels + j]);
    }
    dime_part_free(&set);
    return 0;
}
