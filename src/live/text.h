/* SPDX-License-Identifier: MIT */
/* Text that grows in a buffer of fixed size, without the C library: also for WebAssembly. What does not fit
   is left out, and `full` says so. */
#ifndef DIME_LIVE_TEXT_H
#define DIME_LIVE_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct dime_text {
    char *bytes; /* always ends with a zero byte */
    size_t size, used;
    int full;
};

void dime_text_start(struct dime_text *text, char *bytes, size_t size); /* size >= 1 */
void dime_text_put(struct dime_text *text, const char *string);
void dime_text_number(struct dime_text *text, int64_t number);
/* value / 1000 with three decimals. */
void dime_text_thousandths(struct dime_text *text, uint64_t value);
/* A JSON string, quotes included; bytes outside printable ASCII become '?'. */
void dime_text_json(struct dime_text *text, const char *string);

#endif
