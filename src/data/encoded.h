/* SPDX-License-Identifier: MIT */
#ifndef DIME_DATA_ENCODED_H
#define DIME_DATA_ENCODED_H

#include "data/dataset.h"
#include "vision/encode.h"

/* How pictures become a network's input. */
struct dime_input_format {
    uint32_t size; /* height and width of the input */
    enum dime_input_encoding encoding;
    uint32_t threshold;
};

/* Resizes and encodes `count` pictures of height x width grey levels into count x size x size activations. */
int dime_encode_pictures(const struct dime_input_format *format, const uint8_t *pixels, uint32_t count,
                         uint32_t height, uint32_t width, int8_t *encoded);

/* The same for a whole dataset on `threads` threads, into malloc'ed memory. Errors: MEMORY, UNSUPPORTED. */
int dime_encode_dataset(const struct dime_input_format *format, const struct dime_dataset *dataset,
                        uint32_t threads, int8_t **encoded);

#endif
