/* SPDX-License-Identifier: MIT */
/* Weights in planes (device/engine/fast_planes.h), for fully connected layers and convolutions. Private to
   src/model. */
#ifndef DIME_MODEL_PLANES_LAYOUT_H
#define DIME_MODEL_PLANES_LAYOUT_H

#include <stdint.h>
#include <stdio.h>

#include "model/model.h"

/* How the planes of a layer lie. */
struct dime_planes_shape {
    uint32_t planes, scale, middle; /* bits of a weight; w = (u << scale) - middle */
    uint32_t sets;                  /* of 32 outputs, the last perhaps of 16 in halves */
    uint32_t words;                 /* of a row */
    uint32_t bits;                  /* slices of a set, or 0: sums are too large */
    int has_halves;
};

/* 1 where the layer's weights can lie in planes. least, most: range of its activations. */
int dime_planes_shape_of(const struct dime_model_layer *layer, int32_t least, int32_t most,
                         struct dime_planes_shape *shape);

/* Bytes of flash of the rows and what describes them. */
uint32_t dime_planes_bytes(const struct dime_model_layer *layer, const struct dime_planes_shape *shape);
/* Entries of `sums` that a layer takes beside its M sums. */
uint32_t dime_planes_slices(const struct dime_planes_shape *shape);

/* Prints the rows and then the members of a struct dime_planes as a brace-enclosed list. head: what stands
   before the list, "static const struct dime_planes layer3_planes = "; tail: what stands behind. The inputs
   of a row are those of the model's layer, or with `places` > 1 a convolution's or of a layer behind maps:
   they come place by place, the channels of a place side by side, where the model has `places` in a row of
   one channel. */
struct dime_planes_print {
    uint32_t number; /* of the layer, from 1 */
    uint32_t places; /* kernel * kernel of a convolution, 1 for a fully connected layer */
    uint32_t run, step, runs;
    const char *head, *tail;
};
void dime_planes_print(const struct dime_model_layer *layer, const struct dime_planes_shape *shape,
                       const struct dime_planes_print *print, FILE *stream);

#endif
