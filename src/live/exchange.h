/* SPDX-License-Identifier: MIT */
/* A conversation with a predictor over the link (docs/link.md): a picture goes there, a result comes back. */
#ifndef DIME_LIVE_EXCHANGE_H
#define DIME_LIVE_EXCHANGE_H

#include <stdint.h>

#include "link/link.h"
#include "live/port.h"
#include "live/text.h"

struct dime_exchange {
    struct dime_live_port port;
    struct dime_link_receiver receiver;
    struct dime_link_frame frame;
    uint8_t sequence;
    struct dime_text *log; /* one line a frame, or NULL */
};

/* Asks for the predictor's status. Errors: IO (no answer, or another version of the protocol). */
int dime_exchange_status(struct dime_exchange *exchange, struct dime_link_status *status);
/* Sends a picture that is prepared already: size x size grey levels, size * size <= 4096. A damaged or
   dropped frame is sent again, three times. Errors: IO (no answer, or the predictor refuses the picture). */
int dime_exchange_picture(struct dime_exchange *exchange, const uint8_t *grey, uint32_t size,
                          struct dime_link_result *result);

#endif
