/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "model/json_guard.h"
#include "model/safetensors_types.h"

struct pending {
    char *name;
    enum dime_dtype type;
    uint32_t rank;
    uint64_t shape[DIME_SAFETENSORS_MAX_RANK];
    uint64_t size;
    const void *data; /* borrowed */
};

/* Both lists grow by one at a time: files have tens of entries. */
struct dime_safetensors_writer {
    struct pending *tensors;
    size_t tensor_count;
    struct dime_metadata *metadata;
    size_t metadata_count;
    int error; /* the first that happened, reported by write */
    char *message;
};

struct dime_safetensors_writer *dime_safetensors_writer_new(void) {
    return calloc(1, sizeof(struct dime_safetensors_writer));
}

void dime_safetensors_writer_free(struct dime_safetensors_writer *writer) {
    if (!writer) return;
    for (size_t i = 0; i < writer->tensor_count; i++) free(writer->tensors[i].name);
    for (size_t i = 0; i < writer->metadata_count; i++) {
        free(writer->metadata[i].key);
        free(writer->metadata[i].value);
    }
    free(writer->tensors);
    free(writer->metadata);
    free(writer->message);
    free(writer);
}

/* The message is kept beside the code: other calls may fail before write reports this one. */
static void remember(struct dime_safetensors_writer *writer, int error) {
    if (writer->error) return;
    writer->error = error;
    writer->message = strdup(dime_error_message());
}

static void remember_memory(struct dime_safetensors_writer *writer) {
    remember(writer, dime_error_set(DIME_ERROR_MEMORY, "out of memory for a safetensors header"));
}

static int name_taken(const struct dime_safetensors_writer *writer, const char *name) {
    if (!strcmp(name, "__metadata__")) return 1;
    for (size_t i = 0; i < writer->tensor_count; i++)
        if (!strcmp(writer->tensors[i].name, name)) return 1;
    return 0;
}

static int check_tensor(const struct dime_safetensors_writer *writer, const char *name, uint32_t rank) {
    if (rank > DIME_SAFETENSORS_MAX_RANK)
        return dime_error_set(DIME_ERROR_UNSUPPORTED, "tensor %s: %u dimensions, at most %d can be written",
                              name, rank, DIME_SAFETENSORS_MAX_RANK);
    if (!dime_utf8_valid(name, strlen(name)) || name_taken(writer, name))
        return dime_error_set(DIME_ERROR_MALFORMED, "tensor %s: its name is taken or not UTF-8", name);
    return 0;
}

void dime_safetensors_add(struct dime_safetensors_writer *writer, const char *name, enum dime_dtype type,
                          uint32_t rank, const uint64_t *shape, const void *data) {
    if (!writer || writer->error) return;
    int error = check_tensor(writer, name, rank);
    if (error) {
        remember(writer, error);
        return;
    }
    struct pending *grown = realloc(writer->tensors, (writer->tensor_count + 1) * sizeof *grown);
    if (grown) writer->tensors = grown;
    char *copy = grown ? strdup(name) : NULL;
    if (!copy) {
        remember_memory(writer);
        return;
    }
    struct pending *tensor = &writer->tensors[writer->tensor_count++];
    *tensor = (struct pending){.name = copy, .type = type, .rank = rank, .data = data};
    for (uint32_t i = 0; i < rank; i++) tensor->shape[i] = shape[i];
    tensor->size = dime_tensor_bytes(type, rank, shape);
}

void dime_safetensors_add_meta(struct dime_safetensors_writer *writer, const char *key, const char *value) {
    if (!writer || writer->error) return;
    if (dime_safetensors_meta(&(struct dime_safetensors){NULL, 0, writer->metadata, writer->metadata_count},
                              key) ||
        !dime_utf8_valid(key, strlen(key)) || !dime_utf8_valid(value, strlen(value))) {
        remember(writer, dime_error_set(DIME_ERROR_MALFORMED,
                                        "metadata %s: its name is taken or it is not UTF-8", key));
        return;
    }
    struct dime_metadata *grown = realloc(writer->metadata, (writer->metadata_count + 1) * sizeof *grown);
    if (grown) writer->metadata = grown;
    struct dime_metadata entry = {grown ? strdup(key) : NULL, grown ? strdup(value) : NULL};
    if (entry.key && entry.value) {
        writer->metadata[writer->metadata_count++] = entry;
        return;
    }
    free(entry.key);
    free(entry.value);
    remember_memory(writer);
}

static void print_string(FILE *stream, const char *text) {
    fputc('"', stream);
    for (; *text; text++) {
        uint8_t c = (uint8_t)*text;
        if (c == '"' || c == '\\')
            fprintf(stream, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", stream);
        else if (c < 0x20)
            fprintf(stream, "\\u%04x", c);
        else
            fputc(c, stream);
    }
    fputc('"', stream);
}

static void print_metadata(FILE *stream, const struct dime_safetensors_writer *writer) {
    fputs("\"__metadata__\":{", stream);
    for (size_t i = 0; i < writer->metadata_count; i++) {
        if (i) fputc(',', stream);
        print_string(stream, writer->metadata[i].key);
        fputc(':', stream);
        print_string(stream, writer->metadata[i].value);
    }
    fputc('}', stream);
}

static void print_tensor(FILE *stream, const struct pending *tensor, uint64_t begin) {
    print_string(stream, tensor->name);
    fprintf(stream, ":{\"dtype\":\"%s\",\"shape\":[", dime_dtypes[tensor->type].name);
    for (uint32_t i = 0; i < tensor->rank; i++)
        fprintf(stream, "%s%llu", i ? "," : "", (unsigned long long)tensor->shape[i]);
    fprintf(stream, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)begin,
            (unsigned long long)(begin + tensor->size));
}

/* Prints the JSON, filled up with spaces so that the data behind it starts at a multiple of eight. */
static void print_header(FILE *stream, const struct dime_safetensors_writer *writer) {
    uint64_t begin = 0;
    fputc('{', stream);
    if (writer->metadata_count) print_metadata(stream, writer);
    for (size_t i = 0; i < writer->tensor_count; i++) {
        if (i || writer->metadata_count) fputc(',', stream);
        print_tensor(stream, &writer->tensors[i], begin);
        begin += writer->tensors[i].size;
    }
    fputc('}', stream);
    for (long length = ftell(stream); length % 8; length++) fputc(' ', stream);
}

static int make_header(const struct dime_safetensors_writer *writer, char **header, size_t *length) {
    *header = NULL;
    FILE *stream = open_memstream(header, length);
    if (!stream) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a safetensors header");
    print_header(stream, writer);
    int failed = ferror(stream) | fclose(stream);
    if (!failed) return 0;
    free(*header);
    *header = NULL;
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a safetensors header");
}

static int too_large(const char *path) {
    return dime_error_set(DIME_ERROR_UNSUPPORTED, "%s: header or data too large; at most 16 MiB and 1 GiB",
                          path);
}

/* What the reader would refuse is not written. */
static int check_sizes(const struct dime_safetensors_writer *writer, const char *path, size_t header) {
    uint64_t total = 8 + header;
    for (size_t i = 0; i < writer->tensor_count; i++) /* sizes end at 2^64 - 1, so the sum is watched */
        if (__builtin_add_overflow(total, writer->tensors[i].size, &total)) return too_large(path);
    if (header <= DIME_SAFETENSORS_HEADER_LIMIT && total <= DIME_SAFETENSORS_FILE_LIMIT) return 0;
    return too_large(path);
}

static void write_content(FILE *stream, const struct dime_safetensors_writer *writer, const char *header,
                          size_t length) {
    uint8_t prefix[8];
    for (int i = 0; i < 8; i++) prefix[i] = (uint8_t)((uint64_t)length >> (8 * i));
    fwrite(prefix, 1, sizeof prefix, stream); /* a short write sets ferror, which commit reports */
    fwrite(header, 1, length, stream);
    for (size_t i = 0; i < writer->tensor_count; i++)
        if (writer->tensors[i].size)
            fwrite(writer->tensors[i].data, 1, (size_t)writer->tensors[i].size, stream);
}

static int write_file(const struct dime_safetensors_writer *writer, const char *path) {
    if (writer->error)
        return dime_error_set(writer->error, "%s: %s", path,
                              writer->message ? writer->message : "out of memory");
    char *header;
    size_t length = 0;
    int error = make_header(writer, &header, &length);
    if (error) return error;
    error = check_sizes(writer, path, length);
    struct dime_file_writer file;
    if (!error) error = dime_file_writer_open(&file, path);
    if (!error) {
        write_content(file.stream, writer, header, length);
        error = dime_file_writer_commit(&file);
    }
    free(header);
    return error;
}

int dime_safetensors_write(struct dime_safetensors_writer *writer, const char *path) {
    if (!writer) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    int error = write_file(writer, path);
    dime_safetensors_writer_free(writer);
    return error;
}
