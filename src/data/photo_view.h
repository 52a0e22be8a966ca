/* SPDX-License-Identifier: MIT */
/* Camera-like pictures (photo.h) as the network sees them, through device/vision. */
#ifndef DIME_DATA_PHOTO_VIEW_H
#define DIME_DATA_PHOTO_VIEW_H

#include "data/photo.h"
#include "vision/vision.h"

/* Of pictures that training makes on the fly: two pixels along a cell's side, since the rest is averaged away
   anyhow. */
#define DIME_PHOTO_TRAINING_HEIGHT 48
#define DIME_PHOTO_TRAINING_WIDTH 64

struct dime_photo_viewer {
    struct dime_photographer *photographer;
    uint32_t height, width, size;
    uint8_t *picture;
    uint8_t cells[DIME_VISION_CELLS];
};

/* height, width: of the pictures; size: of what the network gets, 4..64. See dime_photographer_create. */
int dime_photo_viewer_create(struct dime_photo_viewer **viewer, uint32_t source_height, uint32_t source_width,
                             uint32_t height, uint32_t width, uint32_t size,
                             const struct dime_photo_settings *settings);
void dime_photo_viewer_free(struct dime_photo_viewer *viewer);

/* Takes a picture of a digit, which stays in viewer->picture, and looks at it. output: size x size. */
enum dime_vision_finding dime_photo_view(struct dime_photo_viewer *viewer, const uint8_t *digit,
                                         struct dime_random random, uint8_t *output);

#endif
