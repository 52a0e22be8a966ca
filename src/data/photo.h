/* SPDX-License-Identifier: MIT */
/* Pictures as a camera would take them of handwritten digits, drawn from small pictures such as MNIST's: the
   digit's outline is traced between the pixels and inked with a pen of some width on paper of some tone,
   which lies somewhat askew in uneven light before a lens that is somewhat out of focus and a sensor that
   adds noise. */
#ifndef DIME_DATA_PHOTO_H
#define DIME_DATA_PHOTO_H

#include <stdint.h>

#include "base/random.h"

/* Each value is drawn uniformly from its range. Lengths are shares of the picture's height. */
struct dime_photo_range {
    float least, most;
};
struct dime_photo_settings {
    struct dime_photo_range size;     /* of the digit's longer side */
    struct dime_photo_range margin;   /* between the digit's corners and the border, at least */
    struct dime_photo_range paper;    /* brightness of the paper in full light, 0..255 */
    struct dime_photo_range ink;      /* share of the light that ink returns, of that which paper does */
    struct dime_photo_range pen;      /* level of the outline, 0..1: a high one makes thin strokes */
    struct dime_photo_range tilt;     /* degrees, to either side */
    struct dime_photo_range slant;    /* degrees of shear, to either side */
    struct dime_photo_range keystone; /* how much farther away one end of the paper is, to any side */
    struct dime_photo_range gradient; /* share of the light that is missing at the darker end */
    struct dime_photo_range shadow;   /* share of the light that a shadow takes */
    struct dime_photo_range penumbra; /* width of its edge */
    struct dime_photo_range blur;     /* standard deviation */
    /* Standard deviation, grey levels, at 240 lines; in proportion to the lines: a smaller picture is the
       same one averaged down. */
    struct dime_photo_range noise;
    struct dime_photo_range square;   /* width of the paper's squares */
    struct dime_photo_range line;     /* width of their lines */
    struct dime_photo_range line_ink; /* share of the light that they take */
    float shadow_probability, squares_probability;
    float board_probability; /* a light pen on dark ground */
};

/* What an ordinary desk, pen and hand give; the same without anything that makes it hard; and with digits
   that are more askew, so that a network learns more shapes than there are in the training set. */
extern const struct dime_photo_settings dime_photo_usual, dime_photo_clean, dime_photo_training;

struct dime_photographer;
/* Memory for pictures of one size; one for each thread. source_height, source_width: of the digits, 1..256;
   height, width: of the pictures, 16..4096. Errors: MEMORY. */
int dime_photographer_create(struct dime_photographer **photographer, uint32_t source_height,
                             uint32_t source_width, uint32_t height, uint32_t width,
                             const struct dime_photo_settings *settings);
void dime_photographer_free(struct dime_photographer *photographer);

/* Takes one picture. digit: source_height x source_width, light on 0; picture: height x width. The same
   `random` gives the same picture. A digit without any pixel brighter than 0 gives empty paper. */
void dime_photograph(struct dime_photographer *photographer, const uint8_t *digit, struct dime_random random,
                     uint8_t *picture);

#endif
