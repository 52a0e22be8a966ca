/* SPDX-License-Identifier: MIT */
#include "report/run_log.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "report/first_layer.h"
#include "report/tfevents.h"

#define METRICS_LIMIT ((size_t)64 << 20)
#define COLUMNS                                                                                              \
    "epoch,epochs,train_loss,train_accuracy,validation_loss,validation_accuracy,learning_rate,seconds,"      \
    "images_per_second,active_fraction"

struct dime_run_log {
    char *path; /* of metrics.csv */
    FILE *metrics;
    int has_header;
    uint32_t layer_count; /* that the header speaks of */
    struct dime_tfevents *events;
};

/* ---- text ---- */

/* Text of limited size that stays terminated; what does not fit is left out. */
struct text {
    char *bytes;
    size_t size, used;
};

static void __attribute__((format(printf, 2, 3))) put(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text->bytes + text->used, text->size - text->used, format, arguments);
    va_end(arguments);
    if (length > 0) text->used += (size_t)length;
    if (text->used >= text->size) text->used = text->size - 1;
}

/* The fewest digits that read back as the same number; nothing for NaN. */
static void put_field(struct text *text, double value) {
    char digits[32] = "";
    for (int precision = 6; precision <= 17 && !isnan(value); precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value) break;
    }
    put(text, ",%s", digits);
}

#define LINE_SIZE 2048 /* ten columns and two a layer, of at most 25 bytes each */

static void header_line(char line[LINE_SIZE], uint32_t layer_count) {
    struct text text = {line, LINE_SIZE, 0};
    put(&text, COLUMNS);
    for (uint32_t i = 1; i <= layer_count; i++) put(&text, ",clip_%u", i);
    for (uint32_t i = 1; i <= layer_count; i++) put(&text, ",entropy_%u", i);
}

static void metrics_line(char line[LINE_SIZE], const struct dime_epoch_report *report) {
    struct text text = {line, LINE_SIZE, 0};
    put(&text, "%u,%u", report->epoch, report->epochs);
    const double values[] = {report->train_loss,          report->train_accuracy, report->validation_loss,
                             report->validation_accuracy, report->learning_rate,  report->seconds,
                             report->images_per_second,   report->active_fraction};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) put_field(&text, values[i]);
    for (uint32_t i = 0; i < report->layer_count; i++) put_field(&text, report->clip[i]);
    for (uint32_t i = 0; i < report->layer_count; i++) put_field(&text, report->entropy[i]);
}

/* ---- an existing metrics.csv ---- */

/* The whole lines of a file, each terminated by 0 instead of the newline. */
struct lines {
    char *next, *end;
};

/* The next line; NULL at the end, and for a last line without newline: it was cut off by a kill. */
static char *next_line(struct lines *lines) {
    char *line = lines->next;
    char *newline = line < lines->end ? memchr(line, '\n', (size_t)(lines->end - line)) : NULL;
    if (!newline) return NULL;
    *newline = 0;
    lines->next = newline + 1;
    return line;
}

static int not_ours(const struct dime_run_log *log, size_t number, const char *line, const char *expected) {
    char found[48];
    snprintf(found, sizeof found, "%.*s", (int)strcspn(line, "\n"), line);
    for (char *letter = found; *letter; letter++)
        if (!isprint((unsigned char)*letter)) *letter = '?';
    return dime_error_set(
        DIME_ERROR_MALFORMED,
        "%s:%zu: found \"%s\", expected %s; this is not the log of a run, move it away or give "
        "another run folder",
        log->path, number, found, expected);
}

static int read_header(struct dime_run_log *log, const char *line) {
    char expected[LINE_SIZE];
    for (uint32_t layers = 1; layers <= DIME_MAX_LAYERS; layers++) {
        header_line(expected, layers);
        if (strcmp(line, expected) != 0) continue;
        log->layer_count = layers;
        log->has_header = 1;
        return 0;
    }
    return not_ours(log, 1, line, "the columns \"epoch,epochs,train_loss,...\"");
}

static size_t count_commas(const char *line) {
    size_t commas = 0;
    for (; *line; line++) commas += *line == ',';
    return commas;
}

/* The epoch of a row, or 0 if the line is not one. */
static unsigned long row_epoch(const char *line, uint32_t layer_count) {
    char *end;
    unsigned long epoch = isdigit((unsigned char)*line) ? strtoul(line, &end, 10) : 0;
    size_t columns = count_commas(COLUMNS) + 2 * (size_t)layer_count;
    return epoch && *end == ',' && count_commas(line) == columns ? epoch : 0;
}

/* Writes the header and the rows before first_epoch to `kept`. */
static int keep_rows(struct dime_run_log *log, struct lines lines, uint32_t first_epoch, FILE *kept) {
    char *header = next_line(&lines);
    int code = header ? read_header(log, header) : 0;
    if (code || !header) return code;
    if (first_epoch > 1)
        fprintf(kept, "%s\n", header);
    else
        log->has_header = 0; /* begun anew, perhaps with another number of layers */
    size_t number = 2;
    for (char *line; (line = next_line(&lines)); number++) {
        unsigned long epoch = row_epoch(line, log->layer_count);
        if (epoch == 0) return not_ours(log, number, line, "a row with as many fields as the first line");
        if (epoch < first_epoch) fprintf(kept, "%s\n", line);
    }
    return 0;
}

/* Binary files must not pass for an empty log, so a first line that never ends counts as a header. */
static int check_start(const struct dime_run_log *log, const struct lines *lines) {
    size_t length = (size_t)(lines->end - lines->next);
    size_t compared = length < sizeof COLUMNS - 1 ? length : sizeof COLUMNS - 1;
    if (memcmp(lines->next, COLUMNS, compared) == 0) return 0;
    return not_ours(log, 1, lines->next, "the columns \"epoch,epochs,train_loss,...\"");
}

/* Drops the rows from first_epoch on, and a last row that is not whole. */
static int rewrite_metrics(struct dime_run_log *log, uint32_t first_epoch) {
    uint8_t *bytes;
    size_t size;
    int code = dime_file_read(log->path, METRICS_LIMIT, &bytes, &size);
    if (code) return code;
    struct lines lines = {(char *)bytes, (char *)bytes + size};
    struct dime_file_writer writer;
    code = check_start(log, &lines);
    if (!code) code = dime_file_writer_open(&writer, log->path);
    if (!code) {
        code = keep_rows(log, lines, first_epoch, writer.stream);
        if (code)
            dime_file_writer_abort(&writer);
        else
            code = dime_file_writer_commit(&writer);
    }
    free(bytes);
    return code;
}

/* ---- opening and closing ---- */

static int open_metrics(struct dime_run_log *log, const char *folder, uint32_t first_epoch) {
    log->path = dime_path_join(folder, "metrics.csv");
    if (!log->path) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    int code = access(log->path, F_OK) == 0 ? rewrite_metrics(log, first_epoch) : 0;
    if (code) return code;
    log->metrics = fopen(log->path, "ab");
    return log->metrics ? 0
                        : dime_error_set(DIME_ERROR_IO, "%s: cannot open: %s", log->path, strerror(errno));
}

static int write_failed(const struct dime_run_log *log) {
    return dime_error_set(DIME_ERROR_IO, "%s: cannot write: %s", log->path, strerror(errno));
}

int dime_run_log_close(struct dime_run_log *log) {
    if (!log) return 0;
    int code = log->metrics && fclose(log->metrics) ? write_failed(log) : 0;
    int events_code = dime_tfevents_close(log->events);
    free(log->path);
    free(log);
    return code ? code : events_code;
}

int dime_run_log_open(const char *folder, uint32_t first_epoch, struct dime_run_log **log) {
    *log = calloc(1, sizeof **log);
    if (!*log) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    if (first_epoch == 0) first_epoch = 1;
    int code = open_metrics(*log, folder, first_epoch);
    if (!code) code = dime_tfevents_open(folder, first_epoch, &(*log)->events);
    if (code) {
        dime_run_log_close(*log);
        *log = NULL;
    }
    return code;
}

/* ---- one epoch ---- */

static int write_header(struct dime_run_log *log, uint32_t layer_count) {
    char line[LINE_SIZE];
    header_line(line, layer_count);
    if (fprintf(log->metrics, "%s\n", line) < 0) return write_failed(log);
    log->layer_count = layer_count;
    log->has_header = 1;
    return 0;
}

static int write_row(struct dime_run_log *log, const struct dime_epoch_report *report) {
    int code = log->has_header ? 0 : write_header(log, report->layer_count);
    if (code) return code;
    if (report->layer_count != log->layer_count)
        return dime_error_set(DIME_ERROR_CONFIG,
                              "%s: is about %u layers, this run has %u; give another run folder", log->path,
                              log->layer_count, report->layer_count);
    char line[LINE_SIZE];
    metrics_line(line, report);
    return fprintf(log->metrics, "%s\n", line) < 0 || fflush(log->metrics) ? write_failed(log) : 0;
}

/* A curve has no point where nothing was measured. */
static void add_measured(struct dime_tfevents *events, const char *tag, double value) {
    if (!isnan(value)) dime_tfevents_scalar(events, tag, value);
}

static void add_scalars(struct dime_tfevents *events, const struct dime_epoch_report *report) {
    dime_tfevents_scalar(events, "Loss/train",
                         report->train_loss); /* NaN, too, where training has diverged */
    add_measured(events, "Accuracy/train", report->train_accuracy);
    add_measured(events, "Loss/validation", report->validation_loss);
    add_measured(events, "Accuracy/validation", report->validation_accuracy);
    add_measured(events, "learning_rate", report->learning_rate);
    add_measured(events, "Activations/positive_fraction", report->active_fraction);
    add_measured(events, "images_per_second", report->images_per_second);
}

static const char *layer_tag(char tag[48], const char *what, uint32_t index) {
    snprintf(tag, 48, "%s/layer%u", what, index + 1);
    return tag;
}

static void add_layer_scalars(struct dime_tfevents *events, const struct dime_epoch_report *report) {
    char tag[48];
    for (uint32_t i = 0; i < report->layer_count; i++) {
        add_measured(events, layer_tag(tag, "Clip", i), report->clip[i]);
        add_measured(events, layer_tag(tag, "Entropy", i), report->entropy[i]);
    }
}

static void add_histograms(struct dime_tfevents *events, const struct dime_model *model) {
    char tag[48];
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        size_t count = (size_t)layer->inputs * layer->outputs;
        if (layer->weight)
            dime_tfevents_float_histogram(events, layer_tag(tag, "Weights", i), layer->weight, count);
        if (layer->value)
            dime_tfevents_integer_histogram(events, layer_tag(tag, "IntegerWeights", i), layer->value, count);
    }
}

/* A picture of the first layer in about one epoch of ten, and in the last: more would make a large file. */
static int add_image(struct dime_tfevents *events, const struct dime_epoch_report *report,
                     const struct dime_model *model) {
    struct dime_first_layer first;
    struct dime_mosaic mosaic;
    uint32_t every = (report->epochs + 9) / 10;
    if (every && report->epoch != report->epochs && (report->epoch - 1) % every) return 0;
    if (!dime_first_layer_of(model, &first)) return 0;
    int code = dime_first_layer_mosaic(&first, &mosaic);
    if (code) return code;
    dime_tfevents_image(events, "FirstLayer", mosaic.height, mosaic.width, mosaic.png, mosaic.size);
    free(mosaic.png);
    return 0;
}

int dime_run_log_epoch(struct dime_run_log *log, const struct dime_epoch_report *report,
                       const struct dime_model *model) {
    int code = write_row(log, report);
    if (code) return code;
    add_scalars(log->events, report);
    add_layer_scalars(log->events, report);
    add_histograms(log->events, model);
    code = add_image(log->events, report, model);
    if (code) return code;
    return dime_tfevents_step(log->events, report->epoch);
}

int dime_run_log_test(struct dime_run_log *log, uint32_t epoch, double test_accuracy) {
    dime_tfevents_scalar(log->events, "Accuracy/test", test_accuracy);
    return dime_tfevents_step(log->events, epoch);
}

/* ---- the line of an epoch ---- */

static int digits_of(uint32_t number) {
    return snprintf(NULL, 0, "%u", number);
}

/* Always four columns: .059 .237 1.23 12.0 */
static void put_clip(struct text *text, double clip) {
    char digits[32];
    int decimals = clip < 0.9995 ? 3 : clip < 9.995 ? 2 : 1;
    snprintf(digits, sizeof digits, "%.*f", decimals, clip);
    put(text, " %s", digits[0] == '0' ? digits + 1 : digits);
}

/* Three digits: 0.02s 1.43s 12.3s 123s */
static void put_seconds(struct text *text, double seconds) {
    int decimals = seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0;
    put(text, " %4.*fs", decimals, seconds);
}

static void put_layers(struct text *text, const struct dime_epoch_report *report) {
    int quantized = 0;
    for (uint32_t i = 0; i < report->layer_count; i++) quantized |= !isnan(report->entropy[i]);
    put(text, quantized ? "  clip/bits" : "  clip");
    for (uint32_t i = 0; i < report->layer_count; i++) {
        if (isnan(report->clip[i])) continue; /* pooling has no weights */
        put_clip(text, report->clip[i]);
        if (!isnan(report->entropy[i])) put(text, "/%.1f", report->entropy[i]);
    }
}

static void put_training(struct text *text, const struct dime_epoch_report *report) {
    put(text, "%*u/%u train %.3f %5.2f%%", digits_of(report->epochs), report->epoch, report->epochs,
        report->train_loss, report->train_accuracy);
}

static void put_validation(struct text *text, const struct dime_epoch_report *report) {
    if (!isnan(report->validation_accuracy))
        put(text, "  val %.3f %5.2f%%", report->validation_loss, report->validation_accuracy);
}

static void put_pace(struct text *text, const struct dime_epoch_report *report) {
    put(text, "  lr %-7.2g", report->learning_rate);
    put_seconds(text, report->seconds);
}

static void put_active(struct text *text, const struct dime_epoch_report *report) {
    if (!isnan(report->active_fraction)) put(text, "  active %2.0f%%", 100 * report->active_fraction);
}

/* Four layers must fit into 120 columns: hence one space after the epoch and no images per second, which the
   progress bar shows. Too narrow a terminal loses whole parts, from the end; of the first it shows what fits.
 */
void dime_epoch_line(const struct dime_epoch_report *report, uint32_t columns, char *line, uint32_t size) {
    static void (*const parts[])(struct text *, const struct dime_epoch_report *) = {
        put_training, put_validation, put_pace, put_active, put_layers};
    if (size == 0) return;
    struct text text = {line, size, 0};
    line[0] = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t before = text.used;
        parts[i](&text, report);
        if (columns == 0 || text.used <= columns) continue;
        line[i > 0 ? before : columns] = 0;
        return;
    }
}
