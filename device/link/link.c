/* SPDX-License-Identifier: MIT */
#include "link.h"

#define CRC_START 0xFFFFu
#define CRC_POLYNOMIAL 0x1021u
#define MOST_CODE 254 /* 255 would be a block longer than any frame */

uint16_t dime_link_crc(uint16_t crc, uint8_t byte) {
    uint32_t value = crc ^ (uint32_t)byte << 8;
    for (uint32_t bit = 0; bit < 8; bit++) value = value << 1 ^ (value & 0x8000 ? CRC_POLYNOMIAL : 0);
    return (uint16_t)value;
}

/* ---- sending ---- */

/* Puts the distance to the next zero in the place of each, in place; wire[1] gets that to the first. */
static void stuff(uint8_t *wire, uint32_t end) {
    uint32_t code = 1;
    for (uint32_t i = 2; i < end; i++) {
        if (wire[i]) continue;
        wire[code] = (uint8_t)(i - code);
        code = i;
    }
    wire[code] = (uint8_t)(end - code);
}

uint32_t dime_link_encode(uint32_t type, uint32_t sequence, const uint8_t *payload, uint32_t length,
                          uint8_t wire[DIME_LINK_MOST_WIRE]) {
    uint8_t *frame = wire + 2;
    uint16_t crc = CRC_START;
    if (payload != frame + DIME_LINK_HEADER)
        for (uint32_t i = 0; i < length; i++) frame[DIME_LINK_HEADER + i] = payload[i];
    frame[0] = (uint8_t)type;
    frame[1] = (uint8_t)sequence;
    frame[2] = (uint8_t)length;
    uint32_t end = DIME_LINK_HEADER + length;
    for (uint32_t i = 0; i < end; i++) crc = dime_link_crc(crc, frame[i]);
    frame[end++] = (uint8_t)(crc >> 8); /* so that the CRC over everything is 0 */
    frame[end++] = (uint8_t)crc;
    wire[0] = 0;
    stuff(wire, end + 2);
    wire[end + 2] = 0;
    return end + 3;
}

/* ---- receiving ---- */

static void begin(struct dime_link_receiver *receiver) {
    *receiver = (struct dime_link_receiver){.crc = CRC_START, .sequence = receiver->sequence};
}

static inline void store(struct dime_link_frame *frame, uint32_t place, uint8_t byte) {
    if (place == 0)
        frame->type = byte;
    else if (place == 1)
        frame->sequence = byte;
    else if (place == 2)
        frame->length = byte;
    else if (place < DIME_LINK_HEADER + DIME_LINK_MOST_PAYLOAD)
        frame->payload[place - DIME_LINK_HEADER] = byte;
}

static inline void take(struct dime_link_receiver *receiver, struct dime_link_frame *frame, uint8_t byte) {
    if (receiver->count == DIME_LINK_MOST_FRAME) {
        receiver->skip = 1;
        return;
    }
    uint32_t place = receiver->count++;
    receiver->crc = dime_link_crc(receiver->crc, byte);
    if (place == 1) receiver->sequence = byte;
    if (place == 2) receiver->length = byte;
    if (frame) store(frame, place, byte);
}

static inline void take_code(struct dime_link_receiver *receiver, struct dime_link_frame *frame,
                             uint8_t byte) {
    if (receiver->started) take(receiver, frame, 0);
    receiver->started = 1;
    if (byte > MOST_CODE) receiver->skip = 1;
    receiver->left = (uint8_t)(byte - 1);
}

static inline enum dime_link_event end(struct dime_link_receiver *receiver) {
    struct dime_link_receiver ended = *receiver;
    begin(receiver);
    if (!ended.started && !ended.skip) return DIME_LINK_NOTHING; /* zeros between frames */
    if (ended.skip || ended.left || ended.count < DIME_LINK_HEADER + DIME_LINK_CRC || ended.crc)
        return DIME_LINK_DAMAGED;
    return ended.count == DIME_LINK_HEADER + ended.length + DIME_LINK_CRC ? DIME_LINK_FRAME
                                                                          : DIME_LINK_DAMAGED;
}

enum dime_link_event dime_link_receive(struct dime_link_receiver *receiver, struct dime_link_frame *frame,
                                       uint8_t byte) {
    if (!receiver->started && !receiver->skip) receiver->crc = CRC_START;
    if (!byte) return end(receiver);
    if (receiver->skip) return DIME_LINK_NOTHING;
    if (receiver->left) {
        receiver->left--;
        take(receiver, frame, byte);
    } else {
        take_code(receiver, frame, byte);
    }
    return DIME_LINK_NOTHING;
}

void dime_link_spoil(struct dime_link_receiver *receiver) {
    receiver->skip = 1;
}
