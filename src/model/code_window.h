/* SPDX-License-Identifier: MIT */
/* Weighted sums of up to nine registers by additions, subtractions and doublings. Private to src/model.

   Weights of more than one binary digit go from their highest digits down: sum the registers that have one,
   double, go on (Horner's scheme), in signed digits. */
#ifndef DIME_MODEL_CODE_WINDOW_H
#define DIME_MODEL_CODE_WINDOW_H

#include <stdint.h>

#include "model/code_text.h"
#include "model/signed_digits.h"

enum { DIME_WINDOW = 9 };

#define DIME_SUM "a4" /* the sum that is being made */

/* Which register holds which tap. */
struct dime_window {
    uint32_t taps; /* 1..9 */
    const char *reg[DIME_WINDOW];
    int is_short[DIME_WINDOW]; /* 1: 16-bit instructions can subtract it */
};

/* The weights of the taps. */
struct dime_terms {
    struct dime_digits digits[DIME_WINDOW];
    uint32_t taps;
    int is_zero;      /* every weight is 0 */
    uint32_t highest; /* the highest plane with a digit */
    int flip;         /* the highest plane has digits -1 only: the opposite sum begins more cheaply */
};

/* Chooses registers for window->taps taps that are used with `count` sets of weights, one every `step`
 * values. */
void dime_window_assign(struct dime_window *window, const int16_t *weights, uint32_t count, uint32_t step);

struct dime_terms dime_terms_of(const int16_t *weights, uint32_t taps);

/* a4 = the weighted sum, or its opposite where `flip`. Not for weights that are all 0. */
void dime_window_write_sum(struct dime_code *code, const struct dime_window *window,
                           const struct dime_terms *terms, int flip);
/* a4 += the weighted sum; only for weights -1, 0, 1. */
void dime_window_write_addition(struct dime_code *code, const struct dime_window *window,
                                const struct dime_terms *terms);

#endif
