/* SPDX-License-Identifier: MIT */
/* The steps of dime_vision_finish(), in their order. */
#ifndef DIME_VISION_STEPS_H
#define DIME_VISION_STEPS_H

#include "vision.h"

/* Cells become ink: 0 paper .. 255 the usual ink of this picture. Sets found->inverted and found->contrast.
 */
void vision_remove_paper(struct dime_vision *vision, enum dime_vision_polarity polarity,
                         struct dime_vision_found *found);

/* Box and centre of mass of the ink. */
enum dime_vision_finding vision_find(struct dime_vision *vision, struct dime_vision_found *found);

/* Scales the ink in the box into the frame. Sets found->kept. */
void vision_frame(struct dime_vision *vision, struct dime_vision_found *found, uint32_t size,
                  uint8_t *output);

#endif
