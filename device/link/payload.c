/* SPDX-License-Identifier: MIT */
#include "link.h"

#define MOST_SIDE 4096
#define PREPARED 1u /* flag */
#define PAYLOAD 5   /* where it begins on the wire */

static uint8_t *put16(uint8_t *to, uint32_t value) {
    to[0] = (uint8_t)value;
    to[1] = (uint8_t)(value >> 8);
    return to + 2;
}

static uint8_t *put32(uint8_t *to, uint32_t value) {
    return put16(put16(to, value), value >> 16);
}

static uint32_t get16(const uint8_t *from) {
    return from[0] | (uint32_t)from[1] << 8;
}

static uint32_t get32(const uint8_t *from) {
    return get16(from) | get16(from + 2) << 16;
}

static uint32_t finish(uint32_t type, uint32_t sequence, const uint8_t *end, uint8_t *wire) {
    return dime_link_encode(type, sequence, wire + PAYLOAD, (uint32_t)(end - (wire + PAYLOAD)), wire);
}

uint32_t dime_link_send_picture(const struct dime_link_picture *picture, uint32_t sequence,
                                uint8_t wire[DIME_LINK_MOST_WIRE]) {
    uint8_t *to = wire + PAYLOAD;
    *to++ = picture->prepared ? PREPARED : 0;
    to = put16(to, picture->width);
    to = put16(to, picture->height);
    to = put32(to, picture->offset);
    for (uint32_t i = 0; i < picture->count; i++) *to++ = picture->pixels[i];
    return finish(DIME_LINK_PICTURE, sequence, to, wire);
}

uint32_t dime_link_send_result(const struct dime_link_result *result, uint32_t sequence, uint8_t *wire) {
    uint8_t *to = wire + PAYLOAD;
    *to++ = result->class;
    *to++ = result->finding;
    *to++ = result->best;
    to = put32(to, (uint32_t)result->margin);
    to = put32(to, result->cycles);
    return finish(DIME_LINK_RESULT, sequence, to, wire);
}

uint32_t dime_link_send_status(const struct dime_link_status *status, uint32_t sequence, uint8_t *wire) {
    uint8_t *to = wire + PAYLOAD;
    *to++ = status->version;
    *to++ = status->input_size;
    *to++ = status->classes;
    to = put16(to, status->cells);
    to = put16(to, status->pictures);
    to = put16(to, status->damaged);
    to = put16(to, status->dropped);
    return finish(DIME_LINK_STATUS, sequence, to, wire);
}

uint32_t dime_link_send_error(const struct dime_link_error *error, uint32_t sequence, uint8_t *wire) {
    uint8_t *to = wire + PAYLOAD;
    *to++ = error->fault;
    to = put32(to, error->detail);
    return finish(DIME_LINK_ERROR, sequence, to, wire);
}

uint32_t dime_link_send_accepted(uint32_t wanted, uint32_t sequence, uint8_t *wire) {
    return finish(DIME_LINK_ACCEPTED, sequence, put32(wire + PAYLOAD, wanted), wire);
}

/* ---- reading ---- */

static int is(const struct dime_link_frame *frame, uint32_t type, uint32_t length) {
    return frame->type == type && frame->length == length;
}

static int is_side(uint32_t side) {
    return side >= 1 && side <= MOST_SIDE;
}

/* width * height without a multiplication that could not be done in 32 bits: at most 2^24. */
int dime_link_read_picture(const struct dime_link_frame *frame, struct dime_link_picture *picture) {
    const uint8_t *from = frame->payload;
    if (frame->type != DIME_LINK_PICTURE || frame->length <= DIME_LINK_PICTURE_HEADER) return 0;
    picture->prepared = from[0] & PREPARED;
    picture->width = (uint16_t)get16(from + 1);
    picture->height = (uint16_t)get16(from + 3);
    picture->offset = get32(from + 5);
    picture->count = (uint32_t)frame->length - DIME_LINK_PICTURE_HEADER;
    picture->pixels = from + DIME_LINK_PICTURE_HEADER;
    if (from[0] > PREPARED || !is_side(picture->width) || !is_side(picture->height)) return 0;
    uint32_t pixels = (uint32_t)picture->width * picture->height;
    return picture->offset < pixels && picture->count <= pixels - picture->offset;
}

int dime_link_read_result(const struct dime_link_frame *frame, struct dime_link_result *result) {
    const uint8_t *from = frame->payload;
    result->class = from[0];
    result->finding = from[1];
    result->best = from[2];
    result->margin = (int32_t)get32(from + 3);
    result->cycles = get32(from + 7);
    return is(frame, DIME_LINK_RESULT, DIME_LINK_RESULT_BYTES);
}

int dime_link_read_status(const struct dime_link_frame *frame, struct dime_link_status *status) {
    const uint8_t *from = frame->payload;
    status->version = from[0];
    status->input_size = from[1];
    status->classes = from[2];
    status->cells = (uint16_t)get16(from + 3);
    status->pictures = (uint16_t)get16(from + 5);
    status->damaged = (uint16_t)get16(from + 7);
    status->dropped = (uint16_t)get16(from + 9);
    return is(frame, DIME_LINK_STATUS, DIME_LINK_STATUS_BYTES);
}

int dime_link_read_error(const struct dime_link_frame *frame, struct dime_link_error *error) {
    error->fault = frame->payload[0];
    error->detail = get32(frame->payload + 1);
    return is(frame, DIME_LINK_ERROR, DIME_LINK_ERROR_BYTES);
}

int dime_link_read_accepted(const struct dime_link_frame *frame, uint32_t *wanted) {
    *wanted = get32(frame->payload);
    return is(frame, DIME_LINK_ACCEPTED, 4);
}
