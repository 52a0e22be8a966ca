/* SPDX-License-Identifier: MIT */
#include "data/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "data/part.h"

enum { CSV_MAX_BYTES = 1 << 30, LABEL_MOST = DIME_MAX_CLASSES - 1, PIXEL_MOST = 255 };

struct csv {
    const char *name;
    const char *cursor, *end; /* what is left of the content */
    const char *line_end;     /* of the current line, without its line break */
    uint32_t line;            /* counts from 1 */
};

static int is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Enters the next line that is not blank; 0 at the end of the content. A line begins at the cursor. */
static int next_line(struct csv *csv, const char **after) {
    for (const char *start = csv->cursor; start < csv->end;) {
        const char *newline = memchr(start, '\n', (size_t)(csv->end - start));
        csv->line_end = newline ? newline : csv->end;
        csv->line++;
        *after = newline ? newline + 1 : csv->end;
        while (start < csv->line_end && is_blank(*start)) start++;
        if (start < csv->line_end) {
            csv->cursor = start;
            return 1;
        }
        start = csv->cursor = *after;
    }
    return 0;
}

static uint32_t count_columns(const struct csv *csv) {
    uint32_t columns = 1;
    for (const char *c = csv->cursor; c < csv->line_end; c++) columns += *c == ',';
    return columns;
}

static int starts_with_number(const struct csv *csv) {
    return (*csv->cursor >= '0' && *csv->cursor <= '9') || *csv->cursor == '-' || *csv->cursor == '+';
}

/* A cell that is not a number in range: says what stands there instead. */
static int bad_cell(const struct csv *csv, const char *cell, uint32_t column, int most) {
    const char *end = cell;
    while (end < csv->line_end && *end != ',' && *end >= ' ' && *end <= '~' && end - cell < 24) end++;
    char what[32] = "label";
    if (column) snprintf(what, sizeof what, "pixel %u", column);
    return dime_error_set(DIME_ERROR_MALFORMED, "%s:%u: %s is '%.*s', expected a whole number 0..%d",
                          csv->name, csv->line, what, (int)(end - cell), cell, most);
}

/* Reads one cell and the comma behind it. */
static int read_cell(struct csv *csv, uint32_t column, int most, uint8_t *value) {
    const char *c = csv->cursor, *end = csv->line_end;
    while (c < end && is_blank(*c)) c++;
    const char *digits = c;
    int number = 0;
    for (; c < end && *c >= '0' && *c <= '9' && number <= most; c++) number = 10 * number + (*c - '0');
    int wrong = c == digits || number > most;
    while (c < end && is_blank(*c)) c++;
    if (wrong || (c < end && *c != ',')) return bad_cell(csv, digits, column, most);
    csv->cursor = c < end ? c + 1 : c;
    *value = (uint8_t)number;
    return 0;
}

static int bad_columns(const struct csv *csv, uint32_t found, uint32_t expected) {
    return dime_error_set(DIME_ERROR_MALFORMED, "%s:%u: %u columns, expected %u (a label and %u pixels)",
                          csv->name, csv->line, found, expected, expected - 1);
}

static int read_row(struct csv *csv, uint32_t pixels, uint8_t *label, uint8_t *row) {
    uint32_t columns = count_columns(csv);
    if (columns != pixels + 1) return bad_columns(csv, columns, pixels + 1);
    int code = read_cell(csv, 0, LABEL_MOST, label);
    for (uint32_t i = 0; i < pixels && !code; i++) code = read_cell(csv, i + 1, PIXEL_MOST, &row[i]);
    return code;
}

/* A number of one to three digits at *c, which moves behind it; 0 if there is none. */
static uint32_t take_number(const char **c, const char *end) {
    uint32_t number = 0;
    for (int digits = 0; *c < end && **c >= '0' && **c <= '9' && digits < 3; (*c)++, digits++)
        number = 10 * number + (uint32_t)(**c - '0');
    return number;
}

/* Height and width from the last column's name, as in "28x14"; 0 when it says nothing. */
static void parse_header(const struct csv *csv, uint32_t *height, uint32_t *width) {
    const char *c = csv->line_end;
    while (c > csv->cursor && c[-1] != ',') c--;
    while (c < csv->line_end && (is_blank(*c) || *c == '"')) c++;
    *height = take_number(&c, csv->line_end);
    *width = c < csv->line_end && *c++ == 'x' ? take_number(&c, csv->line_end) : 0;
}

/* The picture size, from the first line and, where it is a header, its names. */
static int find_shape(const struct csv *csv, int header, struct dime_dataset *set) {
    uint32_t pixels = count_columns(csv) - 1, height = 0, width = 0;
    if (pixels > DIME_MAX_SIDE * DIME_MAX_SIDE || pixels < 1)
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s:%u: %u pixels a picture, expected 1..%d after the label", csv->name,
                              csv->line, pixels, DIME_MAX_SIDE * DIME_MAX_SIDE);
    if (header) parse_header(csv, &height, &width);
    if (height * width != pixels) {
        height = 1;
        while (height * height < pixels) height++;
        width = height;
    }
    if (height * width != pixels)
        return dime_error_set(
            DIME_ERROR_MALFORMED,
            "%s:%u: %u pixels are no square picture; name the columns label,1x1,1x2,...,ROWSxCOLUMNS "
            "in a header line",
            csv->name, csv->line, pixels);
    set->height = height;
    set->width = width;
    return dime_part_check_size(csv->name, height, width);
}

/* Room for every picture that the rest of the content can hold: a cell takes two bytes at least, so this is
   at most half the content's size. */
static int make_room(const struct csv *csv, struct dime_dataset *set) {
    size_t pixels = (size_t)set->height * set->width;
    size_t most = ((size_t)(csv->end - csv->cursor) + 1) / (2 * (pixels + 1)) + 1;
    set->pixels = malloc(most * pixels);
    set->labels = malloc(most);
    return set->pixels && set->labels ? 0 : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", csv->name);
}

static int read_rows(struct csv *csv, struct dime_dataset *set) {
    const char *after = csv->cursor;
    uint32_t pixels = set->height * set->width;
    while (next_line(csv, &after)) {
        int code = read_row(csv, pixels, &set->labels[set->count], set->pixels + (size_t)set->count * pixels);
        if (code) return code;
        set->count++;
        csv->cursor = after;
    }
    if (set->count) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: a header line, but no pictures", csv->name);
}

static int parse(struct csv *csv, struct dime_dataset *set) {
    const char *start = csv->cursor, *after = NULL;
    if (!next_line(csv, &after))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: empty, expected a label and pixels on each line",
                              csv->name);
    int header = !starts_with_number(csv);
    int code = find_shape(csv, header, set);
    if (code) return code;
    csv->cursor = header ? after : start;
    csv->line = header ? csv->line : 0;
    code = make_room(csv, set);
    return code ? code : read_rows(csv, set);
}

int dime_csv_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_dataset *set) {
    memset(set, 0, sizeof *set);
    struct csv csv = {.name = name, .cursor = (const char *)bytes, .end = (const char *)bytes + size};
    if (size >= 3 && !memcmp(bytes, "\xEF\xBB\xBF", 3))
        csv.cursor += 3; /* spreadsheets write a byte order mark */
    int code = parse(&csv, set);
    if (code) dime_part_free(set);
    return code;
}

int dime_csv_read(const char *path, struct dime_dataset *set) {
    uint8_t *bytes;
    size_t size;
    memset(set, 0, sizeof *set);
    int code = dime_file_read(path, CSV_MAX_BYTES, &bytes, &size);
    if (code) return code;
    code = dime_csv_parse(path, bytes, size, set);
    free(bytes);
    return code;
}
