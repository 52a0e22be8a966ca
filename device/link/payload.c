/* SPDX-License-Identifier: MIT */
#include "link.h"

#define MOST_SIDE 4096

/* How the fields of a structure lie in a payload: a nibble for each, from the lowest, is its bytes. All
   fields are 32-bit words. */
enum {
    PICTURE = 0x4221, /* up to the pixels */
    RESULT = 0x44111,
    STATUS = 0x2222111,
    ERROR = 0x41,
    ACCEPTED = 0x4,
};

/* Returns where the next byte goes. */
static uint8_t *put(uint8_t *to, const void *fields, uint32_t layout) {
    for (const uint32_t *field = fields; layout; layout >>= 4) {
        uint32_t value = *field++;
        for (uint32_t bytes = layout & 15; bytes; bytes--, value >>= 8) *to++ = (uint8_t)value;
    }
    return to;
}

/* Returns the bytes of the fields. */
static uint32_t get(const uint8_t *from, void *fields, uint32_t layout) {
    const uint8_t *begin = from;
    for (uint32_t *field = fields; layout; layout >>= 4) {
        uint32_t value = 0;
        for (uint32_t shift = 0; shift < (layout & 15) * 8; shift += 8) value |= (uint32_t)*from++ << shift;
        *field++ = value;
    }
    return (uint32_t)(from - begin);
}

/* ---- sending ---- */

static uint32_t send(uint32_t type, const void *fields, uint32_t layout, uint32_t sequence, uint8_t *wire) {
    uint8_t *payload = wire + DIME_LINK_WIRE_PAYLOAD;
    return dime_link_close(type, sequence, (uint32_t)(put(payload, fields, layout) - payload), wire);
}

uint32_t dime_link_send_picture(const struct dime_link_picture *picture, uint32_t sequence,
                                uint8_t wire[DIME_LINK_MOST_WIRE]) {
    uint8_t *to = put(wire + DIME_LINK_WIRE_PAYLOAD, picture, PICTURE);
    for (uint32_t i = 0; i < picture->count; i++) to[i] = picture->pixels[i];
    return dime_link_close(DIME_LINK_PICTURE, sequence, DIME_LINK_PICTURE_HEADER + picture->count, wire);
}

/* Zeros from `pixel` on, at most so many as a byte counts. */
static uint32_t count_zeros(const uint8_t *pixel, const uint8_t *end) {
    uint32_t zeros = 0;
    while (pixel < end && !*pixel && zeros < UINT8_MAX) {
        pixel++;
        zeros++;
    }
    return zeros;
}

uint32_t dime_link_send_packed(struct dime_link_picture *part, uint32_t sequence,
                               uint8_t wire[DIME_LINK_MOST_WIRE]) {
    uint8_t *first = put(wire + DIME_LINK_WIRE_PAYLOAD, part, PICTURE), *to = first;
    const uint8_t *pixel = part->pixels, *end = pixel + part->count;
    while (pixel < end && to - first < DIME_LINK_MOST_PIXELS) {
        uint32_t zeros = count_zeros(pixel, end);
        if (!zeros) {
            *to++ = *pixel++;
            continue;
        }
        if (to - first == DIME_LINK_MOST_PIXELS - 1) break; /* no room for how many */
        *to++ = 0;
        *to++ = (uint8_t)zeros;
        pixel += zeros;
    }
    part->count = (uint32_t)(pixel - part->pixels);
    return dime_link_close(DIME_LINK_PICTURE, sequence, DIME_LINK_PICTURE_HEADER + (uint32_t)(to - first),
                           wire);
}

uint32_t dime_link_send_result(const struct dime_link_result *result, uint32_t sequence, uint8_t *wire) {
    return send(DIME_LINK_RESULT, result, RESULT, sequence, wire);
}

uint32_t dime_link_send_status(const struct dime_link_status *status, uint32_t sequence, uint8_t *wire) {
    return send(DIME_LINK_STATUS, status, STATUS, sequence, wire);
}

uint32_t dime_link_send_error(const struct dime_link_error *error, uint32_t sequence, uint8_t *wire) {
    return send(DIME_LINK_ERROR, error, ERROR, sequence, wire);
}

uint32_t dime_link_send_accepted(uint32_t wanted, uint32_t sequence, uint8_t *wire) {
    return send(DIME_LINK_ACCEPTED, &wanted, ACCEPTED, sequence, wire);
}

/* ---- reading ---- */

static int read(const struct dime_link_frame *frame, uint32_t type, void *fields, uint32_t layout) {
    return get(frame->payload, fields, layout) == frame->length && frame->type == type;
}

static int is_side(uint32_t side) {
    return side - 1 < MOST_SIDE;
}

/* Packed pixels in so many bytes, or 0 where a count is missing or 0. At most 255 * 32. */
static uint32_t count_packed(const uint8_t *byte, uint32_t bytes) {
    uint32_t count = 0;
    for (const uint8_t *end = byte + bytes; byte < end; byte++) {
        count++;
        if (*byte) continue;
        if (++byte == end || !*byte) return 0;
        count += *byte - 1u;
    }
    return count;
}

void dime_link_unpack(const struct dime_link_picture *part, uint8_t *to) {
    const uint8_t *byte = part->pixels;
    for (const uint8_t *end = to + part->count; to < end;) {
        uint32_t value = *byte++, run = 1;
        if (!value && part->prepared == DIME_LINK_PACKED) run = *byte++;
        for (; run; run--) *to++ = (uint8_t)value;
    }
}

/* width * height is at most 2^24. */
int dime_link_read_picture(const struct dime_link_frame *frame, struct dime_link_picture *picture) {
    uint32_t header = get(frame->payload, picture, PICTURE);
    picture->count = frame->length - header;
    picture->pixels = frame->payload + header;
    if (frame->type != DIME_LINK_PICTURE || frame->length <= header || picture->prepared > DIME_LINK_PACKED ||
        !is_side(picture->width) || !is_side(picture->height))
        return 0;
    if (picture->prepared == DIME_LINK_PACKED) picture->count = count_packed(picture->pixels, picture->count);
    picture->total = picture->width * picture->height;
    return picture->offset < picture->total && picture->count - 1 < picture->total - picture->offset;
}

int dime_link_read_result(const struct dime_link_frame *frame, struct dime_link_result *result) {
    return read(frame, DIME_LINK_RESULT, result, RESULT);
}

int dime_link_read_status(const struct dime_link_frame *frame, struct dime_link_status *status) {
    return read(frame, DIME_LINK_STATUS, status, STATUS);
}

int dime_link_read_error(const struct dime_link_frame *frame, struct dime_link_error *error) {
    return read(frame, DIME_LINK_ERROR, error, ERROR);
}

int dime_link_read_accepted(const struct dime_link_frame *frame, uint32_t *wanted) {
    return read(frame, DIME_LINK_ACCEPTED, wanted, ACCEPTED);
}
