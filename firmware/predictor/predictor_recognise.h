/* SPDX-License-Identifier: MIT */
/* A picture that arrives in parts, and what the network reads in it. */
#ifndef FIRMWARE_RECOGNISE_H
#define FIRMWARE_RECOGNISE_H

#include "link.h"

#define RECOGNISE_COMPLETE UINT32_MAX

/* Begins a picture; 0 where its size is none that this predictor takes. */
int recognise_begin(const struct dime_link_picture *picture);
/* The next pixels of it. */
void recognise_add(const struct dime_link_picture *picture);
/* Every pixel has been added. */
void recognise_finish(struct dime_link_result *result);

/* Bytes of the vision's grid; 0: prepared pictures only. */
uint32_t recognise_cells(void);

#endif
