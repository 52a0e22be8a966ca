/* SPDX-License-Identifier: MIT */
#include "model/json_guard.h"

#include <string.h>

struct sequence {
    uint8_t first, last; /* lead bytes */
    uint8_t length;
    uint8_t low, high; /* of the second byte; the others are 80 .. BF */
};

/* RFC 3629, section 4. */
static const struct sequence sequences[] = {
    {0x00, 0x7F, 1, 0, 0},       {0xC2, 0xDF, 2, 0x80, 0xBF}, {0xE0, 0xE0, 3, 0xA0, 0xBF},
    {0xE1, 0xEC, 3, 0x80, 0xBF}, {0xED, 0xED, 3, 0x80, 0x9F}, {0xEE, 0xEF, 3, 0x80, 0xBF},
    {0xF0, 0xF0, 4, 0x90, 0xBF}, {0xF1, 0xF3, 4, 0x80, 0xBF}, {0xF4, 0xF4, 4, 0x80, 0x8F},
};

/* Bytes of the character at `text`, 0 where there is none. */
static size_t character_length(const uint8_t *text, size_t left) {
    for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++) {
        const struct sequence *kind = &sequences[i];
        if (text[0] < kind->first || text[0] > kind->last) continue;
        if (left < kind->length) return 0;
        if (kind->length > 1 && (text[1] < kind->low || text[1] > kind->high)) return 0;
        for (size_t j = 2; j < kind->length; j++)
            if ((text[j] & 0xC0) != 0x80) return 0;
        return kind->length;
    }
    return 0;
}

int dime_utf8_valid(const char *text, size_t size) {
    for (size_t i = 0, length; i < size; i += length) {
        length = character_length((const uint8_t *)text + i, size - i);
        if (!length) return 0;
    }
    return 1;
}

struct scanner {
    const char *text;
    size_t size, position;
    uint32_t depth, values;
};

/* Stands behind the opening quote; ends behind the closing one. */
static const char *scan_string(struct scanner *scanner) {
    while (scanner->position < scanner->size) {
        const char *here = scanner->text + scanner->position++;
        if (*here == '"') return NULL;
        if ((uint8_t)*here < 0x20) return "a control character in a string";
        if (*here != '\\') continue;
        size_t left = scanner->size - scanner->position;
        if (left >= 5 && memcmp(here + 1, "u0000", 5) == 0) return "a NUL in a string";
        scanner->position++; /* what is escaped, so that \" does not end the string */
    }
    return "a string without end";
}

/* Stands behind the first character of a number. */
static const char *scan_integer(struct scanner *scanner) {
    const char *first = scanner->text + scanner->position - 1, *end = scanner->text + scanner->size;
    const char *last = first;
    uint64_t number = 0;
    for (; last < end && *last >= '0' && *last <= '9'; last++) {
        number = number * 10 + (uint64_t)(*last - '0');
        if (number > UINT64_C(1) << 53) return "a number above 2^53";
    }
    if (last == first || (last < end && strchr("-+.eE", *last) && *last))
        return "a number that is not a whole one from 0 to 2^53";
    if (*first == '0' && last - first > 1) return "a number with a leading zero";
    scanner->position = (size_t)(last - scanner->text);
    return NULL;
}

static const char *scan_one(struct scanner *scanner, const struct dime_json_limits *limits) {
    char c = scanner->text[scanner->position++];
    if (!c) return "a NUL";
    if (c == '{' || c == '[') {
        if (++scanner->depth > limits->depth) return "objects or arrays nested too deep";
    } else if (c == '}' || c == ']') {
        if (scanner->depth-- == 0) return "a bracket too many";
    } else if (c == '"') {
        return scan_string(scanner);
    } else if (limits->integers_only && ((c >= '0' && c <= '9') || c == '-')) {
        return scan_integer(scanner);
    }
    /* Every value but the first of its object or array stands behind a comma. */
    if (c == ',' || c == '{' || c == '[') scanner->values++;
    return scanner->values > limits->values ? "too many values" : NULL;
}

const char *dime_json_guard(const char *text, size_t size, const struct dime_json_limits *limits) {
    if (!dime_utf8_valid(text, size)) return "bytes that are not UTF-8";
    struct scanner scanner = {.text = text, .size = size};
    const char *wrong = NULL;
    while (!wrong && scanner.position < size) wrong = scan_one(&scanner, limits);
    return wrong;
}
