/* SPDX-License-Identifier: MIT */
#include "model/unsigned_weight.h"

int dime_unsigned_weight_of(enum dime_format_id id, struct dime_unsigned_weight *weight) {
    switch (id) {
    case DIME_FORMAT_BINARY:
    case DIME_FORMAT_BINARYSYM:
        *weight = (struct dime_unsigned_weight){.bits = 1, .scale = 1, .middle = 1};
        return 1;
    case DIME_FORMAT_TERNARY:
        *weight = (struct dime_unsigned_weight){.bits = 2, .scale = 0, .middle = 1};
        return 1;
    case DIME_FORMAT_2BITSYM:
        *weight = (struct dime_unsigned_weight){.bits = 2, .scale = 1, .middle = 3};
        return 1;
    case DIME_FORMAT_POT3:
        *weight = (struct dime_unsigned_weight){.bits = 4, .scale = 0, .middle = 4};
        return 1;
    case DIME_FORMAT_4BITSYM:
        *weight = (struct dime_unsigned_weight){.bits = 4, .scale = 1, .middle = 15};
        return 1;
    case DIME_FORMAT_4BIT:
        *weight = (struct dime_unsigned_weight){.bits = 4, .scale = 0, .middle = 8};
        return 1;
    default:
        return 0;
    }
}
