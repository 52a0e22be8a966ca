/* SPDX-License-Identifier: MIT */
#ifndef DIME_DATA_PICTURE_H
#define DIME_DATA_PICTURE_H

#include <stdint.h>

struct dime_picture {
    uint32_t height, width; /* 1..4096 each */
    uint8_t *pixels;        /* height x width grey levels, row by row; colour is turned grey (ITU-R 601 luma),
                               transparency is laid over black */
};
/* Reads a PNG (any colour type and depth), PGM (P2, P5; maxval up to 65535) or PPM (P3, P6). Errors: IO,
   MALFORMED, UNSUPPORTED (neither by its first bytes), MEMORY. */
int dime_picture_read(const char *path, struct dime_picture *picture);
/* The same from memory; `name` is used in messages. */
int dime_picture_parse(const char *name, const uint8_t *bytes, uint64_t size, struct dime_picture *picture);
void dime_picture_free(struct dime_picture *picture);

#endif
