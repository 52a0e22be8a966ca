/* SPDX-License-Identifier: MIT */
/* A digit becomes segments of a 7-segment display. */
#ifndef DIME_DISPLAY_SEGMENTS_H
#define DIME_DISPLAY_SEGMENTS_H

#include <stdint.h>

/* Bit 0 is segment A (top), then clockwise B, C, D (bottom), E, F, and bit 6 is G (middle). */
#define DIME_SEGMENT_MIDDLE 0x40

/* Lit segments of 0..15 (hexadecimal: A b C d E F); the middle one alone for anything greater. */
uint8_t dime_segments_of_digit(uint32_t digit);

#endif
