/* SPDX-License-Identifier: MIT */
/* Training samples that are a camera's pictures: the configuration key `photos`. */
#ifndef DIME_TRAIN_PHOTO_SAMPLE_H
#define DIME_TRAIN_PHOTO_SAMPLE_H

#include "train/train_data.h"

/* Leaves *viewer NULL where the configuration asks for no such samples. */
int dime_photo_sample_create(struct dime_photo_viewer **viewer, const struct dime_train_data *data);

/* Picture number `picture` in the epoch of `index`: 1, with data->inputs grey levels of it in `grey`, or 0
   where this one is to be augmented as usual. */
int dime_photo_sample(const struct dime_train_data *data, struct dime_photo_viewer *viewer, uint64_t index,
                      uint32_t picture, uint8_t *grey);

#endif
