/* SPDX-License-Identifier: MIT */
/* The first layer's weights as pictures: of the whole input for a fully connected layer, of its window for a
   convolution. */
#ifndef DIME_REPORT_FIRST_LAYER_H
#define DIME_REPORT_FIRST_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

struct dime_first_layer {
    const struct dime_model_layer *layer; /* borrowed */
    const char *what;                     /* "units", "kernels" */
    uint32_t count, height, width;        /* pictures, and the size of each */
};

/* 0 where the layer's inputs are no picture. */
int dime_first_layer_of(const struct dime_model *model, struct dime_first_layer *first);
/* Weight of a picture at place 0 .. height * width - 1, row by row: the integer, or the float where there is
   none. */
double dime_first_layer_weight(const struct dime_first_layer *first, uint32_t picture, uint32_t place);
/* The greatest magnitude, at least a little above 0. */
double dime_first_layer_most(const struct dime_first_layer *first);

/* All pictures beside each other, a line of white between them, two pixels a weight, as PNG (malloc'ed).
   Errors: MEMORY, IO. */
struct dime_mosaic {
    uint32_t height, width;
    char *png;
    size_t size;
};
int dime_first_layer_mosaic(const struct dime_first_layer *first, struct dime_mosaic *mosaic);

#endif
