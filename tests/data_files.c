/* SPDX-License-Identifier: MIT */
#include "data_files.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/file.h"

static char scratch[] = "/tmp/dime-test-XXXXXX";

int scratch_setup(void **state) {
    (void)state;
    strcpy(scratch + sizeof scratch - 7, "XXXXXX");
    return mkdtemp(scratch) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *position) {
    (void)status;
    (void)kind;
    (void)position;
    return remove(path);
}

int scratch_teardown(void **state) {
    (void)state;
    return nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name) {
    static char paths[8][512];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

void scratch_write(const char *name, const void *bytes, size_t size) {
    char folder[512];
    snprintf(folder, sizeof folder, "%s", scratch_path(name));
    *strrchr(folder, '/') = 0;
    assert_int_equal(dime_make_folders(folder), 0);
    assert_int_equal(dime_file_write(scratch_path(name), bytes, size), 0);
}

void scratch_write_text(const char *name, const char *text) {
    scratch_write(name, text, strlen(text));
}

void scratch_write_pgm(const char *name, uint32_t height, uint32_t width, uint8_t grey) {
    size_t pixels = (size_t)height * width;
    char *bytes = malloc(64 + pixels);
    assert_non_null(bytes);
    int header = snprintf(bytes, 64, "P5\n%u %u\n255\n", width, height);
    memset(bytes + header, grey, pixels);
    scratch_write(name, bytes, (size_t)header + pixels);
    free(bytes);
}

static void put_32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) bytes[i] = (uint8_t)(value >> (24 - 8 * i));
}

size_t idx_header(uint8_t *bytes, uint32_t rank, const uint32_t *shape) {
    put_32(bytes, 0x800 + rank);
    for (uint32_t i = 0; i < rank; i++) put_32(bytes + 4 + 4 * i, shape[i]);
    return 4 + 4 * (size_t)rank;
}

uint8_t *gzip(const uint8_t *bytes, size_t size, size_t *packed) {
    z_stream stream = {0};
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&stream, size) + 64;
    uint8_t *content = malloc(room);
    assert_non_null(content);
    stream.next_in = (z_const Bytef *)bytes;
    stream.avail_in = (uInt)size;
    stream.next_out = content;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *packed = stream.total_out;
    deflateEnd(&stream);
    return content;
}

void assert_message(const char *text) {
    if (!strstr(dime_error_message(), text)) print_error("message: %s\n", dime_error_message());
    assert_non_null(strstr(dime_error_message(), text));
}
