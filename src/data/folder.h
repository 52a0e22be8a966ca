/* SPDX-License-Identifier: MIT */
#ifndef DIME_DATA_FOLDER_H
#define DIME_DATA_FOLDER_H

#include "data/dataset.h"

/* Reads PATH/train/CLASS/PICTURE and PATH/test/CLASS/PICTURE, or PATH/CLASS/PICTURE with an empty test part.
   Fills class_names and the parts' classes. What dataset.h says of picture folders holds. Errors: IO,
   MALFORMED, UNSUPPORTED, MEMORY; the pair is left to dime_dataset_close. */
int dime_folder_read(const char *path, struct dime_dataset_pair *pair);

#endif
