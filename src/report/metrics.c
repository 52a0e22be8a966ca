/* SPDX-License-Identifier: MIT */
#include "report/metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

#define FILE_LIMIT ((size_t)64 << 20)
#define FIELD_LIMIT 64 /* bytes of a number */

static const char *const names[] = {"epoch",           "train_loss",          "train_accuracy",
                                    "validation_loss", "validation_accuracy", "seconds"};
enum { SERIES = sizeof names / sizeof *names, MOST_COLUMNS = 256 };

/* Which series a column fills; -1: none that is looked at. */
struct columns {
    int series[MOST_COLUMNS];
    size_t count;
};

/* What is between two commas. */
struct field {
    const char *start;
    size_t length;
};

/* Takes the next field off `line`; 0 at its end. */
static int next_field(const char **line, const char *end, struct field *field) {
    if (!*line) return 0;
    const char *comma = memchr(*line, ',', (size_t)(end - *line));
    field->start = *line;
    field->length = (size_t)((comma ? comma : end) - *line);
    *line = comma ? comma + 1 : NULL;
    return 1;
}

static int series_of(const struct field *field) {
    for (int i = 0; i < SERIES; i++)
        if (strlen(names[i]) == field->length && !memcmp(names[i], field->start, field->length)) return i;
    return -1;
}

static int read_header(const char *name, const char *line, const char *end, struct columns *columns) {
    struct field field;
    int has_epoch = 0;
    columns->count = 0;
    while (next_field(&line, end, &field)) {
        if (columns->count == MOST_COLUMNS)
            return dime_error_set(DIME_ERROR_MALFORMED, "%s:1: more than %d columns; is this a metrics.csv?",
                                  name, MOST_COLUMNS);
        int series = series_of(&field);
        has_epoch |= series == 0;
        columns->series[columns->count++] = series;
    }
    if (has_epoch) return 0;
    return dime_error_set(DIME_ERROR_MALFORMED, "%s:1: no column \"epoch\"; is this a metrics.csv?", name);
}

/* An empty field is a value that was not measured. */
static int read_number(const struct field *field, double *number) {
    char text[FIELD_LIMIT], *end;
    *number = (double)NAN;
    if (field->length == 0) return 0;
    if (field->length >= sizeof text) return -1;
    memcpy(text, field->start, field->length);
    text[field->length] = 0;
    *number = strtod(text, &end);
    return end == text + field->length ? 0 : -1;
}

static double **series_array(struct dime_metrics *metrics, int series) {
    double **arrays[SERIES] = {
        &metrics->epoch,           &metrics->train_loss,          &metrics->train_accuracy,
        &metrics->validation_loss, &metrics->validation_accuracy, &metrics->seconds};
    return arrays[series];
}

static int read_row(const char *name, const char *line, const char *end, const struct columns *columns,
                    struct dime_metrics *metrics) {
    struct field field;
    size_t row = metrics->count;
    for (int i = 0; i < SERIES; i++) (*series_array(metrics, i))[row] = (double)NAN;
    for (size_t column = 0; next_field(&line, end, &field); column++) {
        double number = 0;
        if (column == columns->count)
            return dime_error_set(DIME_ERROR_MALFORMED, "%s:%zu: more fields than the first line has columns",
                                  name, row + 2);
        if (read_number(&field, &number))
            return dime_error_set(DIME_ERROR_MALFORMED, "%s:%zu: field %zu is no number", name, row + 2,
                                  column + 1);
        int series = columns->series[column];
        if (series >= 0) (*series_array(metrics, series))[row] = number;
    }
    metrics->count++;
    return 0;
}

static size_t count_lines(const char *text, size_t size) {
    size_t lines = 0;
    for (size_t i = 0; i < size; i++) lines += text[i] == '\n';
    return lines;
}

static int allocate(const char *name, size_t rows, struct dime_metrics *metrics) {
    if (rows > DIME_METRICS_MOST_EPOCHS)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: has %zu rows, expected at most %d", name, rows,
                              DIME_METRICS_MOST_EPOCHS);
    for (int i = 0; i < SERIES; i++) {
        double **array = series_array(metrics, i);
        *array = malloc((rows + 1) * sizeof **array);
        if (!*array) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    }
    return 0;
}

static int parse(const char *name, const char *text, size_t size, struct dime_metrics *metrics) {
    struct columns columns = {.count = 0};
    int code = allocate(name, count_lines(text, size), metrics);
    const char *end = text + size, *newline;
    for (int first = 1; !code && (newline = memchr(text, '\n', (size_t)(end - text))); first = 0) {
        code = first ? read_header(name, text, newline, &columns)
                     : read_row(name, text, newline, &columns, metrics);
        text = newline + 1;
    }
    return code;
}

int dime_metrics_parse(const char *name, const char *text, size_t size, struct dime_metrics *metrics) {
    memset(metrics, 0, sizeof *metrics);
    int code = parse(name, text, size, metrics);
    if (code) dime_metrics_free(metrics);
    return code;
}

int dime_metrics_read(const char *path, struct dime_metrics *metrics) {
    uint8_t *bytes;
    size_t size;
    memset(metrics, 0, sizeof *metrics);
    int code = dime_file_read(path, FILE_LIMIT, &bytes, &size);
    if (code) return code;
    code = dime_metrics_parse(path, (const char *)bytes, size, metrics);
    free(bytes);
    return code;
}

void dime_metrics_free(struct dime_metrics *metrics) {
    for (int i = 0; i < SERIES; i++) free(*series_array(metrics, i));
    memset(metrics, 0, sizeof *metrics);
}
