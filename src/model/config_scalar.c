/* SPDX-License-Identifier: MIT */
/* Scalars as YAML 1.1 and PyYAML read them: True and yes, 0x10, 010 (eight), 1_000. Beyond PyYAML 1e-3 is a
   number too (as in YAML 1.2); base 60 (1:30) is not. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/nearest.h"
#include "model/config_draft.h"

int config_error(int code, const char *name, size_t line, const char *format, ...) {
    char message[900];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (line) return dime_error_set(code, "%s:%zu: %s", name, line, message);
    return dime_error_set(code, "%s: %s", name, message);
}

void config_printable(const char *text, size_t length, char *shown, size_t size) {
    size_t kept = length < size ? length : size - 4;
    while (kept < length && kept && ((unsigned char)text[kept] & 0xC0) == 0x80)
        kept--; /* a whole UTF-8 character */
    for (size_t i = 0; i < kept; i++) shown[i] = iscntrl((unsigned char)text[i]) ? '?' : text[i];
    snprintf(shown + kept, size - kept, "%s", kept < length ? "..." : "");
}

int config_wrong_value(const struct config_key *key, const char *name, size_t line, const char *found) {
    char expected[160];
    config_key_expected(key, expected, sizeof expected);
    return config_error(DIME_ERROR_CONFIG, name, line, "key '%s' is %s; expected %s", key->name, found,
                        expected);
}

static int is_null(const struct config_scalar *scalar) {
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; scalar->plain && i < sizeof nulls / sizeof *nulls; i++)
        if (!strcmp(scalar->text, nulls[i])) return 1;
    return 0;
}

/* An empty value, a plain one, or one in quotes: shown so that the difference is seen. */
static int wrong_scalar(const struct config_key *key, const struct config_scalar *scalar) {
    char text[64], found[96];
    config_printable(scalar->text, scalar->length, text, sizeof text);
    if (is_null(scalar))
        snprintf(found, sizeof found, "empty");
    else if (scalar->plain)
        snprintf(found, sizeof found, "'%s'", text);
    else
        snprintf(found, sizeof found, "the text \"%s\"", text);
    return config_wrong_value(key, scalar->name, scalar->line, found);
}

/* The digits of a number in `base` with underscores between; 1 when there are no other characters. A number
   that does not fit saturates. */
static int parse_digits(const char *text, unsigned base, uint64_t *value, int *overflow) {
    int digits = 0;
    *value = 0;
    for (; *text; text++) {
        if (*text == '_') continue;
        unsigned digit = isdigit((unsigned char)*text) ? (unsigned)(*text - '0')
                                                       : (unsigned)(tolower((unsigned char)*text) - 'a' + 10);
        if (!isxdigit((unsigned char)*text) || digit >= base) return 0;
        digits++;
        if (*value > (UINT64_MAX - digit) / base)
            *overflow = 1;
        else
            *value = *value * base + digit;
    }
    if (*overflow) *value = UINT64_MAX;
    return digits > 0;
}

/* 1 when the scalar is an integer. */
static int parse_integer(const struct config_scalar *scalar, int *negative, uint64_t *value, int *overflow) {
    const char *text = scalar->text;
    if (!scalar->plain || strlen(text) != scalar->length) return 0;
    *negative = *text == '-';
    *overflow = 0;
    if (*text == '-' || *text == '+') text++;
    if (!isdigit((unsigned char)*text)) return 0;
    if (text[0] == '0' && text[1] == 'x') return parse_digits(text + 2, 16, value, overflow);
    if (text[0] == '0' && text[1] == 'b') return parse_digits(text + 2, 2, value, overflow);
    if (text[0] == '0' && text[1]) return parse_digits(text, 8, value, overflow);
    return parse_digits(text, 10, value, overflow);
}

static const char *skip_digits(const char *text) {
    while (isdigit((unsigned char)*text)) text++;
    return text;
}

/* 1 when the text is a decimal number with a point or exponent and nothing else: no hexadecimal floats,
   infinities or NaN. */
static int is_decimal(const char *text) {
    if (*text == '-' || *text == '+') text++;
    const char *end = skip_digits(text);
    size_t digits = (size_t)(end - text);
    int pointed = *end == '.';
    if (pointed) {
        const char *fraction = end + 1;
        end = skip_digits(fraction);
        digits += (size_t)(end - fraction);
    }
    int scaled = *end == 'e' || *end == 'E';
    if (scaled) {
        end++;
        if (*end == '-' || *end == '+') end++;
        if (!isdigit((unsigned char)*end)) return 0;
        end = skip_digits(end);
    }
    return digits && (pointed || scaled) && !*end;
}

/* Leaves out underscores behind a digit, or behind a point that follows one. 0 when the text is too long for
 * a number. */
static int strip_underscores(const struct config_scalar *scalar, char *digits, size_t size) {
    size_t used = 0;
    int behind_digit = 0;
    if (scalar->length >= size || strlen(scalar->text) != scalar->length) return 0;
    for (const char *c = scalar->text; *c; c++) {
        if (*c == '_' && behind_digit) continue;
        behind_digit = isdigit((unsigned char)*c) || (*c == '.' && behind_digit);
        digits[used++] = *c;
    }
    digits[used] = 0;
    return 1;
}

/* 1 when the scalar is a number; exact is for the range, rounded (once, straight from the decimal) for
 * keeping. */
static int parse_number(const struct config_scalar *scalar, double *exact, float *rounded) {
    int negative, overflow;
    uint64_t integer;
    if (parse_integer(scalar, &negative, &integer, &overflow)) {
        *exact = negative ? -(double)integer : (double)integer;
        *rounded = negative ? -(float)integer : (float)integer;
        return 1;
    }
    char digits[128] = {0};
    if (!scalar->plain || !strip_underscores(scalar, digits, sizeof digits) || !is_decimal(digits)) return 0;
    *exact = strtod(digits, NULL);
    *rounded = strtof(digits, NULL);
    return 1;
}

static int store_unsigned(const struct config_key *key, const struct config_scalar *scalar, void *field) {
    int negative, overflow;
    uint64_t value;
    if (!parse_integer(scalar, &negative, &value, &overflow) || (negative && value) || overflow)
        return wrong_scalar(key, scalar);
    if (key->type == TYPE_UINT64) {
        memcpy(field, &value, sizeof value);
        return 0;
    }
    if ((double)value < key->low || (double)value > key->high) return wrong_scalar(key, scalar);
    memcpy(field, &(uint32_t){(uint32_t)value}, sizeof(uint32_t));
    return 0;
}

static int store_signed(const struct config_key *key, const struct config_scalar *scalar, void *field) {
    int negative, overflow;
    uint64_t magnitude;
    if (!parse_integer(scalar, &negative, &magnitude, &overflow) || magnitude > INT32_MAX)
        return wrong_scalar(key, scalar);
    int32_t value = negative ? -(int32_t)magnitude : (int32_t)magnitude;
    if (value < key->low || value > key->high) return wrong_scalar(key, scalar);
    memcpy(field, &value, sizeof value);
    return 0;
}

static int store_float(const struct config_key *key, const struct config_scalar *scalar, void *field) {
    double exact;
    float value;
    if (!parse_number(scalar, &exact, &value) || !(exact >= key->low && exact <= key->high))
        return wrong_scalar(key, scalar);
    value += 0.0f; /* -0 becomes 0 */
    memcpy(field, &value, sizeof value);
    return 0;
}

static int store_bool(const struct config_key *key, const struct config_scalar *scalar, void *field) {
    static const char *const words[] = {"false", "False", "FALSE", "true", "True", "TRUE", "no", "No", "NO",
                                        "yes",   "Yes",   "YES",   "off",  "Off",  "OFF",  "on", "On", "ON"};
    for (size_t i = 0; scalar->plain && i < sizeof words / sizeof *words; i++) {
        if (strcmp(scalar->text, words[i])) continue;
        memcpy(field, &(int){i / 3 % 2 == 1}, sizeof(int));
        return 0;
    }
    return wrong_scalar(key, scalar);
}

static int wrong_choice(const struct config_key *key, const struct config_scalar *scalar) {
    struct dime_nearest nearest;
    dime_nearest_start(&nearest, scalar->text);
    const char *name;
    for (uint32_t value = 0; (name = key->choice(value)); value++) dime_nearest_offer(&nearest, name);
    if (!nearest.name || is_null(scalar)) return wrong_scalar(key, scalar);
    char text[64], expected[160];
    config_printable(scalar->text, scalar->length, text, sizeof text);
    config_key_expected(key, expected, sizeof expected);
    return config_error(DIME_ERROR_CONFIG, scalar->name, scalar->line,
                        "key '%s' is '%s'; did you mean '%s'? expected %s", key->name, text, nearest.name,
                        expected);
}

static int store_choice(const struct config_key *key, const struct config_scalar *scalar, void *field) {
    const char *name;
    for (uint32_t value = 0; (name = key->choice(value)); value++) {
        if (strlen(name) != scalar->length || memcmp(name, scalar->text, scalar->length)) continue;
        memcpy(field, &value, sizeof value);
        return 0;
    }
    return wrong_choice(key, scalar);
}

static int has_control(const struct config_scalar *scalar) {
    for (size_t i = 0; i < scalar->length; i++)
        if (iscntrl((unsigned char)scalar->text[i])) return 1;
    return 0;
}

static int store_text(const struct config_key *key, const struct config_scalar *scalar, char *field) {
    size_t length = is_null(scalar) ? 0 : scalar->length; /* no value is the empty text, where it may be */
    if (has_control(scalar))
        return config_error(DIME_ERROR_CONFIG, scalar->name, scalar->line,
                            "key '%s' contains a line break or another control character", key->name);
    if ((double)length < key->low || (double)length > key->high) return wrong_scalar(key, scalar);
    memset(field, 0, (size_t)key->high + 1); /* equal configurations have equal bytes */
    memcpy(field, scalar->text, length);
    return 0;
}

int config_scalar_store(const struct config_key *key, const struct config_scalar *scalar, void *base) {
    void *field = (char *)base + key->offset;
    switch (key->type) {
    case TYPE_UINT:
    case TYPE_UINT64:
        return store_unsigned(key, scalar, field);
    case TYPE_INT:
        return store_signed(key, scalar, field);
    case TYPE_FLOAT:
        return store_float(key, scalar, field);
    case TYPE_BOOL:
        return store_bool(key, scalar, field);
    case TYPE_CHOICE:
        return store_choice(key, scalar, field);
    case TYPE_TEXT:
        return store_text(key, scalar, field);
    case TYPE_TEXTS:
    case TYPE_LAYERS:
        break;
    }
    return wrong_scalar(key, scalar); /* a list is not a scalar */
}
