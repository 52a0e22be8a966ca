/* SPDX-License-Identifier: MIT */
/* A picture is read on a board: through the vision to the network's input, over the link to the predictor,
   and what came of it as JSON for the live page. */
#ifndef DIME_LIVE_READER_H
#define DIME_LIVE_READER_H

#include <stddef.h>
#include <stdint.h>

#include "live/exchange.h"
#include "live/port.h"

#define DIME_LIVE_MOST_SIDE 512 /* of a picture */
#define DIME_LIVE_MOST_CLASSES 255
#define DIME_LIVE_MOST_INPUT 64
/* Enough for the answer with the largest input and 255 outputs, and a log of all frames. */
#define DIME_LIVE_ANSWER_BYTES 65536

/* The network on this side of the line, for its outputs: the predictor only tells the best. */
struct dime_live_network {
    void *context;
    /* Outputs (`classes` of them) for size x size grey levels. */
    void (*outputs)(void *context, const uint8_t *grey, int32_t *outputs);
    uint32_t size, classes; /* size: 4..64 */
};

struct dime_live_reader {
    struct dime_exchange exchange;
    struct dime_live_network network;
};

/* Reads width x height grey levels, 0 black .. 255 white, and writes a JSON object to `answer`. Errors: USAGE
   (impossible size), IO (the predictor does not answer), MEMORY. */
int dime_live_read(struct dime_live_reader *reader, const uint8_t *pixels, uint32_t width, uint32_t height,
                   char *answer, size_t size);

#endif
