/* SPDX-License-Identifier: MIT */
/* Built-in pictures as C, pictures.h and pictures.c, in the network's encoding. */
#ifndef DIME_FIRMWARE_PICTURES_H
#define DIME_FIRMWARE_PICTURES_H

#include "model/export_c.h"

/* Bits of a pixel. All pixels of a picture as they are, in runs; or the box around the ink, in 16, 4 or 2
   grey levels. An input that is black and white loses nothing in two levels. */
enum { DIME_PICTURE_EXACT = 8, DIME_PICTURE_MOST_FORMS = 6 };

struct dime_picture_form {
    uint32_t bits;
    uint32_t count; /* of the first pictures */
};

/* The forms in which the network reads the same digits in all pictures, from the most faithful, then half of
   the pictures and one alone: fills `forms` and returns how many, at least 1. Errors: UNSUPPORTED (format
   None), MEMORY. */
int dime_firmware_picture_forms(const struct dime_model *model, const struct dime_export_pictures *pictures,
                                struct dime_picture_form forms[DIME_PICTURE_MOST_FORMS]);

/* Texts of both files, malloc'ed. Errors: as above. */
int dime_firmware_pictures(const struct dime_model *model, const struct dime_export_pictures *pictures,
                           uint32_t bits, char **header, char **source);

#endif
