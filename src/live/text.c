/* SPDX-License-Identifier: MIT */
#include "live/text.h"

#include <string.h>

void dime_text_start(struct dime_text *text, char *bytes, size_t size) {
    *text = (struct dime_text){bytes, size, 0, 0};
    bytes[0] = 0;
}

static void put_bytes(struct dime_text *text, const char *bytes, size_t count) {
    if (count >= text->size - text->used) {
        text->full = 1;
        return;
    }
    memcpy(text->bytes + text->used, bytes, count);
    text->used += count;
    text->bytes[text->used] = 0;
}

void dime_text_put(struct dime_text *text, const char *string) {
    put_bytes(text, string, strlen(string));
}

void dime_text_number(struct dime_text *text, int64_t number) {
    char digits[21];
    size_t at = sizeof digits;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do {
        digits[--at] = (char)('0' + left % 10);
        left /= 10;
    } while (left);
    if (number < 0) digits[--at] = '-';
    put_bytes(text, digits + at, sizeof digits - at);
}

void dime_text_thousandths(struct dime_text *text, uint64_t value) {
    char decimals[4] = {'.', (char)('0' + value / 100 % 10), (char)('0' + value / 10 % 10),
                        (char)('0' + value % 10)};
    dime_text_number(text, (int64_t)(value / 1000));
    put_bytes(text, decimals, sizeof decimals);
}

void dime_text_json(struct dime_text *text, const char *string) {
    put_bytes(text, "\"", 1);
    for (; *string; string++) {
        char letter = *string >= ' ' && *string < 127 ? *string : '?';
        if (letter == '"' || letter == '\\') put_bytes(text, "\\", 1);
        put_bytes(text, &letter, 1);
    }
    put_bytes(text, "\"", 1);
}
