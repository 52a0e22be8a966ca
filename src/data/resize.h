/* SPDX-License-Identifier: MIT */
#ifndef DIME_DATA_RESIZE_H
#define DIME_DATA_RESIZE_H

#include <stdint.h>

/* Bilinear resize of an 8-bit grey picture with support scaled by the reduction (antialiasing), byte for byte
   what Pillow's Image.resize((width, height), Image.BILINEAR) computes: fixed-point coefficients of 22 bits
   less the precision, horizontal pass first, rounding after each pass. Sides 1..4096. Errors: UNSUPPORTED
   (another side), MEMORY. */
int dime_resize(const uint8_t *source, uint32_t height, uint32_t width, uint8_t *target,
                uint32_t target_height, uint32_t target_width);
/* The same for `count` pictures, coefficients computed once. */
int dime_resize_many(const uint8_t *source, uint32_t count, uint32_t height, uint32_t width, uint8_t *target,
                     uint32_t target_height, uint32_t target_width);

#endif
