/* SPDX-License-Identifier: MIT */
#include "format_bits.h"

/* The NormalFloat levels of QLoRA (Dettmers and others 2023, appendix E) times 127, rounded. */
static int16_t value(uint32_t code) {
    static const int8_t levels[16] = {-127, -88, -67, -50, -36, -23, -12, 0, 10, 20, 31, 43, 56, 71, 92, 127};
    return levels[code & 15];
}

DIME_DEFINE_BITS_FORMAT(dime_format_nf4, "NF4", 4, 127);
