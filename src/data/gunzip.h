/* SPDX-License-Identifier: MIT */
#ifndef DIME_DATA_GUNZIP_H
#define DIME_DATA_GUNZIP_H

#include <stddef.h>
#include <stdint.h>

/* 1 when the content begins as a gzip file does (RFC 1952). */
int dime_is_gzip(const uint8_t *bytes, size_t size);

/* Unpacks only the first `wanted` bytes, to look at a header before trusting the rest with memory. Returns
   how many there were: fewer when the content ends or breaks off before. */
size_t dime_gunzip_head(const uint8_t *bytes, size_t size, uint8_t *head, size_t wanted);

/* Unpacks a whole gzip file of one or more members, with its checksums. *content is malloc'ed. Memory grows
   with what is unpacked, never beyond `limit` bytes. Errors: MALFORMED (damaged, cut off, followed by
   something else, more than limit), MEMORY. `name` is used in messages. */
int dime_gunzip(const char *name, const uint8_t *bytes, size_t size, size_t limit, uint8_t **content,
                size_t *content_size);

#endif
