/* SPDX-License-Identifier: MIT */
/* Bytes as they may come over the serial line, into the receiver and the readers of payloads. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "link/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_PACKED (DIME_LINK_MOST_PIXELS / 2 * 255)

/* A sender packs no worse than that, and what it packs is the same again. */
static void check_pixels(struct dime_link_picture *picture) {
    uint8_t pixels[MOST_PACKED], again[MOST_PACKED], wire[DIME_LINK_MOST_WIRE];
    struct dime_link_receiver receiver = {0};
    struct dime_link_frame frame;
    struct dime_link_picture part = *picture;
    dime_link_unpack(picture, pixels);
    part.pixels = pixels;
    part.prepared = DIME_LINK_PACKED;
    uint32_t bytes = dime_link_send_packed(&part, 0, wire);
    if (picture->prepared == DIME_LINK_PACKED && part.count != picture->count) abort();
    for (uint32_t i = 0; i < bytes; i++)
        if (dime_link_receive(&receiver, &frame, wire[i]) == DIME_LINK_FRAME) break;
    if (!dime_link_read_picture(&frame, &part)) abort();
    dime_link_unpack(&part, again);
    if (memcmp(pixels, again, part.count)) abort();
}

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
        if (picture.count == 0 || picture.count > MOST_PACKED || picture.offset >= pixels ||
            picture.count > pixels - picture.offset)
            abort();
        if (picture.prepared) check_pixels(&picture);
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
