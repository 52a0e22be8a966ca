/* SPDX-License-Identifier: MIT */
/* Any bytes as what a predictor sends: status and picture end, with an answer or an error, whatever comes.
   Each byte of the input becomes one from the line, but 0xFE pairs: 0xFE n makes a whole frame of what
   follows, so that frames with a right checksum occur. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "live/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct line {
    const uint8_t *bytes;
    size_t size, at;
    uint8_t frame[DIME_LINK_MOST_WIRE];
    uint32_t frame_size, frame_at;
    uint32_t sequence; /* of what was sent last */
};

static int take_sent(void *context, const uint8_t *bytes, size_t size) {
    struct line *line = context;
    if (size < 8 || size > DIME_LINK_MOST_WIRE) abort();
    if (bytes[0] || bytes[size - 1]) abort();
    line->sequence++;
    return 0;
}

/* 0xFE kind length payload: with the number that the answer must have, mostly. */
static int begin_frame(struct line *line) {
    size_t left = line->size - line->at;
    if (left < 2) return 0;
    uint32_t kind = line->bytes[line->at], length = line->bytes[line->at + 1] % (DIME_LINK_MOST_PAYLOAD + 1);
    if (length > left - 2) length = (uint32_t)(left - 2);
    line->frame_size = dime_link_encode(0x80 | (kind & 7), kind & 8 ? kind : 1 + (kind >> 6),
                                        line->bytes + line->at + 2, length, line->frame);
    line->frame_at = 0;
    line->at += 2 + length;
    return 1;
}

static int give_byte(void *context) {
    struct line *line = context;
    if (line->frame_at < line->frame_size) return line->frame[line->frame_at++];
    if (line->at == line->size) return DIME_LIVE_NO_BYTE;
    uint8_t byte = line->bytes[line->at++];
    if (byte == 0xFE && begin_frame(line)) return line->frame[line->frame_at++];
    return byte;
}

static void compute_outputs(void *context, const uint8_t *grey, int32_t *outputs) {
    (void)context;
    for (int i = 0; i < 10; i++) outputs[i] = grey[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    static char answer[DIME_LIVE_ANSWER_BYTES];
    static uint8_t pixels[40 * 40];
    struct line line = {.bytes = bytes, .size = size};
    struct dime_link_status status;
    struct dime_live_reader reader = {.exchange.port = {&line, take_sent, give_byte, NULL},
                                      .network = {NULL, compute_outputs, 16, 10}};
    for (uint32_t i = 0; i < sizeof pixels; i++)
        pixels[i] = i / 40 > 8 && i / 40 < 32 && i % 40 > 17 && i % 40 < 23 ? 0 : 255;
    dime_exchange_status(&reader.exchange, &status);
    if (dime_live_read(&reader, pixels, 40, 40, answer, sizeof answer)) return 0;
    size_t length = strlen(answer);
    if (answer[0] != '{' || answer[length - 1] != '}' || strpbrk(answer, "\n\r\033")) abort();
    return 0;
}
