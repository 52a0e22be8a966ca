/* SPDX-License-Identifier: MIT */
#ifndef DIME_DATA_PNG_WRITE_H
#define DIME_DATA_PNG_WRITE_H

#include <stdint.h>

/* Writes height x width grey levels as a PNG. Errors: IO, MEMORY. */
int dime_png_write(const char *path, const uint8_t *pixels, uint32_t height, uint32_t width);

#endif
