/* SPDX-License-Identifier: MIT */
/* From a grey picture of any size to one that looks like those the network was trained on: polarity,
   background, and the frame of MNIST (LeCun, Cortes, Burges, yann.lecun.com/exdb/mnist: the digit is fitted
   into a box of 20x20 pixels, its proportions kept, and placed in a field of 28x28 so that its centre of mass
   is at the centre). */
#ifndef DIME_DATA_PREPARE_H
#define DIME_DATA_PREPARE_H

#include <stdint.h>

enum dime_polarity {
    DIME_POLARITY_AUTO, /* inverted when the border is brighter than the middle of the picture's grey range */
    DIME_POLARITY_INVERT, /* dark strokes on a bright background */
    DIME_POLARITY_KEEP,   /* bright strokes on a dark background */
};

/* What was found and done. */
struct dime_prepared {
    int blank; /* 1: less contrast than DIME_BLANK_CONTRAST, or no ink before the background; output is all 0
                */
    int inverted; /* 1: the picture was dark on light */
    int framed;   /* 1: fitted into MNIST's frame; 0: taken as it is */
};

/* Fewer grey levels than this between darkest and brightest pixel are noise, not a picture. */
#define DIME_BLANK_CONTRAST 16

/* pixels: height x width grey levels; output: size x size, 0 = background. A picture of size x size or 28x28
   is taken as it is but for its polarity (28x28 is resized to size x size); any other is brought into MNIST's
   frame first. height, width and size are 1..4096. Errors: MEMORY. */
int dime_prepare(const uint8_t *pixels, uint32_t height, uint32_t width, enum dime_polarity polarity,
                 uint32_t size, uint8_t *output, struct dime_prepared *prepared);

#endif
