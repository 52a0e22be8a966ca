/* SPDX-License-Identifier: MIT */
#include "model/bitnetmcu_format.h"

static const struct {
    uint32_t id;
    enum dime_format_id format;
} ids[] = {
    {1, DIME_FORMAT_BINARY},  {1, DIME_FORMAT_BINARYSYM}, {2, DIME_FORMAT_2BITSYM},
    {4, DIME_FORMAT_4BITSYM}, {12, DIME_FORMAT_4BIT},     {16, DIME_FORMAT_8BIT},
    {20, DIME_FORMAT_FP130},  {36, DIME_FORMAT_NF4},      {DIME_BITNETMCU_TERNARY, DIME_FORMAT_TERNARY},
};

uint32_t dime_bitnetmcu_id(enum dime_format_id format) {
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i].format == format) return ids[i].id;
    return 0;
}

int dime_bitnetmcu_format(uint32_t id) {
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        if (ids[i].id == id) return (int)ids[i].format;
    return -1;
}

uint32_t dime_bitnetmcu_inputs(enum dime_format_id format, uint32_t inputs) {
    return format == DIME_FORMAT_TERNARY ? (inputs + 9) / 10 * 10 : inputs;
}
