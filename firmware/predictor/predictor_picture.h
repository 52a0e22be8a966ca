/* SPDX-License-Identifier: MIT */
/* A picture that arrives in parts, and what the network reads in it. */
#ifndef FIRMWARE_PREDICTOR_PICTURE_H
#define FIRMWARE_PREDICTOR_PICTURE_H

#include "link.h"

/* Begins a picture; 0 where its size is none that this predictor takes. */
int picture_begin(const struct dime_link_picture *picture);
/* The next pixels of it. */
void picture_add(const struct dime_link_picture *part);
/* Every pixel has been added. */
void picture_read(uint32_t prepared, struct dime_link_result *result);

/* Bytes of the vision's grid; 0: prepared pictures only. */
extern const uint32_t picture_cells;

#endif
