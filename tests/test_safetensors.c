/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "model/safetensors.h"

static char folder[] = "/tmp/dime-test-safetensors-XXXXXX";
static char path[128];

static int make_folder(void **state) {
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/file.safetensors", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(path);
    return rmdir(folder);
}

/* Length, header and `data` bytes of 0, 1, 2 ... */
static uint8_t *assemble(const char *header, size_t length, size_t data, size_t *size) {
    *size = 8 + length + data;
    uint8_t *bytes = malloc(*size);
    assert_non_null(bytes);
    for (size_t i = 0; i < 8; i++) bytes[i] = (uint8_t)(length >> (8 * i));
    memcpy(bytes + 8, header, length);
    for (size_t i = 0; i < data; i++) bytes[8 + length + i] = (uint8_t)i;
    return bytes;
}

static int parse_sized(const char *header, size_t length, size_t data, struct dime_safetensors *file) {
    size_t size;
    uint8_t *bytes = assemble(header, length, data, &size);
    int code = dime_safetensors_parse("x", bytes, size, file);
    free(bytes);
    return code;
}

static int parse(const char *header, size_t data, struct dime_safetensors *file) {
    return parse_sized(header, strlen(header), data, file);
}

static void expect_refused(int expected, const char *message, int code, const char *header) {
    if (code != expected || !strstr(dime_error_message(), message))
        fail_msg("%.100s: code %d, message \"%s\"; expected %d, \"%s\"", header, code, dime_error_message(),
                 expected, message);
}

static void reads_tensors_and_metadata(void **state) {
    (void)state;
    struct dime_safetensors file;
    assert_int_equal(parse("{\"b\":{\"dtype\":\"I16\",\"shape\":[2,3],\"data_offsets\":[1,13]},"
                           "\"__metadata__\":{\"k\":\"line\\nsecond \\u00e9\"},"
                           "\"a\":{\"data_offsets\":[0,1],\"shape\":[],\"dtype\":\"U8\"},"
                           "\"none\":{\"dtype\":\"F32\",\"shape\":[4,0],\"data_offsets\":[13,13]}}   ",
                           13, &file),
                     0);
    assert_int_equal(file.tensor_count, 3);
    const struct dime_tensor *b = dime_safetensors_find(&file, "b"), *a = dime_safetensors_find(&file, "a");
    assert_int_equal(b->type, DIME_I16);
    assert_int_equal(b->rank, 2);
    assert_int_equal(b->shape[1], 3);
    assert_int_equal(b->size, 12);
    assert_int_equal(((const uint8_t *)b->data)[0], 1);
    assert_int_equal((uintptr_t)b->data % 2, 0);
    assert_int_equal(a->rank, 0);
    assert_int_equal(a->size, 1);
    assert_int_equal(dime_safetensors_find(&file, "none")->size, 0);
    assert_null(dime_safetensors_find(&file, "c"));
    assert_string_equal(dime_safetensors_meta(&file, "k"), "line\nsecond \xc3\xa9");
    assert_null(dime_safetensors_meta(&file, "l"));
    dime_safetensors_free(&file);
}

#define T(dtype, shape, offsets)                                                                             \
    "{\"a\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void refuses_malformed_headers(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        int code;
        const char *message;
    } cases[] = {
        {"", 0, DIME_ERROR_MALFORMED, "does not start with {"},
        {" {}", 0, DIME_ERROR_MALFORMED, "does not start with {"},
        {"{", 0, DIME_ERROR_MALFORMED, "not JSON"},
        {"{}x", 0, DIME_ERROR_MALFORMED, "not JSON"},
        {"{}{}", 0, DIME_ERROR_MALFORMED, "not JSON"},
        {"{}", 1, DIME_ERROR_MALFORMED, "1 data bytes, but its tensors end at 0"},
        {"{\"a\":1}", 0, DIME_ERROR_MALFORMED, "is not an object"},
        {"{\"__metadata__\":{\"a\":1}}", 0, DIME_ERROR_MALFORMED, "strings to strings"},
        {"{\"__metadata__\":[]}", 0, DIME_ERROR_MALFORMED, "is not an object"},
        {"{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0, DIME_ERROR_MALFORMED, "stands twice"},
        {"{\"__metadata__\":{},\"__metadata__\":{}}", 0, DIME_ERROR_MALFORMED, "stands twice"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
         2, DIME_ERROR_MALFORMED, "name a stands twice"},
        {"{\"a\":{\"dtype\":\"U8\",\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1,
         DIME_ERROR_MALFORMED, "one \"dtype\""},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1],\"more\":1}}", 1,
         DIME_ERROR_MALFORMED, "unknown key"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[1]}}", 1, DIME_ERROR_MALFORMED, "one \"data_offsets\""},
        {T("\"F16\"", "[1]", "[0,2]"), 2, DIME_ERROR_UNSUPPORTED, "tensor a: dtype F16"},
        {T("\"BF\\u001b[0m\"", "[1]", "[0,2]"), 2, DIME_ERROR_UNSUPPORTED, "dtype ? "},
        {T("3", "[1]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "one \"dtype\""},
        {T("\"U8\"", "[1,1,1,1,1]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "at most 4"},
        {T("\"U8\"", "[\"1\"]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "one \"shape\""},
        {T("\"U8\"", "1", "[0,1]"), 1, DIME_ERROR_MALFORMED, "one \"shape\""},
        {T("\"U8\"", "[1.0]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "not a whole one"},
        {T("\"U8\"", "[1e0]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "not a whole one"},
        {T("\"U8\"", "[-1]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "not a whole one"},
        {T("\"U8\"", "[01]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "leading zero"},
        {T("\"U8\"", "[9007199254740993]", "[0,1]"), 1, DIME_ERROR_MALFORMED, "above 2^53"},
        {T("\"F64\"", "[9007199254740992,9007199254740992]", "[0,0]"), 0, DIME_ERROR_MALFORMED, "need"},
        {T("\"I32\"", "[1]", "[0,3]"), 3, DIME_ERROR_MALFORMED, "has 3 bytes"},
        {T("\"U8\"", "[1]", "[1,0]"), 1, DIME_ERROR_MALFORMED, "do not lie"},
        {T("\"U8\"", "[2]", "[0,2]"), 1, DIME_ERROR_MALFORMED, "do not lie"},
        {T("\"U8\"", "[1]", "[0]"), 1, DIME_ERROR_MALFORMED, "data_offsets"},
        {T("\"U8\"", "[1]", "[0,1,1]"), 1, DIME_ERROR_MALFORMED, "data_offsets"},
        {T("\"U8\"", "[1]", "[1,2]"), 2, DIME_ERROR_MALFORMED, "a hole at data byte 0"},
        {T("\"U8\"", "[1]", "[0,1]"), 2, DIME_ERROR_MALFORMED, "tensors end at 1"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
         3, DIME_ERROR_MALFORMED, "overlap at data byte 1"},
        {"{\"a\":[[[1]]]}", 0, DIME_ERROR_MALFORMED, "nested too deep"},
        {"{\"a\\u0000b\":{}}", 0, DIME_ERROR_MALFORMED, "a NUL"},
        {"{\"a\\nb\":{}}", 0, DIME_ERROR_MALFORMED, "control characters"},
        {"{\"a\xff\":{}}", 0, DIME_ERROR_MALFORMED, "not UTF-8"},
        {"{\"a\xed\xa0\x80\":{}}", 0, DIME_ERROR_MALFORMED, "not UTF-8"},
        {"{\"a\xc0\x80\":{}}", 0, DIME_ERROR_MALFORMED, "not UTF-8"},
        {"{\"a", 0, DIME_ERROR_MALFORMED, "without end"},
        {"}", 0, DIME_ERROR_MALFORMED, "does not start"},
        {"{}}", 0, DIME_ERROR_MALFORMED, "bracket too many"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dime_safetensors file;
        expect_refused(cases[i].code, cases[i].message, parse(cases[i].header, cases[i].data, &file),
                       cases[i].header);
        assert_null(file.tensors);
    }
}

static void refuses_wrong_lengths(void **state) {
    (void)state;
    struct dime_safetensors file;
    const uint8_t huge[16] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, '{', '}'};
    expect_refused(DIME_ERROR_MALFORMED, "too few", dime_safetensors_parse("x", huge, 7, &file), "7 bytes");
    expect_refused(DIME_ERROR_MALFORMED, "header would have", dime_safetensors_parse("x", huge, 16, &file),
                   "2^64 - 1");
    const uint8_t longer[10] = {3, 0, 0, 0, 0, 0, 0, 0, '{', '}'};
    expect_refused(DIME_ERROR_MALFORMED, "cut short", dime_safetensors_parse("x", longer, 10, &file),
                   "one too long");
    expect_refused(DIME_ERROR_IO, "cannot open", dime_safetensors_read("/nonexistent", &file),
                   "/nonexistent");
    expect_refused(DIME_ERROR_IO, "cannot read", dime_safetensors_read("/", &file), "/");
}

/* Every cut of a good file is refused. */
static void refuses_every_truncation(void **state) {
    (void)state;
    const char *header = T("\"I16\"", "[2]", "[0,4]");
    size_t size;
    uint8_t *bytes = assemble(header, strlen(header), 4, &size);
    struct dime_safetensors file;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *shorter = malloc(cut + 1); /* its own block, so that a sanitizer sees reads behind it */
        memcpy(shorter, bytes, cut);
        assert_int_equal(dime_safetensors_parse("x", shorter, cut, &file), DIME_ERROR_MALFORMED);
        free(shorter);
    }
    assert_int_equal(dime_safetensors_parse("x", bytes, size, &file), 0);
    dime_safetensors_free(&file);
    free(bytes);
}

/* A header of 16 MiB whose tree would take gigabytes is refused before it is built. */
static void refuses_too_many_values(void **state) {
    (void)state;
    size_t length = 4 << 20;
    char *header = malloc(length);
    assert_non_null(header);
    memset(header, ',', length);
    memcpy(header, "{\"a\":[0", 7);
    struct dime_safetensors file;
    expect_refused(DIME_ERROR_MALFORMED, "too many values", parse_sized(header, length, 0, &file), "commas");
    memset(header + 1, '{', length - 1);
    expect_refused(DIME_ERROR_MALFORMED, "nested too deep", parse_sized(header, length, 0, &file),
                   "brackets");
    free(header);
}

static struct dime_safetensors_writer *sample_writer(void) {
    static const float floats[6] = {0, -1, 2.5f, 3, 4, 5};
    static const int16_t shorts[3] = {-300, 0, 300};
    static const uint64_t matrix[2] = {2, 3}, vector[1] = {3}, empty[1] = {0};
    struct dime_safetensors_writer *writer = dime_safetensors_writer_new();
    dime_safetensors_add_meta(writer, "config", "a: \"b\"\n\tc\\d \xc3\xa9\x01");
    dime_safetensors_add(writer, "w", DIME_F32, 2, matrix, floats);
    dime_safetensors_add(writer, "a.b", DIME_I16, 1, vector, shorts);
    dime_safetensors_add(writer, "empty", DIME_F64, 1, empty, NULL);
    dime_safetensors_add(writer, "scalar", DIME_I16, 0, NULL, shorts + 2);
    return writer;
}

static void writes_what_it_reads(void **state) {
    (void)state;
    struct dime_safetensors file;
    assert_int_equal(dime_safetensors_write(sample_writer(), path), 0);
    assert_int_equal(dime_safetensors_read(path, &file), 0);
    assert_int_equal(file.tensor_count, 4);
    assert_string_equal(file.tensors[0].name, "w");
    assert_string_equal(file.tensors[1].name, "a.b");
    assert_float_equal(((const float *)file.tensors[0].data)[2], 2.5f, 0);
    assert_int_equal(((const int16_t *)file.tensors[1].data)[0], -300);
    assert_int_equal(*(const int16_t *)dime_safetensors_find(&file, "scalar")->data, 300);
    assert_string_equal(dime_safetensors_meta(&file, "config"), "a: \"b\"\n\tc\\d \xc3\xa9\x01");
    dime_safetensors_free(&file);
}

static void writes_equal_bytes_and_an_aligned_header(void **state) {
    (void)state;
    uint8_t *first, *second;
    size_t first_size, second_size;
    assert_int_equal(dime_safetensors_write(sample_writer(), path), 0);
    assert_int_equal(dime_file_read(path, 1 << 20, &first, &first_size), 0);
    assert_int_equal(dime_safetensors_write(sample_writer(), path), 0);
    assert_int_equal(dime_file_read(path, 1 << 20, &second, &second_size), 0);
    assert_int_equal(first_size, second_size);
    assert_memory_equal(first, second, first_size);
    size_t header = first[0] | (size_t)first[1] << 8;
    assert_int_equal(header % 8, 0);
    assert_int_equal(first_size, 8 + header + 24 + 6 + 2);
    free(first);
    free(second);
}

static void writer_refuses(const char *name, uint32_t rank, const uint64_t *shape, int code,
                           const char *message) {
    static const uint8_t data[4];
    static const uint64_t one = 1;
    struct dime_safetensors_writer *writer = dime_safetensors_writer_new();
    dime_safetensors_add(writer, "taken", DIME_U8, 1, &one, data);
    dime_safetensors_add(writer, name, DIME_U8, rank, shape, data);
    unlink(path);
    expect_refused(code, message, dime_safetensors_write(writer, path), name);
    struct stat status;
    assert_int_not_equal(stat(path, &status), 0);
}

static void writer_remembers_errors(void **state) {
    (void)state;
    static const uint64_t ones[5] = {1, 1, 1, 1, 1}, huge[2] = {UINT64_C(1) << 40, UINT64_C(1) << 40};
    writer_refuses("five", 5, ones, DIME_ERROR_UNSUPPORTED, "5 dimensions");
    writer_refuses("taken", 1, ones, DIME_ERROR_MALFORMED, "taken");
    writer_refuses("__metadata__", 1, ones, DIME_ERROR_MALFORMED, "taken");
    writer_refuses("\xff", 1, ones, DIME_ERROR_MALFORMED, "UTF-8");
    writer_refuses("huge", 2, huge, DIME_ERROR_UNSUPPORTED, "too large");
    struct dime_safetensors_writer *writer = dime_safetensors_writer_new();
    dime_safetensors_add_meta(writer, "k", "\xff");
    expect_refused(DIME_ERROR_MALFORMED, "UTF-8", dime_safetensors_write(writer, path), "metadata");
    expect_refused(DIME_ERROR_IO, "cannot create",
                   dime_safetensors_write(dime_safetensors_writer_new(), "/nonexistent/file"),
                   "/nonexistent");
    assert_int_equal(dime_safetensors_write(NULL, path), DIME_ERROR_MEMORY);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_tensors_and_metadata),
        cmocka_unit_test(refuses_malformed_headers),
        cmocka_unit_test(refuses_wrong_lengths),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(refuses_too_many_values),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(writes_equal_bytes_and_an_aligned_header),
        cmocka_unit_test(writer_remembers_errors),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
