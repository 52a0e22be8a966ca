/* SPDX-License-Identifier: MIT */
#include "model/bitnetmcu_scan.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

int dime_header_fail(const char *name, uint32_t line, int code, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return dime_error_set(code, "%s:%u: %s", name, line, text);
}

static int malformed(const struct dime_header_cursor *cursor, const char *expected) {
    uint8_t c = cursor->at < cursor->end ? (uint8_t)*cursor->at : 0;
    if (cursor->at == cursor->end)
        return dime_header_fail(cursor->name, cursor->line, DIME_ERROR_MALFORMED,
                                "the file ends where %s is expected; cut short?", expected);
    if (!isprint(c))
        return dime_header_fail(cursor->name, cursor->line, DIME_ERROR_MALFORMED,
                                "byte 0x%02x where %s is expected", c, expected);
    return dime_header_fail(cursor->name, cursor->line, DIME_ERROR_MALFORMED, "'%c' where %s is expected", c,
                            expected);
}

static int starts_with(const struct dime_header_cursor *cursor, const char *text) {
    size_t length = strlen(text);
    return (size_t)(cursor->end - cursor->at) >= length && !memcmp(cursor->at, text, length);
}

/* Bytes of a backslash and the line end behind it; 0 where there is none. */
static size_t continuation(const struct dime_header_cursor *cursor) {
    if (starts_with(cursor, "\\\n")) return 2;
    return starts_with(cursor, "\\\r\n") ? 3 : 0;
}

static void advance(struct dime_header_cursor *cursor) {
    if (*cursor->at++ == '\n') cursor->line++;
}

static void skip_continuation(struct dime_header_cursor *cursor) {
    cursor->at += continuation(cursor);
    cursor->line++;
}

static void skip_line_comment(struct dime_header_cursor *cursor) {
    while (cursor->at < cursor->end && *cursor->at != '\n') {
        if (continuation(cursor))
            skip_continuation(cursor);
        else
            cursor->at++;
    }
}

static int skip_block_comment(struct dime_header_cursor *cursor) {
    uint32_t line = cursor->line;
    cursor->at += 2;
    while (cursor->at < cursor->end && !starts_with(cursor, "*/")) advance(cursor);
    if (cursor->at == cursor->end)
        return dime_header_fail(cursor->name, line, DIME_ERROR_MALFORMED,
                                "this comment has no end; cut short?");
    cursor->at += 2;
    return 0;
}

int dime_header_skip(struct dime_header_cursor *cursor) {
    while (cursor->at < cursor->end) {
        if (isspace((uint8_t)*cursor->at)) {
            advance(cursor);
        } else if (continuation(cursor)) {
            skip_continuation(cursor);
        } else if (starts_with(cursor, "//")) {
            skip_line_comment(cursor);
        } else if (starts_with(cursor, "/*")) {
            int error = skip_block_comment(cursor);
            if (error) return error;
        } else {
            break;
        }
    }
    return 0;
}

/* Blanks within a line. */
static void skip_blanks(struct dime_header_cursor *cursor) {
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t' || continuation(cursor))) {
        if (*cursor->at == '\\')
            skip_continuation(cursor);
        else
            cursor->at++;
    }
}

static int is_word(char c) {
    return isalnum((uint8_t)c) || c == '_';
}

/* Letters, digits and underscores at the cursor, into `word` of DIME_HEADER_WORD bytes. */
static int read_word(struct dime_header_cursor *cursor, char *word, const char *expected) {
    const char *first = cursor->at;
    while (cursor->at < cursor->end && is_word(*cursor->at)) cursor->at++;
    size_t length = (size_t)(cursor->at - first);
    if (length == 0) return malformed(cursor, expected);
    if (length >= DIME_HEADER_WORD)
        return dime_header_fail(cursor->name, cursor->line, DIME_ERROR_MALFORMED,
                                "a name of more than %d characters", DIME_HEADER_WORD - 1);
    memcpy(word, first, length);
    word[length] = 0;
    return 0;
}

static void trim_body(char *body, size_t length) {
    while (length && isspace((uint8_t)body[length - 1])) length--;
    body[length] = 0;
    if (length >= 2 && body[0] == '"' && body[length - 1] == '"') {
        memmove(body, body + 1, length - 2);
        body[length - 2] = 0;
    }
}

/* The rest of the line; a block comment may run over its end, as C has it. */
static int read_body(struct dime_header_cursor *cursor, char *body) {
    size_t length = 0;
    skip_blanks(cursor);
    while (cursor->at < cursor->end && *cursor->at != '\n') {
        int error = 0;
        char c = ' ';
        if (starts_with(cursor, "//"))
            skip_line_comment(cursor);
        else if (starts_with(cursor, "/*"))
            error = skip_block_comment(cursor);
        else if (continuation(cursor))
            skip_continuation(cursor);
        else
            c = *cursor->at++;
        if (error) return error;
        if (length + 1 == DIME_HEADER_BODY)
            return dime_header_fail(cursor->name, cursor->line, DIME_ERROR_MALFORMED,
                                    "a directive of more than %d characters", DIME_HEADER_BODY - 1);
        body[length++] = c;
    }
    trim_body(body, length);
    return 0;
}

int dime_header_read_directive(struct dime_header_cursor *cursor, struct dime_header_directive *directive) {
    memset(directive, 0, sizeof *directive);
    directive->line = cursor->line;
    cursor->at++;
    skip_blanks(cursor);
    int error = read_word(cursor, directive->keyword, "a directive such as define");
    skip_blanks(cursor);
    if (!error && !strcmp(directive->keyword, "define"))
        error = read_word(cursor, directive->name, "a macro's name");
    return error ? error : read_body(cursor, directive->body);
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

int dime_header_number(const char *text, size_t length, uint32_t *number) {
    int base = length > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    size_t first = base == 16 ? 2 : 0, i = first;
    uint64_t value = 0;
    for (; i < length && digit_of(text[i]) < base; i++) {
        value = value * (uint64_t)base + (uint64_t)digit_of(text[i]);
        if (value > UINT32_MAX) return 0;
    }
    int octal = base == 10 && text[0] == '0' && i > 1;
    if (i == first || octal) return 0;
    while (i < length && strchr("uUlL", text[i]) && text[i]) i++;
    *number = (uint32_t)value;
    return i == length;
}

struct number_type {
    const char *name;
    uint32_t most, most_negative;
};

static const struct number_type *find_type(const char *name) {
    static const struct number_type types[] = {
        {"uint32_t", UINT32_MAX, 0},      {"uint16_t", UINT16_MAX, 0},
        {"uint8_t", UINT8_MAX, 0},        {"int32_t", INT32_MAX, UINT32_C(1) << 31},
        {"int16_t", INT16_MAX, 1u << 15}, {"int8_t", INT8_MAX, 128},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!strcmp(types[i].name, name)) return &types[i];
    return NULL;
}

static int read_number(struct dime_header_cursor *cursor, const struct number_type *type, uint32_t *number) {
    int negative = cursor->at < cursor->end && *cursor->at == '-';
    if (negative) {
        cursor->at++;
        skip_blanks(cursor);
    }
    char word[DIME_HEADER_WORD];
    int error = read_word(cursor, word, "a number or }");
    if (error) return error;
    if (!dime_header_number(word, strlen(word), number) ||
        (negative ? *number > type->most_negative : *number > type->most))
        return dime_header_fail(cursor->name, cursor->line, DIME_ERROR_MALFORMED,
                                "%s%.20s is not a hexadecimal or decimal number of type %s",
                                negative ? "-" : "", word, type->name);
    if (negative) *number = 0u - *number;
    return 0;
}

static int append(struct dime_header_array *array, uint32_t number, size_t *capacity) {
    if (array->count == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 64;
        uint32_t *larger = realloc(array->numbers, *capacity * sizeof *larger);
        if (!larger)
            return dime_error_set(DIME_ERROR_MEMORY, "out of memory for the weights of %s", array->name);
        array->numbers = larger;
    }
    array->numbers[array->count++] = number;
    return 0;
}

static int expect(struct dime_header_cursor *cursor, char c, const char *text) {
    int error = dime_header_skip(cursor);
    if (error) return error;
    if (cursor->at == cursor->end || *cursor->at != c) return malformed(cursor, text);
    cursor->at++;
    return 0;
}

/* Stands behind {; ends behind }. */
static int read_list(struct dime_header_cursor *cursor, const struct number_type *type,
                     struct dime_header_array *array) {
    size_t capacity = 0;
    for (;;) {
        uint32_t number = 0;
        int error = dime_header_skip(cursor);
        if (!error && cursor->at < cursor->end && *cursor->at == '}') break;
        if (!error) error = read_number(cursor, type, &number);
        if (!error) error = append(array, number, &capacity);
        if (!error) error = dime_header_skip(cursor);
        if (!error && cursor->at < cursor->end && *cursor->at == '}') break;
        if (!error) error = expect(cursor, ',', "a comma or }");
        if (error) return error;
    }
    cursor->at++;
    return 0;
}

/* `static const uint32_t L1_weights`: the last word is the name, the one before it the type. */
static int read_declarator(struct dime_header_cursor *cursor, struct dime_header_array *array) {
    array->line = cursor->line;
    for (int words = 0;; words++) {
        int error = dime_header_skip(cursor);
        if (error) return error;
        if (words >= 2 && cursor->at < cursor->end && *cursor->at == '[') return 0;
        if (words == 6) return malformed(cursor, "[");
        memcpy(array->type, array->name, sizeof array->type);
        error = read_word(cursor, array->name,
                          words < 2 ? "#define or an array like `const uint32_t L1_weights[]`" : "[");
        if (error) return error;
    }
}

/* Stands at [; ends behind { . *length gets the number between the brackets, or SIZE_MAX. */
static int read_brackets(struct dime_header_cursor *cursor, size_t *length) {
    *length = SIZE_MAX;
    int error = expect(cursor, '[', "[");
    if (!error) error = dime_header_skip(cursor);
    if (!error && cursor->at < cursor->end && isdigit((uint8_t)*cursor->at)) {
        uint32_t number = 0;
        error = read_number(cursor, find_type("uint32_t"), &number);
        *length = number;
    }
    if (!error) error = expect(cursor, ']', "]");
    if (!error) error = expect(cursor, '=', "=");
    return error ? error : expect(cursor, '{', "{");
}

static int read_array(struct dime_header_cursor *cursor, struct dime_header_array *array) {
    int error = read_declarator(cursor, array);
    if (error) return error;
    const struct number_type *type = find_type(array->type);
    if (!type)
        return dime_header_fail(cursor->name, array->line, DIME_ERROR_UNSUPPORTED,
                                "an array of type %s; uint32_t, uint16_t and int8_t can be read",
                                array->type);
    size_t length;
    error = read_brackets(cursor, &length);
    if (!error) error = read_list(cursor, type, array);
    if (!error) error = expect(cursor, ';', ";");
    if (error || length == SIZE_MAX || length == array->count) return error;
    return dime_header_fail(cursor->name, array->line, DIME_ERROR_MALFORMED, "%s[%zu] has %zu numbers",
                            array->name, length, array->count);
}

int dime_header_read_array(struct dime_header_cursor *cursor, struct dime_header_array *array) {
    memset(array, 0, sizeof *array);
    int error = read_array(cursor, array);
    if (!error) return 0;
    free(array->numbers);
    array->numbers = NULL;
    return error;
}
