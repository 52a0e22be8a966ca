/* SPDX-License-Identifier: MIT */
#include "link.h"

#define CRC_START 0xFFFFu
#define CRC_POLYNOMIAL 0x1021u

_Static_assert(sizeof(struct dime_link_frame) == DIME_LINK_MOST_FRAME,
               "a frame is bytes, one after the other");

uint32_t dime_link_crc(uint32_t crc, uint32_t byte) {
    uint32_t value = crc ^ byte << 8;
    for (uint32_t bit = 0; bit < 8; bit++) {
        value <<= 1;
        if (value >> 16) value ^= 1u << 16 | CRC_POLYNOMIAL;
    }
    return value;
}

/* ---- sending ---- */

/* Puts the distance to the next zero in the place of each, in place; wire[1] gets that to the first. */
static void stuff(uint8_t *wire, uint8_t *end) {
    uint8_t *code = wire + 1;
    *end = 0;
    for (uint8_t *byte = wire + 2; byte <= end; byte++) {
        if (*byte) continue;
        *code = (uint8_t)(byte - code);
        code = byte;
    }
}

uint32_t dime_link_close(uint32_t type, uint32_t sequence, uint32_t length, uint8_t *wire) {
    uint8_t *byte = wire + DIME_LINK_WIRE_FRAME, *end = wire + DIME_LINK_WIRE_PAYLOAD + length;
    uint32_t crc = CRC_START;
    wire[0] = 0;
    byte[0] = (uint8_t)type;
    byte[1] = (uint8_t)sequence;
    byte[2] = (uint8_t)length;
    while (byte < end) crc = dime_link_crc(crc, *byte++);
    byte[0] = (uint8_t)(crc >> 8); /* so that the CRC over everything is 0 */
    byte[1] = (uint8_t)crc;
    stuff(wire, byte + 2);
    return length + DIME_LINK_MOST_WIRE - DIME_LINK_MOST_PAYLOAD;
}

uint32_t dime_link_encode(uint32_t type, uint32_t sequence, const uint8_t *payload, uint32_t length,
                          uint8_t wire[DIME_LINK_MOST_WIRE]) {
    for (uint32_t i = 0; i < length; i++) wire[DIME_LINK_WIRE_PAYLOAD + i] = payload[i];
    return dime_link_close(type, sequence, length, wire);
}

/* ---- receiving ---- */

/* What is longer than any frame is counted, not kept. */
static void take(struct dime_link_receiver *receiver, struct dime_link_frame *frame, uint32_t byte) {
    uint32_t place = receiver->count++;
    if (place < DIME_LINK_MOST_FRAME) ((uint8_t *)frame)[place] = (uint8_t)byte;
    receiver->crc = dime_link_crc(receiver->crc, byte);
}

static enum dime_link_event end(struct dime_link_receiver *receiver, const struct dime_link_frame *frame) {
    uint32_t started = receiver->started, left = receiver->left, count = receiver->count;
    receiver->started = receiver->left = 0;
    if (!started) return DIME_LINK_NOTHING; /* zeros between frames */
    if (left || receiver->crc || count > DIME_LINK_MOST_FRAME ||
        count != frame->length + 0u + DIME_LINK_HEADER + DIME_LINK_CRC)
        return DIME_LINK_DAMAGED;
    return DIME_LINK_FRAME;
}

/* A block of COBS, code 1 to 255, is followed by a zero where it is not the last. After code 255 there would
   be none, but a block so long makes a frame too long as well. */
enum dime_link_event dime_link_receive(struct dime_link_receiver *receiver, struct dime_link_frame *frame,
                                       uint32_t byte) {
    if (!byte) return end(receiver, frame);
    if (receiver->left) {
        receiver->left--;
    } else {
        receiver->left = byte - 1;
        byte = 0;
        if (!receiver->started) {
            *receiver = (struct dime_link_receiver){.left = receiver->left, .started = 1, .crc = CRC_START};
            return DIME_LINK_NOTHING;
        }
    }
    take(receiver, frame, byte);
    return DIME_LINK_NOTHING;
}
