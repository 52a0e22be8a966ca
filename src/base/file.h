/* SPDX-License-Identifier: MIT */
#ifndef DIME_BASE_FILE_H
#define DIME_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Reads a whole file of at most `limit` bytes. *bytes is malloc'ed with one extra zero byte behind the
   content; the caller frees it. Errors: IO, MALFORMED (larger than limit), MEMORY. */
int dime_file_read(const char *path, size_t limit, uint8_t **bytes, size_t *size);

/* A file that appears whole or not at all: it is written beside its place under a temporary name and renamed
   by commit after fsync. Exactly one of commit and abort must follow a successful open; a failed commit
   removes the temporary file. */
struct dime_file_writer {
    FILE *stream;
    char *path;
    char *temporary;
};
int dime_file_writer_open(struct dime_file_writer *writer, const char *path);
int dime_file_writer_commit(struct dime_file_writer *writer); /* IO on a full disk, nothing is left behind */
void dime_file_writer_abort(struct dime_file_writer *writer);

/* Writes `size` bytes as a whole file through the writer above. */
int dime_file_write(const char *path, const void *bytes, size_t size);

/* Makes a folder and its missing parents. */
int dime_make_folders(const char *path);

/* malloc'ed "folder/name"; NULL when out of memory. */
char *dime_path_join(const char *folder, const char *name);
int dime_is_folder(const char *path); /* 1 or 0 */

#endif
