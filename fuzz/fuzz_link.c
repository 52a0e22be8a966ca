/* SPDX-License-Identifier: MIT */
/* Bytes as they may come over the serial line, into the receiver and the readers of payloads. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "link/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was received can be sent again, and is then the same on the wire but for zeros between frames. */
static void check_frame(const struct dime_link_frame *frame) {
    struct dime_link_picture picture;
    struct dime_link_result result;
    struct dime_link_status status;
    struct dime_link_error error;
    uint8_t wire[DIME_LINK_MOST_WIRE];
    uint32_t wanted;
    if (frame->length > DIME_LINK_MOST_PAYLOAD) abort();
    if (dime_link_encode(frame->type, frame->sequence, frame->payload, frame->length, wire) !=
        frame->length + 8u)
        abort();
    if (dime_link_read_picture(frame, &picture)) {
        uint32_t pixels = (uint32_t)picture.width * picture.height;
        if (picture.count == 0 || picture.count > DIME_LINK_MOST_PIXELS || picture.offset >= pixels ||
            picture.count > pixels - picture.offset)
            abort();
    }
    (void)dime_link_read_result(frame, &result);
    (void)dime_link_read_status(frame, &status);
    (void)dime_link_read_error(frame, &error);
    (void)dime_link_read_accepted(frame, &wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct dime_link_receiver receiver = {0};
    struct dime_link_frame frame = {0};
    for (size_t i = 0; i < size; i++) {
        enum dime_link_event event = dime_link_receive(&receiver, &frame, data[i]);
        if (event == DIME_LINK_FRAME) check_frame(&frame);
    }
    return 0;
}
