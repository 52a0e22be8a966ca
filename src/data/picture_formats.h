/* SPDX-License-Identifier: MIT */
/* The formats behind dime_picture_parse, each for content that begins with its signature. */
#ifndef DIME_DATA_PICTURE_FORMATS_H
#define DIME_DATA_PICTURE_FORMATS_H

#include <stddef.h>
#include <stdint.h>

#include "data/picture.h"

enum { DIME_PICTURE_MAX_SIDE = 4096 };

int dime_png_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_picture *picture);
int dime_pnm_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_picture *picture);

/* MALFORMED unless both sides are within 1..4096. */
int dime_picture_check_size(const char *name, uint32_t height, uint32_t width);

/* ITU-R 601 luma, 0.299 R + 0.587 G + 0.114 B in 16-bit fixed point, rounded: what Pillow's convert('L')
   gives. The weights sum to 65536, so the result is at most 255. */
static inline uint8_t dime_luma(const uint8_t rgb[3]) {
    return (uint8_t)((19595u * rgb[0] + 38470u * rgb[1] + 7471u * rgb[2] + 32768u) >> 16);
}

#endif
