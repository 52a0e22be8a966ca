/* SPDX-License-Identifier: MIT */
#include "model/safetensors.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "model/json_guard.h"
#include "model/safetensors_types.h"

const struct dime_dtype_info dime_dtypes[DIME_DTYPE_COUNT] = {
    [DIME_U8] = {"U8", 1},   [DIME_I8] = {"I8", 1},   [DIME_I16] = {"I16", 2}, [DIME_I32] = {"I32", 4},
    [DIME_I64] = {"I64", 8}, [DIME_F32] = {"F32", 4}, [DIME_F64] = {"F64", 8},
};

uint64_t dime_tensor_bytes(enum dime_dtype type, uint32_t rank, const uint64_t *shape) {
    uint64_t bytes = dime_dtypes[type].size;
    for (uint32_t i = 0; i < rank;
         i++) /* a zero anywhere makes the product zero, whatever overflowed before */
        if (shape[i] == 0) return 0;
    for (uint32_t i = 0; i < rank; i++)
        if (__builtin_mul_overflow(bytes, shape[i], &bytes)) return UINT64_MAX;
    return bytes;
}

/* The tensor data behind the header. */
struct payload {
    const char *name; /* of the file, for messages */
    const uint8_t *bytes;
    uint64_t size;
};

struct span {
    uint64_t begin, end;
};

static int has_control_characters(const char *text) {
    for (; *text; text++)
        if ((uint8_t)*text < 0x20 || *text == 0x7F) return 1;
    return 0;
}

static int copy_string(const char *text, char **copy) {
    *copy = strdup(text);
    return *copy ? 0
                 : dime_error_set(DIME_ERROR_MEMORY, "out of memory for the header of a safetensors file");
}

/* The one member of that name; NULL where it is missing or there twice. */
static const cJSON *single_member(const cJSON *object, const char *name) {
    const cJSON *member, *found = NULL;
    cJSON_ArrayForEach(member, object) {
        if (strcmp(member->string, name)) continue;
        if (found) return NULL;
        found = member;
    }
    return found;
}

/* Up to `room` numbers of an array; their count, or -1. dime_json_guard has seen that numbers are whole and
   small enough for a double. */
static int read_numbers(const cJSON *array, uint64_t *numbers, int room) {
    if (!cJSON_IsArray(array)) return -1;
    int count = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, array) {
        if (!cJSON_IsNumber(item) || count == room) return -1;
        numbers[count++] = (uint64_t)item->valuedouble;
    }
    return count;
}

static int read_dtype(const cJSON *item, const char *name, struct dime_tensor *tensor) {
    const cJSON *dtype = single_member(item, "dtype");
    if (!cJSON_IsString(dtype))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: tensor %.200s: needs one \"dtype\", a string", name,
                              tensor->name);
    for (int i = 0; i < DIME_DTYPE_COUNT; i++) {
        if (strcmp(dtype->valuestring, dime_dtypes[i].name)) continue;
        tensor->type = (enum dime_dtype)i;
        return 0;
    }
    const char *shown = has_control_characters(dtype->valuestring) ? "?" : dtype->valuestring;
    return dime_error_set(
        DIME_ERROR_UNSUPPORTED,
        "%s: tensor %.200s: dtype %.20s cannot be read; known: U8, I8, I16, I32, I64, F32, F64", name,
        tensor->name, shown);
}

static int read_shape(const cJSON *item, const char *name, struct dime_tensor *tensor) {
    int rank = read_numbers(single_member(item, "shape"), tensor->shape, DIME_SAFETENSORS_MAX_RANK);
    if (rank < 0)
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: tensor %.200s: needs one \"shape\", an array of at most %d whole numbers",
                              name, tensor->name, DIME_SAFETENSORS_MAX_RANK);
    tensor->rank = (uint32_t)rank;
    return 0;
}

static int read_span(const cJSON *item, const struct payload *payload, const struct dime_tensor *tensor,
                     struct span *span) {
    uint64_t offsets[2];
    if (read_numbers(single_member(item, "data_offsets"), offsets, 2) != 2)
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: tensor %.200s: needs one \"data_offsets\", [begin, end]", payload->name,
                              tensor->name);
    if (offsets[0] > offsets[1] || offsets[1] > payload->size)
        return dime_error_set(
            DIME_ERROR_MALFORMED,
            "%s: tensor %.200s: data_offsets [%llu, %llu] do not lie in the file's %llu data bytes",
            payload->name, tensor->name, (unsigned long long)offsets[0], (unsigned long long)offsets[1],
            (unsigned long long)payload->size);
    uint64_t expected = dime_tensor_bytes(tensor->type, tensor->rank, tensor->shape);
    if (offsets[1] - offsets[0] != expected)
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: tensor %.200s: has %llu bytes, its shape and dtype need %llu",
                              payload->name, tensor->name, (unsigned long long)(offsets[1] - offsets[0]),
                              (unsigned long long)expected);
    *span = (struct span){offsets[0], offsets[1]};
    return 0;
}

static int check_members(const cJSON *item, const char *name, const char *tensor) {
    const cJSON *member;
    cJSON_ArrayForEach(member, item) {
        const char *key = member->string;
        if (!strcmp(key, "dtype") || !strcmp(key, "shape") || !strcmp(key, "data_offsets")) continue;
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: tensor %.200s: unknown key; known: dtype, shape, data_offsets", name,
                              tensor);
    }
    return 0;
}

static int copy_data(const struct payload *payload, const struct span *span, struct dime_tensor *tensor) {
    tensor->size = (size_t)(span->end - span->begin);
    tensor->data = malloc(tensor->size ? tensor->size : 1);
    if (!tensor->data)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory for tensor %.200s", payload->name,
                              tensor->name);
    memcpy(tensor->data, payload->bytes + span->begin, tensor->size);
    return 0;
}

static int read_tensor(const cJSON *item, const struct payload *payload, struct dime_tensor *tensor,
                       struct span *span) {
    if (has_control_characters(item->string))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: a tensor name with control characters",
                              payload->name);
    int error = copy_string(item->string, &tensor->name);
    if (error) return error;
    if (!cJSON_IsObject(item))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: tensor %.200s: is not an object", payload->name,
                              tensor->name);
    error = check_members(item, payload->name, tensor->name);
    if (!error) error = read_dtype(item, payload->name, tensor);
    if (!error) error = read_shape(item, payload->name, tensor);
    if (!error) error = read_span(item, payload, tensor, span);
    return error ? error : copy_data(payload, span, tensor);
}

static int compare_strings(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* All keys of an object differ; sorted, because a hostile file has very many. */
static int check_unique(const cJSON *object, const char *name) {
    size_t count = 0;
    const cJSON *member;
    cJSON_ArrayForEach(member, object) count++;
    const char **keys = malloc((count + 1) * sizeof *keys);
    if (!keys) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    count = 0;
    cJSON_ArrayForEach(member, object) keys[count++] = member->string;
    qsort(keys, count, sizeof *keys, compare_strings);
    int error = 0;
    for (size_t i = 1; i < count && !error; i++) {
        if (strcmp(keys[i - 1], keys[i])) continue;
        const char *shown = has_control_characters(keys[i]) ? "?" : keys[i];
        error = dime_error_set(DIME_ERROR_MALFORMED, "%s: the name %.200s stands twice in the header", name,
                               shown);
    }
    free(keys);
    return error;
}

static int read_metadata(const cJSON *object, const char *name, struct dime_safetensors *file) {
    if (!cJSON_IsObject(object))
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: __metadata__ is not an object", name);
    int error = check_unique(object, name);
    if (error) return error;
    file->metadata = calloc((size_t)cJSON_GetArraySize(object) + 1, sizeof *file->metadata);
    if (!file->metadata) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory for its metadata", name);
    const cJSON *member;
    cJSON_ArrayForEach(member, object) {
        if (!cJSON_IsString(member) || has_control_characters(member->string))
            return dime_error_set(DIME_ERROR_MALFORMED, "%s: __metadata__ maps more than strings to strings",
                                  name);
        struct dime_metadata *entry = &file->metadata[file->metadata_count++];
        error = copy_string(member->string, &entry->key);
        if (!error) error = copy_string(member->valuestring, &entry->value);
        if (error) return error;
    }
    return 0;
}

static int compare_spans(const void *left, const void *right) {
    const struct span *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    return (a->end > b->end) - (a->end < b->end);
}

/* Tensors cover the data exactly: no holes that could hide something, no overlap. */
static int check_coverage(struct span *spans, size_t count, const struct payload *payload) {
    qsort(spans, count, sizeof *spans, compare_spans);
    uint64_t end = 0;
    for (size_t i = 0; i < count; i++) {
        if (spans[i].begin != end)
            return dime_error_set(DIME_ERROR_MALFORMED,
                                  "%s: %s at data byte %llu; tensors must follow each other", payload->name,
                                  spans[i].begin > end ? "a hole" : "tensors overlap",
                                  (unsigned long long)(spans[i].begin > end ? end : spans[i].begin));
        end = spans[i].end;
    }
    if (end != payload->size)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: %llu data bytes, but its tensors end at %llu",
                              payload->name, (unsigned long long)payload->size, (unsigned long long)end);
    return 0;
}

static int read_tensors(const cJSON *root, const struct payload *payload, struct dime_safetensors *file,
                        struct span *spans) {
    const cJSON *item;
    cJSON_ArrayForEach(item, root) {
        int error;
        if (!strcmp(item->string, "__metadata__")) {
            error = read_metadata(item, payload->name, file);
        } else {
            size_t index = file->tensor_count++;
            error = read_tensor(item, payload, &file->tensors[index], &spans[index]);
        }
        if (error) return error;
    }
    return check_coverage(spans, file->tensor_count, payload);
}

static int read_root(const cJSON *root, const struct payload *payload, struct dime_safetensors *file) {
    int error = check_unique(root, payload->name);
    if (error) return error;
    size_t count = (size_t)cJSON_GetArraySize(root);
    struct span *spans = calloc(count + 1, sizeof *spans);
    file->tensors = calloc(count + 1, sizeof *file->tensors);
    if (spans && file->tensors)
        error = read_tensors(root, payload, file, spans);
    else
        error = dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory for %zu tensors", payload->name, count);
    free(spans);
    return error;
}

static int parse_header(const char *name, const char *text, size_t size, cJSON **root) {
    static const struct dime_json_limits limits = {3, DIME_SAFETENSORS_MAX_VALUES, 1};
    if (size == 0 || text[0] != '{')
        return dime_error_set(DIME_ERROR_MALFORMED,
                              "%s: not a model file: its safetensors header does not start with {", name);
    const char *wrong = dime_json_guard(text, size, &limits);
    if (wrong) return dime_error_set(DIME_ERROR_MALFORMED, "%s: the header has %s", name, wrong);
    const char *end = NULL;
    *root = cJSON_ParseWithLengthOpts(text, size, &end, 0);
    size_t used = *root ? (size_t)(end - text) : 0;
    while (*root && used < size && strchr(" \t\r\n", text[used])) used++;
    if (*root && used == size) return 0;
    cJSON_Delete(*root);
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: the header is not JSON", name);
}

static uint64_t read_little_endian_64(const uint8_t *bytes) {
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--) value = value << 8 | bytes[i];
    return value;
}

int dime_safetensors_parse(const char *name, const uint8_t *bytes, size_t size,
                           struct dime_safetensors *file) {
    memset(file, 0, sizeof *file);
    if (size < 8)
        return dime_error_set(DIME_ERROR_MALFORMED, "%s: not a model file: %zu bytes are too few", name,
                              size);
    uint64_t length = read_little_endian_64(bytes);
    if (length > DIME_SAFETENSORS_HEADER_LIMIT || length > size - 8)
        return dime_error_set(
            DIME_ERROR_MALFORMED,
            "%s: not a model file, or cut short: as safetensors its header would have %llu bytes, but the "
            "file has %zu and at most %llu are read",
            name, (unsigned long long)length, size, (unsigned long long)DIME_SAFETENSORS_HEADER_LIMIT);
    cJSON *root = NULL;
    int error = parse_header(name, (const char *)bytes + 8, (size_t)length, &root);
    if (error) return error;
    struct payload payload = {name, bytes + 8 + length, size - 8 - length};
    error = read_root(root, &payload, file);
    cJSON_Delete(root);
    if (error) dime_safetensors_free(file);
    return error;
}

int dime_safetensors_read(const char *path, struct dime_safetensors *file) {
    uint8_t *bytes;
    size_t size;
    memset(file, 0, sizeof *file);
    int error = dime_file_read(path, DIME_SAFETENSORS_FILE_LIMIT, &bytes, &size);
    if (error) return error;
    error = dime_safetensors_parse(path, bytes, size, file);
    free(bytes);
    return error;
}

void dime_safetensors_free(struct dime_safetensors *file) {
    for (size_t i = 0; i < file->tensor_count; i++) {
        free(file->tensors[i].name);
        free(file->tensors[i].data);
    }
    for (size_t i = 0; i < file->metadata_count; i++) {
        free(file->metadata[i].key);
        free(file->metadata[i].value);
    }
    free(file->tensors);
    free(file->metadata);
    memset(file, 0, sizeof *file);
}

const struct dime_tensor *dime_safetensors_find(const struct dime_safetensors *file, const char *name) {
    for (size_t i = 0; i < file->tensor_count; i++)
        if (!strcmp(file->tensors[i].name, name)) return &file->tensors[i];
    return NULL;
}

const char *dime_safetensors_meta(const struct dime_safetensors *file, const char *key) {
    for (size_t i = 0; i < file->metadata_count; i++)
        if (!strcmp(file->metadata[i].key, key)) return file->metadata[i].value;
    return NULL;
}
