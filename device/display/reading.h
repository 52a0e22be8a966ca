/* SPDX-License-Identifier: MIT */
/* Whether what a network reads is worth showing. */
#ifndef DIME_DISPLAY_READING_H
#define DIME_DISPLAY_READING_H

#include <stdint.h>

struct dime_reading {
    uint32_t best; /* the likeliest class */
    uint32_t sure; /* 1: it leads by more than 1/32 of the range of all logits; 0: a guess, shown as a dash */
    int32_t margin; /* its logit less the second largest */
};

/* Fills in the rest, where `best` is there. |logits| < 2^24; classes: at least 2. */
void dime_reading_judge(struct dime_reading *reading, const int32_t *logits, uint32_t classes);

#endif
