/* SPDX-License-Identifier: MIT */
/* What all readers of labelled pictures share: limits, and the division into classes and parts. */
#ifndef DIME_DATA_PART_H
#define DIME_DATA_PART_H

#include "data/dataset.h"

enum { DIME_MAX_SIDE = 256, DIME_MAX_CLASSES = 255, DIME_TEST_SHARE = 6 };

/* MALFORMED unless height and width are within 1..256. */
int dime_part_check_size(const char *name, uint32_t height, uint32_t width);
void dime_part_free(struct dime_dataset *part);

/* Checks that both parts have one size, and sets their number of classes: `classes`, or where that is 0 the
   greatest label + 1. */
int dime_pair_check(const char *name, struct dime_dataset_pair *pair, uint32_t classes);

/* MALFORMED where no picture has label 0, which would make a class that never occurs. */
int dime_part_check_labels(const char *name, const struct dime_dataset *part);

/* Moves every sixth picture of each class (the 6th, 12th, ...) from train into the empty test part. */
int dime_pair_split(const char *name, struct dime_dataset_pair *pair);

/* Names the classes "0", "1", ... unless they have names already. */
int dime_pair_number_classes(struct dime_dataset_pair *pair);

#endif
