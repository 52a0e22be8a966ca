/* SPDX-License-Identifier: MIT */
/* The host's table of weight formats, over the device's descriptors. */
#ifndef DIME_MODEL_FORMATS_H
#define DIME_MODEL_FORMATS_H

#include "engine/engine.h"

enum dime_format_id {
    DIME_FORMAT_NONE, /* float weights, for training only */
    DIME_FORMAT_BINARY,
    DIME_FORMAT_BINARYSYM,
    DIME_FORMAT_TERNARY,
    DIME_FORMAT_2BITSYM,
    DIME_FORMAT_4BIT,
    DIME_FORMAT_4BITSYM,
    DIME_FORMAT_5BITSYM,
    DIME_FORMAT_8BIT,
    DIME_FORMAT_FP130,
    DIME_FORMAT_NF4,
    DIME_FORMAT_POT3,
    DIME_FORMAT_COUNT
};

/* Descriptor of a format; NULL for DIME_FORMAT_NONE. */
const struct dime_format *dime_format_get(enum dime_format_id id);
const char *dime_format_name(enum dime_format_id id);   /* "None", "Binary", ... */
const char *dime_format_symbol(enum dime_format_id id); /* C identifier: "dime_format_4bitsym" */
double dime_format_bits(enum dime_format_id id); /* bits per weight as packed: 1, 1.6, 2, 3, 4, 5, 8; 32 */
/* The id of a name as in configuration files (exact case), or a negative number. */
int dime_format_find(const char *name);
const char *dime_format_list(void);           /* "None, Binary, ..." for messages */
const char *dime_format_quantized_list(void); /* the same without None */

#endif
