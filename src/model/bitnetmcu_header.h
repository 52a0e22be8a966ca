/* SPDX-License-Identifier: MIT */
/* What a BitNetMCU header says, before it is a model. Private to src/model. */
#ifndef DIME_MODEL_BITNETMCU_HEADER_H
#define DIME_MODEL_BITNETMCU_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "model/bitnetmcu_scan.h"
#include "model/formats.h"

#define DIME_BITNETMCU_MOST_LAYERS 64 /* more than a network may have, so that the message can count them */

/* A number that a #define gives; line 0 where there was none. */
struct dime_header_number {
    uint32_t number, line;
};

/* What a header says of one layer, Lx_... */
struct dime_bitnetmcu_layer {
    uint32_t number; /* x */
    uint32_t line;   /* of its first mention */
    struct dime_header_number bits, inputs, outputs;
    struct dime_header_number in_channels, out_channels, kernel, stride, padding, groups; /* convolutions */
    struct dime_header_number pool;                     /* windows of pooling */
    struct dime_header_number in_x, in_y, out_x, out_y; /* width and height of maps */
    char type[32]; /* "BitConv2d", "MaxPool2d"; "" for fully connected layers */
    enum dime_layer_kind kind;
    uint32_t type_line;
    char format[32]; /* name of the weight format, only in headers of our own */
    uint32_t format_line;
    struct dime_header_array weights;
};

struct dime_bitnetmcu_header {
    const char *name;
    struct dime_bitnetmcu_layer layers[DIME_BITNETMCU_MOST_LAYERS];
    uint32_t layer_count;
    struct dime_header_number num_layers, input_size, input_threshold;
    int input_encoding; /* -1 where it does not say */
};

/* Reads the header into *header, which dime_bitnetmcu_header_free releases in any case; layers are in order
   and have what their kind needs. Errors: MALFORMED and UNSUPPORTED with "NAME:LINE: ...", MEMORY. */
int dime_bitnetmcu_header_parse(const char *name, const char *text, size_t size,
                                struct dime_bitnetmcu_header **header);
void dime_bitnetmcu_header_free(struct dime_bitnetmcu_header *header);

/* The format by its number, or by the name beside it where two share one number. Errors: UNSUPPORTED,
   MALFORMED. */
int dime_bitnetmcu_layer_format(const struct dime_bitnetmcu_header *header,
                                const struct dime_bitnetmcu_layer *layer, enum dime_format_id *format);

#endif
