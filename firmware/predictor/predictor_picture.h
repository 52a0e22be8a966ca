/* SPDX-License-Identifier: MIT */
/* A picture that arrives in parts, and what the network reads in it. */
#ifndef FIRMWARE_PREDICTOR_PICTURE_H
#define FIRMWARE_PREDICTOR_PICTURE_H

#include "link.h"
#include "recognise.h"
#include "vision.h"

/* Bytes of the vision's grid; 0: prepared pictures only. */
#ifdef DIME_PREPARED_ONLY
#define PICTURE_CELLS 0
#else
/* Of 2048 bytes, what is left beside frames, received bytes, stack, code in RAM, and everything else. */
#define RAM_FOR_PICTURES 1448
/* The finest grid that there is room for; 28x28 pictures keep their pixels in the first. */
#define PICTURE_FITS(cells) (DIME_MODEL_INPUTS + (cells) + sizeof(struct dime_vision) <= RAM_FOR_PICTURES)
#define PICTURE_CELLS (PICTURE_FITS(784) ? 784 : PICTURE_FITS(560) ? 560 : 270)
#endif

/* Frames, and the grid, are used up before the network runs, and lost then. The picture's place is the
   network's, too, but theirs is not. */
extern union picture_room {
    struct {
        _Alignas(4) uint8_t grey[DIME_MODEL_INPUTS];
        struct dime_link_frame frame;             /* that arrives */
        uint8_t wire[DIME_LINK_STATUS_BYTES + 8]; /* the longest answer */
        _Alignas(4) uint8_t cells[PICTURE_CELLS];
#ifndef DIME_PREPARED_ONLY
        struct dime_vision vision;
#endif
    };
    struct recognise_scratch network;
} picture_room;

/* Begins a picture; 0 where its size is none that this predictor takes. */
int picture_begin(const struct dime_link_picture *picture);
/* The next pixels of it. */
void picture_add(const struct dime_link_picture *part);
/* Every pixel has been added: what is in picture_room is overwritten. */
void picture_read(uint32_t prepared, struct dime_link_result *result);

#endif
