/* SPDX-License-Identifier: MIT */
#include "report/tfevents.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

#define FLOAT_BUCKETS 30
#define INTEGER_VALUES 65536 /* of an int16_t */

/* Half a byte at a time: a step has some kilobytes, so a table of sixteen words is quick enough. */
uint32_t dime_crc32c(const void *bytes, size_t size) {
    static const uint32_t table[16] = {
        0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1, 0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
        0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9, 0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75,
    };
    uint32_t crc = UINT32_MAX;
    for (const uint8_t *byte = bytes; size > 0; byte++, size--) {
        crc ^= *byte;
        crc = table[crc & 15] ^ (crc >> 4);
        crc = table[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}

/* ---- protobuf encoding ---- */

/* A message under construction. After a failed allocation it stays as it is. */
struct message {
    uint8_t *bytes;
    size_t size, capacity;
    int failed;
};

static void append(struct message *message, const void *bytes, size_t size) {
    if (message->failed) return;
    if (size > message->capacity - message->size) {
        size_t capacity = 2 * message->capacity + size + 256;
        uint8_t *larger = realloc(message->bytes, capacity);
        if (!larger) {
            message->failed = 1;
            return;
        }
        message->bytes = larger;
        message->capacity = capacity;
    }
    memcpy(message->bytes + message->size, bytes, size);
    message->size += size;
}

/* Little-endian, the lowest `size` bytes. */
static void append_fixed(struct message *message, uint64_t value, size_t size) {
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t)(value >> (8 * i));
    append(message, bytes, size);
}

static void append_varint(struct message *message, uint64_t value) {
    for (; value > 127; value >>= 7) append_fixed(message, value | 128, 1);
    append_fixed(message, value, 1);
}

static void append_double(struct message *message, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    append_fixed(message, bits, sizeof bits);
}

enum wire_type { WIRE_VARINT = 0, WIRE_64_BIT = 1, WIRE_LENGTH = 2, WIRE_32_BIT = 5 };

static void put_key(struct message *message, uint32_t field, enum wire_type type) {
    append_varint(message, (uint64_t)field << 3 | type);
}

static void put_integer(struct message *message, uint32_t field, int64_t value) {
    put_key(message, field, WIRE_VARINT);
    append_varint(message, (uint64_t)value);
}

static void put_double(struct message *message, uint32_t field, double value) {
    put_key(message, field, WIRE_64_BIT);
    append_double(message, value);
}

static void put_float(struct message *message, uint32_t field, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(message, field, WIRE_32_BIT);
    append_fixed(message, bits, sizeof bits);
}

static void put_bytes(struct message *message, uint32_t field, const void *bytes, size_t size) {
    put_key(message, field, WIRE_LENGTH);
    append_varint(message, size);
    append(message, bytes, size);
}

static void put_doubles(struct message *message, uint32_t field, const double *values, size_t count) {
    put_key(message, field, WIRE_LENGTH);
    append_varint(message, count * sizeof *values);
    for (size_t i = 0; i < count; i++) append_double(message, values[i]);
}

/* Moves a finished inner message into its place and frees it. */
static void put_message(struct message *outer, uint32_t field, struct message *inner) {
    if (inner->failed) outer->failed = 1;
    put_bytes(outer, field, inner->size ? (const void *)inner->bytes : "", inner->size);
    free(inner->bytes);
    *inner = (struct message){0};
}

/* Field numbers of the schema. */
enum {
    EVENT_WALL_TIME = 1,
    EVENT_STEP = 2,
    EVENT_FILE_VERSION = 3,
    EVENT_SUMMARY = 5,
    EVENT_SESSION_LOG = 7
};
enum { SESSION_LOG_STATUS = 1, SESSION_STATUS_START = 1 };
enum { SUMMARY_VALUE = 1, VALUE_TAG = 1, VALUE_SIMPLE = 2, VALUE_IMAGE = 4, VALUE_HISTOGRAM = 5 };
enum { IMAGE_HEIGHT = 1, IMAGE_WIDTH = 2, IMAGE_COLOURS = 3, IMAGE_BYTES = 4, COLOURS_RGB = 3 };
enum {
    HISTOGRAM_MIN = 1,
    HISTOGRAM_MAX = 2,
    HISTOGRAM_NUM = 3,
    HISTOGRAM_SUM = 4,
    HISTOGRAM_SUM_SQUARES = 5,
    HISTOGRAM_LIMITS = 6,
    HISTOGRAM_BUCKETS = 7,
};

/* ---- the file ---- */

struct dime_tfevents {
    FILE *stream;
    char *path;
    struct message summary; /* of the step that is being collected */
};

/* TFRecord stores checksums rotated and offset, so that a checksum of data with checksums in it stays sound.
 */
static uint32_t masked_crc(const void *bytes, size_t size) {
    uint32_t crc = dime_crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xA282EAD8U;
}

static int write_failed(const struct dime_tfevents *events) {
    return dime_error_set(DIME_ERROR_IO, "%s: cannot write: %s", events->path, strerror(errno));
}

/* Frames a finished event, appends it to the stream, and frees it. */
static int write_record(struct dime_tfevents *events, struct message *event) {
    struct message record = {0};
    append_fixed(&record, event->size, 8);
    if (!record.failed) append_fixed(&record, masked_crc(record.bytes, 8), 4);
    append(&record, event->bytes, event->size);
    append_fixed(&record, masked_crc(event->bytes, event->size), 4);
    int code = 0;
    if (event->failed || record.failed)
        code = dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", events->path);
    else if (fwrite(record.bytes, 1, record.size, events->stream) < record.size)
        code = write_failed(events);
    free(event->bytes);
    free(record.bytes);
    return code;
}

static struct message new_event(int64_t step) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct message event = {0};
    put_double(&event, EVENT_WALL_TIME, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec);
    if (step != 0) put_integer(&event, EVENT_STEP, step);
    return event;
}

static int write_file_version(struct dime_tfevents *events) {
    static const char version[] = "brain.Event:2";
    struct message event = new_event(0);
    put_bytes(&event, EVENT_FILE_VERSION, version, sizeof version - 1);
    return write_record(events, &event);
}

static int write_session_start(struct dime_tfevents *events, int64_t step) {
    struct message event = new_event(step), session = {0};
    put_integer(&session, SESSION_LOG_STATUS, SESSION_STATUS_START);
    put_message(&event, EVENT_SESSION_LOG, &session);
    return write_record(events, &event);
}

static int flush(struct dime_tfevents *events) {
    return fflush(events->stream) ? write_failed(events) : 0;
}

#define NAME_START "events.out.tfevents."

/* The SECONDS part of an event file's name; 0 for any other file. */
static long long name_seconds(const char *name) {
    size_t start = sizeof NAME_START - 1;
    if (strncmp(name, NAME_START, start) != 0 || !isdigit((unsigned char)name[start])) return 0;
    char *end;
    long long seconds = strtoll(name + start, &end, 10);
    return end - (name + start) == 10 ? seconds : 0;
}

/* A whole second later than the name of every event file in the folder, even when the clock was set back. */
static int file_seconds(const char *folder, long long *seconds) {
    DIR *directory = opendir(folder);
    if (!directory) return dime_error_set(DIME_ERROR_IO, "%s: cannot list: %s", folder, strerror(errno));
    *seconds = (long long)time(NULL);
    for (const struct dirent *entry; (entry = readdir(directory));) {
        long long other = name_seconds(entry->d_name);
        if (other >= *seconds) *seconds = other + 1;
    }
    closedir(directory);
    return 0;
}

static void file_host(char host[HOST_NAME_MAX + 1]) {
    if (gethostname(host, HOST_NAME_MAX)) snprintf(host, HOST_NAME_MAX, "localhost");
    host[HOST_NAME_MAX] = 0;
    for (char *letter = host; *letter; letter++)
        if (!isalnum((unsigned char)*letter) && *letter != '-') *letter = '_';
}

static int open_stream(struct dime_tfevents *events, const char *folder) {
    long long seconds = 0;
    int code = file_seconds(folder, &seconds);
    if (code) return code;
    char host[HOST_NAME_MAX + 1], name[HOST_NAME_MAX + 96];
    file_host(host);
    snprintf(name, sizeof name, NAME_START "%010lld.%s.%ld.0", seconds, host, (long)getpid());
    events->path = dime_path_join(folder, name);
    if (!events->path) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    events->stream = fopen(events->path, "wbx");
    return events->stream
               ? 0
               : dime_error_set(DIME_ERROR_IO, "%s: cannot create: %s", events->path, strerror(errno));
}

int dime_tfevents_open(const char *folder, int64_t first_step, struct dime_tfevents **events) {
    *events = calloc(1, sizeof **events);
    if (!*events) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    int code = open_stream(*events, folder);
    if (!code) code = write_file_version(*events);
    if (!code) code = write_session_start(*events, first_step);
    if (!code) code = flush(*events);
    if (code) {
        if ((*events)->stream) fclose((*events)->stream);
        free((*events)->path);
        free(*events);
        *events = NULL;
    }
    return code;
}

int dime_tfevents_step(struct dime_tfevents *events, int64_t step) {
    struct message event = new_event(step);
    put_message(&event, EVENT_SUMMARY, &events->summary);
    int code = write_record(events, &event);
    return code ? code : flush(events);
}

int dime_tfevents_close(struct dime_tfevents *events) {
    if (!events) return 0;
    int code = fclose(events->stream) ? write_failed(events) : 0;
    free(events->summary.bytes);
    free(events->path);
    free(events);
    return code;
}

/* ---- values ---- */

static struct message new_value(const char *tag) {
    struct message value = {0};
    put_bytes(&value, VALUE_TAG, tag, strlen(tag));
    return value;
}

/* A number too large for a float becomes infinite; the language leaves that conversion undefined. */
static float to_float(double number) {
    return fabs(number) > (double)FLT_MAX ? (float)copysign(INFINITY, number) : (float)number;
}

void dime_tfevents_scalar(struct dime_tfevents *events, const char *tag, double number) {
    struct message value = new_value(tag);
    put_float(&value, VALUE_SIMPLE, to_float(number));
    put_message(&events->summary, SUMMARY_VALUE, &value);
}

void dime_tfevents_image(struct dime_tfevents *events, const char *tag, uint32_t height, uint32_t width,
                         const void *png, size_t size) {
    struct message value = new_value(tag), image = {0};
    put_integer(&image, IMAGE_HEIGHT, height);
    put_integer(&image, IMAGE_WIDTH, width);
    put_integer(&image, IMAGE_COLOURS, COLOURS_RGB);
    put_bytes(&image, IMAGE_BYTES, png, size);
    put_message(&value, VALUE_IMAGE, &image);
    put_message(&events->summary, SUMMARY_VALUE, &value);
}

/* Bucket i counts the values from limit[i - 1] (the smallest value, for i = 0) to limit[i]. */
struct histogram {
    double least, greatest, sum, sum_squares;
    size_t number, buckets;
    const double *limit, *count;
};

static void put_histogram(struct dime_tfevents *events, const char *tag, const struct histogram *histogram) {
    struct message value = new_value(tag), body = {0};
    put_double(&body, HISTOGRAM_MIN, histogram->least);
    put_double(&body, HISTOGRAM_MAX, histogram->greatest);
    put_double(&body, HISTOGRAM_NUM, (double)histogram->number);
    put_double(&body, HISTOGRAM_SUM, histogram->sum);
    put_double(&body, HISTOGRAM_SUM_SQUARES, histogram->sum_squares);
    put_doubles(&body, HISTOGRAM_LIMITS, histogram->limit, histogram->buckets);
    put_doubles(&body, HISTOGRAM_BUCKETS, histogram->count, histogram->buckets);
    put_message(&value, VALUE_HISTOGRAM, &body);
    put_message(&events->summary, SUMMARY_VALUE, &value);
}

static struct histogram float_moments(const float *values, size_t count) {
    struct histogram histogram = {.least = DBL_MAX, .greatest = -DBL_MAX};
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        histogram.least = fmin(histogram.least, values[i]);
        histogram.greatest = fmax(histogram.greatest, values[i]);
        histogram.sum += values[i];
        histogram.sum_squares += (double)values[i] * values[i];
        histogram.number++;
    }
    return histogram;
}

static size_t float_bucket(const struct histogram *histogram, double value) {
    double width = (histogram->greatest - histogram->least) / FLOAT_BUCKETS;
    size_t bucket = width > 0 ? (size_t)((value - histogram->least) / width) : 0;
    return bucket < histogram->buckets ? bucket : histogram->buckets - 1;
}

void dime_tfevents_float_histogram(struct dime_tfevents *events, const char *tag, const float *values,
                                   size_t count) {
    struct histogram histogram = float_moments(values, count);
    if (histogram.number == 0) return;
    double limits[FLOAT_BUCKETS], counts[FLOAT_BUCKETS] = {0};
    double range = histogram.greatest - histogram.least;
    histogram.buckets = range > 0 ? FLOAT_BUCKETS : 1;
    for (size_t i = 0; i + 1 < histogram.buckets; i++)
        limits[i] = histogram.least + range * (double)(i + 1) / FLOAT_BUCKETS;
    limits[histogram.buckets - 1] = histogram.greatest;
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) counts[float_bucket(&histogram, values[i])]++;
    histogram.limit = limits;
    histogram.count = counts;
    put_histogram(events, tag, &histogram);
}

/* Gathers the values that occur: counts of all possible ones become limits and counts of the buckets. A limit
   lies midway to the next value that occurs, and half above the greatest. */
static struct histogram integer_buckets(const uint32_t *occurrences, double *limits, double *counts) {
    struct histogram histogram = {.limit = limits, .count = counts};
    for (size_t i = 0; i < INTEGER_VALUES; i++) {
        if (occurrences[i] == 0) continue;
        double value = (double)i + INT16_MIN, count = occurrences[i];
        if (histogram.buckets == 0)
            histogram.least = value;
        else
            limits[histogram.buckets - 1] = (histogram.greatest + value) / 2;
        histogram.greatest = value;
        histogram.sum += value * count;
        histogram.sum_squares += value * value * count;
        histogram.number += occurrences[i];
        limits[histogram.buckets] = value + 0.5;
        counts[histogram.buckets++] = count;
    }
    return histogram;
}

void dime_tfevents_integer_histogram(struct dime_tfevents *events, const char *tag, const int16_t *values,
                                     size_t count) {
    if (count == 0) return;
    uint32_t *occurrences = calloc(INTEGER_VALUES, sizeof *occurrences);
    double *limits = calloc(INTEGER_VALUES, 2 * sizeof *limits);
    if (occurrences && limits) {
        for (size_t i = 0; i < count; i++) occurrences[values[i] - INT16_MIN]++;
        struct histogram histogram = integer_buckets(occurrences, limits, limits + INTEGER_VALUES);
        put_histogram(events, tag, &histogram);
    } else {
        events->summary.failed = 1;
    }
    free(occurrences);
    free(limits);
}
