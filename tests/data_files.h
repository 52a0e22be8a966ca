/* SPDX-License-Identifier: MIT */
/* Files for the tests of readers: a scratch folder, and IDX, gzip and PGM content in it. */
#ifndef DIME_TESTS_DATA_FILES_H
#define DIME_TESTS_DATA_FILES_H

#include <stddef.h>
#include <stdint.h>

/* cmocka setup and teardown: an empty scratch folder, removed with all that is in it. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* The path of a name in the scratch folder; one of eight static buffers, used in turn. */
const char *scratch_path(const char *name);
/* Writes a file into the scratch folder; missing folders are made. */
void scratch_write(const char *name, const void *bytes, size_t size);
void scratch_write_text(const char *name, const char *text);
/* A PGM (P5) of one grey level. */
void scratch_write_pgm(const char *name, uint32_t height, uint32_t width, uint8_t grey);

/* An IDX header of `rank` dimensions into `bytes`; returns its size. */
size_t idx_header(uint8_t *bytes, uint32_t rank, const uint32_t *shape);
/* gzip of `bytes`, malloc'ed. */
uint8_t *gzip(const uint8_t *bytes, size_t size, size_t *packed);

/* The last error message contains this text. */
void assert_message(const char *text);

#endif
