/* SPDX-License-Identifier: MIT */
#include "model/code_window.h"

/* sp and gp keep their meaning for interrupts; a3, a5 and tp are the caller's. The first five are those that
   16-bit instructions can subtract. */
static const char *const registers[DIME_WINDOW] = {"s0", "s1", "a0", "a1", "a2", "t0", "t1", "t2", "ra"};
enum { SHORT_SUBTRACTIONS = 5 };

static uint32_t most_negative(const uint32_t *negative, const int *taken, uint32_t taps) {
    uint32_t most = 0;
    for (uint32_t k = 1; k < taps; k++)
        if (!taken[k] && (taken[most] || negative[k] > negative[most])) most = k;
    return most;
}

/* Taps that are subtracted most get the registers that 16-bit instructions can subtract. */
void dime_window_assign(struct dime_window *window, const int16_t *weights, uint32_t count, uint32_t step) {
    uint32_t negative[DIME_WINDOW] = {0};
    int taken[DIME_WINDOW] = {0};
    for (uint32_t m = 0; m < count; m++)
        for (uint32_t k = 0; k < window->taps; k++) negative[k] += weights[m * step + k] < 0;
    for (uint32_t next = 0; next < window->taps; next++) {
        uint32_t most = most_negative(negative, taken, window->taps);
        taken[most] = 1;
        window->reg[most] = registers[next];
        window->is_short[most] = next < SHORT_SUBTRACTIONS;
    }
}

/* ---- weights ---- */

static int is_plane(const struct dime_terms *terms, uint32_t plane) {
    for (uint32_t k = 0; k < terms->taps; k++)
        if (dime_digit(&terms->digits[k], plane)) return 1;
    return 0;
}

static int has_plus(const struct dime_terms *terms, uint32_t plane) {
    for (uint32_t k = 0; k < terms->taps; k++)
        if (dime_digit(&terms->digits[k], plane) > 0) return 1;
    return 0;
}

struct dime_terms dime_terms_of(const int16_t *weights, uint32_t taps) {
    struct dime_terms terms = {.taps = taps, .is_zero = 1};
    for (uint32_t k = 0; k < taps; k++) {
        terms.digits[k] = dime_digits_of(weights[k]);
        terms.is_zero &= weights[k] == 0;
    }
    for (uint32_t plane = 1; plane < DIME_DIGITS; plane++)
        if (is_plane(&terms, plane)) terms.highest = plane;
    terms.flip = !has_plus(&terms, terms.highest);
    return terms;
}

/* ---- instructions ---- */

static void write_first(struct dime_code *code, const char *reg, int minus) {
    if (minus)
        dime_code_long(code, "neg " DIME_SUM ", %s", reg);
    else
        dime_code_short(code, "mv " DIME_SUM ", %s", reg);
}

static void write_tap(struct dime_code *code, const char *reg, int minus, int is_short) {
    if (!minus)
        dime_code_short(code, "add " DIME_SUM ", " DIME_SUM ", %s", reg);
    else if (is_short)
        dime_code_short(code, "sub " DIME_SUM ", " DIME_SUM ", %s", reg);
    else
        dime_code_long(code, "sub " DIME_SUM ", " DIME_SUM ", %s", reg);
}

/* The taps with a digit in `plane`; begun: a4 holds something. Additions come first, since a sum begins more
   cheaply with one. */
static void write_plane(struct dime_code *code, const struct dime_window *window,
                        const struct dime_terms *terms, uint32_t plane, int flip, int begun) {
    for (int minus = 0; minus < 2; minus++)
        for (uint32_t k = 0; k < terms->taps; k++) {
            int digit = dime_digit(&terms->digits[k], plane);
            if (!digit || ((digit < 0) ^ flip) != minus) continue;
            if (begun)
                write_tap(code, window->reg[k], minus, window->is_short[k]);
            else
                write_first(code, window->reg[k], minus);
            begun = 1;
        }
}

static void write_shift(struct dime_code *code, uint32_t by) {
    if (by) dime_code_short(code, "slli " DIME_SUM ", " DIME_SUM ", %u", by);
}

void dime_window_write_sum(struct dime_code *code, const struct dime_window *window,
                           const struct dime_terms *terms, int flip) {
    uint32_t at = terms->highest; /* a4 counts in units of 2^at */
    write_plane(code, window, terms, at, flip, 0);
    for (uint32_t plane = at; plane-- > 0;) {
        if (!is_plane(terms, plane)) continue;
        write_shift(code, at - plane);
        write_plane(code, window, terms, plane, flip, 1);
        at = plane;
    }
    write_shift(code, at);
}

void dime_window_write_addition(struct dime_code *code, const struct dime_window *window,
                                const struct dime_terms *terms) {
    write_plane(code, window, terms, 0, 0, 1);
}
