/* SPDX-License-Identifier: MIT */
#include "model/formats.h"

#include <stddef.h>
#include <string.h>

struct entry {
    const char *name;
    const char *symbol;
    double bits; /* as packed */
    const struct dime_format *format;
};

static const struct entry table[DIME_FORMAT_COUNT] = {
    [DIME_FORMAT_NONE] = {"None", "", 32, NULL},
    [DIME_FORMAT_BINARY] = {"Binary", "dime_format_binary", 1, &dime_format_binary},
    [DIME_FORMAT_BINARYSYM] = {"BinarySym", "dime_format_binarysym", 1, &dime_format_binarysym},
    [DIME_FORMAT_TERNARY] = {"Ternary", "dime_format_ternary", 1.6, &dime_format_ternary},
    [DIME_FORMAT_2BITSYM] = {"2bitsym", "dime_format_2bitsym", 2, &dime_format_2bitsym},
    [DIME_FORMAT_4BIT] = {"4bit", "dime_format_4bit", 4, &dime_format_4bit},
    [DIME_FORMAT_4BITSYM] = {"4bitsym", "dime_format_4bitsym", 4, &dime_format_4bitsym},
    [DIME_FORMAT_5BITSYM] = {"5bitsym", "dime_format_5bitsym", 5, &dime_format_5bitsym},
    [DIME_FORMAT_8BIT] = {"8bit", "dime_format_8bit", 8, &dime_format_8bit},
    [DIME_FORMAT_FP130] = {"FP130", "dime_format_fp130", 4, &dime_format_fp130},
    [DIME_FORMAT_NF4] = {"NF4", "dime_format_nf4", 4, &dime_format_nf4},
    [DIME_FORMAT_POT3] = {"PoT3", "dime_format_pot3", 3, &dime_format_pot3},
};

const struct dime_format *dime_format_get(enum dime_format_id id) {
    return (unsigned)id < DIME_FORMAT_COUNT ? table[id].format : NULL;
}

const char *dime_format_name(enum dime_format_id id) {
    return (unsigned)id < DIME_FORMAT_COUNT ? table[id].name : "unknown";
}

const char *dime_format_symbol(enum dime_format_id id) {
    return (unsigned)id < DIME_FORMAT_COUNT ? table[id].symbol : "";
}

double dime_format_bits(enum dime_format_id id) {
    return (unsigned)id < DIME_FORMAT_COUNT ? table[id].bits : 0;
}

int dime_format_find(const char *name) {
    for (int id = 0; id < DIME_FORMAT_COUNT; id++)
        if (!strcmp(table[id].name, name)) return id;
    return -1;
}

/* A constant, so that threads need no lock; test_config compares it with the table. */
const char *dime_format_list(void) {
    return "None, Binary, BinarySym, Ternary, 2bitsym, 4bit, 4bitsym, 5bitsym, 8bit, FP130, NF4, PoT3";
}

const char *dime_format_quantized_list(void) {
    return dime_format_list() + sizeof "None, " - 1;
}
