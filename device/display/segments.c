/* SPDX-License-Identifier: MIT */
#include "segments.h"

uint8_t dime_segments_of_digit(uint32_t digit) {
    /*                                    GFEDCBA */
    static const uint8_t segments[16] = {
        0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F, 0x6F, 0x77, 0x7C, 0x39, 0x5E, 0x79, 0x71,
    };
    return digit < 16 ? segments[digit] : DIME_SEGMENT_MIDDLE;
}
