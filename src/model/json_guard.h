/* SPDX-License-Identifier: MIT */
/* Checks of untrusted JSON text before cJSON sees it. cJSON builds a tree of about a hundred bytes a value,
   recurses on nesting, turns numbers into doubles and ends strings at an escaped NUL; all of that is bounded
   here. */
#ifndef DIME_MODEL_JSON_GUARD_H
#define DIME_MODEL_JSON_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct dime_json_limits {
    uint32_t depth;    /* nested objects and arrays */
    uint32_t values;   /* objects, arrays, strings, numbers, literals */
    int integers_only; /* numbers are 0 .. 2^53 without sign, fraction or exponent */
};

/* 1 where `size` bytes are UTF-8 without overlong forms and surrogates (RFC 3629). */
int dime_utf8_valid(const char *text, size_t size);

/* Returns NULL where the text stays within the limits, is UTF-8 and its strings have no NUL; otherwise what
   is wrong, as a phrase for a message. It does not check the grammar: that is cJSON's part. */
const char *dime_json_guard(const char *text, size_t size, const struct dime_json_limits *limits);

#endif
