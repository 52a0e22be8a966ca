/* SPDX-License-Identifier: MIT */
/* Built-in pictures of a firmware as C. */
#ifndef DIME_FIRMWARE_PICTURES_H
#define DIME_FIRMWARE_PICTURES_H

#include <stddef.h>
#include <stdint.h>

#include "model/export_c.h"

/* Texts of pictures.h and pictures.c, malloc'ed: for each picture the label, what the engine on the PC reads,
   and the network's input. Errors: UNSUPPORTED (format None), MEMORY. */
int dime_firmware_pictures(const struct dime_model *model, const struct dime_export_pictures *pictures,
                           char **header, char **source);

#endif
