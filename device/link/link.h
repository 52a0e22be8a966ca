/* SPDX-License-Identifier: MIT */
/* The serial protocol between camera, predictor and PC: frames with type, sequence number, length and CRC-16,
   made free of zero bytes by COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) and ended
   by a zero byte. docs/link.md specifies it. Both ends are here. Freestanding. */
#ifndef DIME_LINK_LINK_H
#define DIME_LINK_LINK_H

#include <stdint.h>

#define DIME_LINK_VERSION 2 /* 1: no packed pictures */
#define DIME_LINK_BAUD 115200
#define DIME_LINK_PAUSE_MS 60    /* before a picture is sent again without having been answered */
#define DIME_LINK_MOST_PIXELS 64 /* in one frame */
#define DIME_LINK_PICTURE_HEADER 9
#define DIME_LINK_MOST_PAYLOAD (DIME_LINK_PICTURE_HEADER + DIME_LINK_MOST_PIXELS)
#define DIME_LINK_HEADER 3 /* type, sequence, length */
#define DIME_LINK_CRC 2
/* Of a frame before COBS, and on the wire with COBS's code byte and the zeros at its begin and end: frames
   are shorter than 254 bytes, so there is one code byte more than there are zeros. */
#define DIME_LINK_MOST_FRAME (DIME_LINK_HEADER + DIME_LINK_MOST_PAYLOAD + DIME_LINK_CRC)
#define DIME_LINK_MOST_WIRE (DIME_LINK_MOST_FRAME + 3)
#define DIME_LINK_WIRE_FRAME 2                                           /* where the frame begins there */
#define DIME_LINK_WIRE_PAYLOAD (DIME_LINK_WIRE_FRAME + DIME_LINK_HEADER) /* and its payload */

enum dime_link_type {
    /* to the predictor */
    DIME_LINK_PICTURE = 0x01, /* a part of a picture */
    DIME_LINK_ASK = 0x02,     /* wants a STATUS; no payload */
    /* from the predictor */
    DIME_LINK_ACCEPTED = 0x81, /* the pixel that is wanted next: u32 */
    DIME_LINK_RESULT = 0x82,
    DIME_LINK_STATUS = 0x83,
    DIME_LINK_ERROR = 0x84,
};

enum dime_link_fault {
    DIME_LINK_FAULT_DAMAGED = 1, /* a frame was damaged; sequence unknown */
    DIME_LINK_FAULT_BUSY = 2,    /* bytes came faster than they were taken: frames were lost */
    DIME_LINK_FAULT_TYPE = 3,    /* a type that this end does not know */
    DIME_LINK_FAULT_PICTURE = 4, /* a picture of impossible size, or another length than its header says */
    DIME_LINK_FAULT_GAP = 5,     /* pixels are missing before these; detail: the pixel that is wanted */
    DIME_LINK_FAULT_RESET = 6,   /* the watchdog has reset the chip */
    DIME_LINK_FAULT_CAMERA = 7,  /* from the camera's board; detail: what is wrong, enum ov7670_fault */
};

/* One frame, as its bytes come. Once it is whole and undamaged, `length` is that of the payload; the CRC
   follows right behind. */
struct dime_link_frame {
    uint8_t type, sequence, length;
    uint8_t payload[DIME_LINK_MOST_PAYLOAD + DIME_LINK_CRC];
};

/* ---- sending ---- */

/* Writes the frame as it goes over the wire, zero bytes at its begin and end included; returns the bytes,
   length + 8. length: 0..DIME_LINK_MOST_PAYLOAD. */
uint32_t dime_link_encode(uint32_t type, uint32_t sequence, const uint8_t *payload, uint32_t length,
                          uint8_t wire[DIME_LINK_MOST_WIRE]);
/* The same with the payload at wire + DIME_LINK_WIRE_PAYLOAD already. */
uint32_t dime_link_close(uint32_t type, uint32_t sequence, uint32_t length, uint8_t *wire);

/* ---- receiving ---- */

enum dime_link_event {
    DIME_LINK_NOTHING, /* more bytes are needed */
    DIME_LINK_FRAME,   /* the frame is complete and undamaged */
    DIME_LINK_DAMAGED, /* something ended that is no frame */
};

/* A frame on its way; all zero at the beginning. */
struct dime_link_receiver {
    uint32_t left;    /* bytes until the next code byte */
    uint32_t started; /* 1: a code byte has come */
    uint32_t count;   /* bytes of the frame, or of what is longer than any */
    uint32_t crc;     /* over all of them; 0 at the end of an undamaged frame */
};

/* Takes one byte from the wire. `frame` holds what has come of a frame: the same from its first byte to its
   last. After FRAME or DAMAGED the next byte begins another. */
enum dime_link_event dime_link_receive(struct dime_link_receiver *receiver, struct dime_link_frame *frame,
                                       uint32_t byte);

/* CRC-16/IBM-3740 (polynomial 0x1021, initial value 0xFFFF, not reflected): the next value. */
uint32_t dime_link_crc(uint32_t crc, uint32_t byte);

/* ---- payloads; numbers are little-endian ----

   Fields are 32 bits wide whatever their width on the wire: compressed RISC-V instructions take no others. */

/* Part of a picture: some pixels of it, row by row from `offset` on, in ascending order. All parts of a
   picture have the same sequence number, and another picture's another. */
enum dime_link_prepared {
    DIME_LINK_RAW = 0,      /* any picture */
    DIME_LINK_PREPARED = 1, /* in the model's frame and size already, 0 background */
    DIME_LINK_PACKED = 2,   /* the same, and a byte 0 is followed by how many pixels of 0 there are, 1..255 */
};
struct dime_link_picture {
    uint32_t prepared;      /* enum dime_link_prepared */
    uint32_t width, height; /* 1..4096 */
    uint32_t offset;        /* of the first pixel, below width * height */
    uint32_t count; /* of pixels, 1..DIME_LINK_MOST_PIXELS; of packed ones as many as these bytes hold */
    const uint8_t *pixels; /* read: packed ones as they came */
    uint32_t total;        /* width * height; filled in by dime_link_read_picture() */
};
#define DIME_LINK_RESULT_BYTES 11
struct dime_link_result {
    uint32_t class;   /* what the display shows; DIME_LINK_NO_DIGIT: a dash */
    uint32_t finding; /* enum dime_vision_finding */
    uint32_t best;    /* the likeliest class, whatever the margin */
    int32_t margin;   /* its logit less the second largest */
    uint32_t cycles;  /* of vision and inference */
};
#define DIME_LINK_NO_DIGIT 0xFF
#define DIME_LINK_STATUS_BYTES 11
struct dime_link_status {
    uint32_t version;    /* DIME_LINK_VERSION */
    uint32_t input_size; /* of the model: pictures that are prepared are this high and wide */
    uint32_t classes;
    uint32_t cells;            /* of the vision's grid; 0: this predictor takes prepared pictures only */
    uint32_t pictures;         /* read since reset, modulo 65536 */
    uint32_t damaged, dropped; /* frames, and times that frames were lost, since reset, modulo 65536 */
};
#define DIME_LINK_ERROR_BYTES 5
struct dime_link_error {
    uint32_t fault; /* enum dime_link_fault */
    uint32_t detail;
};

/* Write a whole frame of the kind to `wire` and return its bytes on the wire. */
uint32_t dime_link_send_picture(const struct dime_link_picture *picture, uint32_t sequence,
                                uint8_t wire[DIME_LINK_MOST_WIRE]);
/* Packs as many of the `count` pixels as one frame holds, at least one, and says in part->count how many. */
uint32_t dime_link_send_packed(struct dime_link_picture *part, uint32_t sequence,
                               uint8_t wire[DIME_LINK_MOST_WIRE]);
uint32_t dime_link_send_result(const struct dime_link_result *result, uint32_t sequence, uint8_t *wire);
uint32_t dime_link_send_status(const struct dime_link_status *status, uint32_t sequence, uint8_t *wire);
uint32_t dime_link_send_error(const struct dime_link_error *error, uint32_t sequence, uint8_t *wire);
uint32_t dime_link_send_accepted(uint32_t wanted, uint32_t sequence, uint8_t *wire);

/* Read the payload of a frame of that type: 1, or 0 where its length or content is impossible. */
int dime_link_read_picture(const struct dime_link_frame *frame, struct dime_link_picture *picture);
/* Writes a prepared part's pixels, of which dime_link_read_picture() has said that they are in order. */
void dime_link_unpack(const struct dime_link_picture *part, uint8_t *to);
int dime_link_read_result(const struct dime_link_frame *frame, struct dime_link_result *result);
int dime_link_read_status(const struct dime_link_frame *frame, struct dime_link_status *status);
int dime_link_read_error(const struct dime_link_frame *frame, struct dime_link_error *error);
int dime_link_read_accepted(const struct dime_link_frame *frame, uint32_t *wanted);

#endif
