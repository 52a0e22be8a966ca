/* SPDX-License-Identifier: MIT */
/* From a grey picture of any size to one that looks like those the network was trained on: by device/vision,
   save for pictures that have the network's or MNIST's size already. */
#ifndef DIME_DATA_PREPARE_H
#define DIME_DATA_PREPARE_H

#include <stdint.h>

#include "vision/vision.h"

enum dime_polarity {
    DIME_POLARITY_AUTO,   /* as device/vision finds it; of pictures that are taken as they are: inverted when
                             the border is brighter than the middle of the picture's grey range */
    DIME_POLARITY_INVERT, /* dark strokes on a bright background */
    DIME_POLARITY_KEEP,   /* bright strokes on a dark background */
};

/* What was found and done. */
struct dime_prepared {
    int blank;    /* 1: no digit, see `finding`; the output is all 0 */
    int inverted; /* 1: the picture was dark on light */
    int framed;   /* 1: brought into MNIST's frame; 0: taken as it is */
    enum dime_vision_finding finding;
};

/* Fewer grey levels than this between darkest and brightest pixel are noise, not a picture. */
#define DIME_BLANK_CONTRAST 16

/* pixels: height x width grey levels; output: size x size, 0 = background. A picture of size x size or 28x28
   is taken as it is but for its polarity (28x28 is resized to size x size), because it need not be a digit;
   any other goes through device/vision. height and width are 1..4096, size 4..64. Errors: MEMORY. */
int dime_prepare(const uint8_t *pixels, uint32_t height, uint32_t width, enum dime_polarity polarity,
                 uint32_t size, uint8_t *output, struct dime_prepared *prepared);

#endif
