/* SPDX-License-Identifier: MIT */
#include "reading.h"

#define SURE_SHIFT 5

/* Logits are below 2^24, so that no difference overflows. */
void dime_reading_judge(struct dime_reading *reading, const int32_t *logits, uint32_t classes) {
    int32_t largest = logits[reading->best], second = INT32_MIN, least = largest;
    for (uint32_t i = 0; i < classes; i++) {
        if (logits[i] < least) least = logits[i];
        if (i != reading->best && logits[i] > second) second = logits[i];
    }
    reading->margin = largest - second;
    reading->sure = reading->margin > (largest - least) >> SURE_SHIFT;
}
