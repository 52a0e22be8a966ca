/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/gunzip.h"
#include "data/idx.h"
#include "data_files.h"

/* Two pictures of 3x2 pixels. */
static const uint32_t shape[3] = {2, 3, 2};
enum { PICTURES_SIZE = 16 + 12 };

static void make_pictures(uint8_t bytes[PICTURES_SIZE]) {
    size_t header = idx_header(bytes, 3, shape);
    for (int i = 0; i < 12; i++) bytes[header + (size_t)i] = (uint8_t)(10 * i);
}

static uint8_t *duplicate(const uint8_t *bytes, size_t size) {
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    if (size) memcpy(copy, bytes, size);
    return copy;
}

static int parse(const uint8_t *bytes, size_t size, uint32_t rank, struct dime_idx *idx) {
    return dime_idx_parse("file", duplicate(bytes, size), size, rank, idx);
}

static void assert_refused(const uint8_t *bytes, size_t size, uint32_t rank, const char *message) {
    struct dime_idx idx;
    assert_int_equal(parse(bytes, size, rank, &idx), DIME_ERROR_MALFORMED);
    assert_null(idx.data);
    assert_message(message);
}

static void assert_pictures(const struct dime_idx *idx) {
    assert_memory_equal(idx->shape, shape, sizeof shape);
    assert_int_equal(idx->size, 12);
    for (int i = 0; i < 12; i++) assert_int_equal(idx->data[i], 10 * i);
}

static void reads_plain(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE];
    struct dime_idx idx;
    make_pictures(bytes);
    assert_int_equal(parse(bytes, sizeof bytes, 3, &idx), 0);
    assert_pictures(&idx);
    dime_idx_free(&idx);
}

static void reads_gzip(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE];
    size_t size;
    struct dime_idx idx;
    make_pictures(bytes);
    uint8_t *packed = gzip(bytes, sizeof bytes, &size);
    assert_int_equal(parse(packed, size, 3, &idx), 0);
    assert_pictures(&idx);
    dime_idx_free(&idx);
    free(packed);
}

static void reads_gzip_of_two_members(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE], both[512];
    size_t first_size, second_size;
    struct dime_idx idx;
    make_pictures(bytes);
    uint8_t *first = gzip(bytes, 20, &first_size),
            *second = gzip(bytes + 20, PICTURES_SIZE - 20, &second_size);
    memcpy(both, first, first_size);
    memcpy(both + first_size, second, second_size);
    assert_int_equal(parse(both, first_size + second_size, 3, &idx), 0);
    assert_pictures(&idx);
    dime_idx_free(&idx);
    free(first);
    free(second);
}

static void refuses_every_cut(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE];
    size_t size;
    make_pictures(bytes);
    for (size_t cut = 0; cut < sizeof bytes; cut++) assert_refused(bytes, cut, 3, "file: ");
    assert_refused(bytes, sizeof bytes - 1, 3,
                   "27 bytes of content, its header promises 28; the file is cut off");
    uint8_t *packed = gzip(bytes, sizeof bytes, &size);
    for (size_t cut = 0; cut < size; cut++) assert_refused(packed, cut, 3, "file: ");
    free(packed);
}

static void refuses_trailing_bytes(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE + 1] = {0};
    size_t size;
    make_pictures(bytes);
    assert_refused(bytes, sizeof bytes, 3, "followed by something else");
    uint8_t *packed = gzip(bytes, sizeof bytes, &size); /* more inside than the header says */
    assert_refused(packed, size, 3, "unpacks to more than the 28 bytes expected");
    free(packed);
    packed = gzip(bytes, PICTURES_SIZE, &size); /* something behind the gzip data */
    uint8_t *longer = realloc(packed, size + 1);
    assert_non_null(longer);
    packed = longer;
    packed[size] = 0;
    assert_refused(packed, size + 1, 3, "1 bytes follow the end of the gzip data");
    free(packed);
}

static void refuses_wrong_magic(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE];
    make_pictures(bytes);
    assert_refused(bytes, sizeof bytes, 1, "begins with 00000803, expected 00000801");
    bytes[2] = 0x0d; /* floats */
    assert_refused(bytes, sizeof bytes, 3, "begins with 00000d03");
    bytes[2] = 8;
    bytes[0] = 1;
    assert_refused(bytes, sizeof bytes, 3, "begins with 01000803");
}

static void refuses_impossible_dimensions(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE];
    static const uint32_t overflowing[][3] = {{65536, 65536, 1},
                                              {0x80000000u, 2, 1},
                                              {UINT32_MAX, UINT32_MAX, UINT32_MAX},
                                              {1u << 16, 1u << 16, 1u << 16},
                                              {(1u << 30) + 1, 1, 1}};
    make_pictures(bytes);
    for (size_t i = 0; i < sizeof overflowing / sizeof *overflowing; i++) {
        idx_header(bytes, 3, overflowing[i]);
        assert_refused(bytes, sizeof bytes, 3, "more than 1073741824 bytes");
    }
    idx_header(bytes, 3, (const uint32_t[]){2, 0, 6});
    assert_refused(bytes, sizeof bytes, 3, "dimension 2 is 0");
    idx_header(bytes, 3, (const uint32_t[]){1u << 15, 1 << 7, 1 << 7}); /* within limits, but not there */
    assert_refused(bytes, sizeof bytes, 3, "cut off");
}

static void refuses_damaged_gzip(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE];
    size_t size;
    make_pictures(bytes);
    uint8_t *packed = gzip(bytes, sizeof bytes, &size);
    packed[size - 6] ^= 1; /* its CRC-32 */
    assert_refused(packed, size, 3, "damaged gzip file: incorrect data check");
    packed[size - 6] ^= 1;
    packed[2] = 7; /* an unknown method */
    assert_refused(packed, size, 3, "file: ");
    free(packed);
}

/* A bomb stops at the size that its header gives, however much it would unpack to. */
static void bomb_is_stopped(void **state) {
    (void)state;
    size_t zeros = 64 << 20, size, content_size;
    uint8_t *bytes = calloc(1, zeros), *content;
    assert_non_null(bytes);
    idx_header(bytes, 3, shape);
    uint8_t *packed = gzip(bytes, zeros, &size);
    free(bytes);
    assert_true(size < 100000);
    assert_refused(packed, size, 3, "unpacks to more than the 28 bytes expected");
    assert_int_equal(dime_gunzip("bomb", packed, size, 1000, &content, &content_size), DIME_ERROR_MALFORMED);
    assert_null(content);
    free(packed);
}

static void limit_is_exact(void **state) {
    (void)state;
    uint8_t bytes[1000] = {1}, *content;
    size_t size, content_size;
    uint8_t *packed = gzip(bytes, sizeof bytes, &size);
    assert_int_equal(dime_gunzip("x", packed, size, 1000, &content, &content_size), 0);
    assert_int_equal(content_size, 1000);
    assert_memory_equal(content, bytes, 1000);
    free(content);
    assert_int_equal(dime_gunzip("x", packed, size, 999, &content, &content_size), DIME_ERROR_MALFORMED);
    free(packed);
}

static void write_labels(const char *name, uint32_t count) {
    uint8_t bytes[8 + 16] = {0};
    size_t header = idx_header(bytes, 1, &count);
    for (uint32_t i = 0; i < count; i++) bytes[header + i] = (uint8_t)(i + 3);
    scratch_write(name, bytes, header + count);
}

static void reads_pairs(void **state) {
    (void)state;
    uint8_t bytes[PICTURES_SIZE];
    struct dime_dataset set;
    make_pictures(bytes);
    scratch_write("pictures", bytes, sizeof bytes);
    write_labels("two", 2);
    write_labels("three", 3);
    assert_int_equal(dime_idx_read_pair(scratch_path("pictures"), scratch_path("two"), &set), 0);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.height, 3);
    assert_int_equal(set.width, 2);
    assert_int_equal(set.pixels[11], 110);
    assert_int_equal(set.labels[1], 4);
    free(set.pixels);
    free(set.labels);
    int code = dime_idx_read_pair(scratch_path("pictures"), scratch_path("three"), &set);
    assert_int_equal(code, DIME_ERROR_MALFORMED);
    assert_message("3 labels, but ");
    assert_message("has 2 pictures");
    code = dime_idx_read_pair(scratch_path("pictures"), scratch_path("none"), &set);
    assert_int_equal(code, DIME_ERROR_IO);
    assert_message("none: cannot open");
}

static void refuses_large_pictures(void **state) {
    (void)state;
    static uint8_t bytes[16 + 257];
    struct dime_dataset set;
    idx_header(bytes, 3, (const uint32_t[]){1, 1, 257});
    scratch_write("pictures", bytes, sizeof bytes);
    write_labels("one", 1);
    int code = dime_idx_read_pair(scratch_path("pictures"), scratch_path("one"), &set);
    assert_int_equal(code, DIME_ERROR_MALFORMED);
    assert_message("257x1 pixels, expected 1..256");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_plain),
        cmocka_unit_test(reads_gzip),
        cmocka_unit_test(reads_gzip_of_two_members),
        cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(refuses_trailing_bytes),
        cmocka_unit_test(refuses_wrong_magic),
        cmocka_unit_test(refuses_impossible_dimensions),
        cmocka_unit_test(refuses_damaged_gzip),
        cmocka_unit_test(bomb_is_stopped),
        cmocka_unit_test(limit_is_exact),
        cmocka_unit_test_setup_teardown(reads_pairs, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(refuses_large_pictures, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
