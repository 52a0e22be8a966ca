/* SPDX-License-Identifier: MIT */
/* Receives pictures over USART1 (docs/link.md), shows the digit on the display and answers. A dash: no digit,
   or not clearly one. E and a number: a fault of docs/link.md. */
#include "clock.h"
#include "display.h"
#include "interrupt.h"
#include "link.h"
#include "model.h"
#include "predictor_inbox.h"
#include "predictor_picture.h"
#include "usart.h"
#include "watchdog.h"

#ifndef DIME_BAUD
#define DIME_BAUD 115200
#endif
#define WATCHDOG_MS 4000
#define FORGET_CYCLES (2 * CLOCK_HZ) /* without another part of it for so long a picture is forgotten */
#define REPEAT_CYCLES (CLOCK_HZ / 2) /* damage so soon after a picture hit its repetition */
#define DASH 16u                     /* for display_show() */
#define LETTER_E 14u
#define SHOW_BITS 24 /* of the cycle counter: a symbol of a fault is shown for 0.35 s */

/* The picture that is arriving, or has arrived: complete where wanted == total. */
static struct {
    uint32_t sequence; /* NONE: there is no picture */
    uint32_t prepared, width, total;
    uint32_t wanted; /* the next pixel */
    uint32_t seen;   /* cycle of the last part */
    uint32_t unread; /* 1: it has just become complete */
} arriving;
#define NONE UINT32_MAX
static struct dime_link_result result; /* of the last picture */
static struct { uint32_t pictures, damaged, dropped; } counts;

/* What a fault shows, in turns; none while `fault` is 0. */
static uint32_t fault, fault_detail;

static struct dime_link_frame *const frame = &picture_room.frame;
static uint8_t *const wire = picture_room.wire;

/* ---- the display ---- */

/* E, the fault, and its detail where it is a digit; the camera's faults have one. */
static void refresh_fault(void) {
    uint32_t turn = cycles_now() >> SHOW_BITS & 3, symbol = LETTER_E;
    if (!fault) return;
    if (turn == 1) symbol = fault;
    if (turn >= 2) symbol = fault_detail;
    if (turn == 3 || !symbol || symbol >= DASH)
        display_clear();
    else
        display_show(symbol);
}

static void show_fault(uint32_t number, uint32_t detail) {
    fault = number;
    fault_detail = detail;
}

/* ---- answers ---- */

/* Bytes that arrive meanwhile are kept. */
static void send(uint32_t bytes) {
    usart_write(wire, bytes);
}

static void answer_error(uint32_t sequence, uint32_t number, uint32_t detail) {
    const struct dime_link_error error = {number, detail};
    send(dime_link_send_error(&error, sequence, wire));
}

/* ---- frames ---- */

/* 1 where the part belongs to the picture that is known. */
static int belongs(const struct dime_link_picture *part) {
    return arriving.sequence == frame->sequence && arriving.prepared == part->prepared &&
           arriving.width == part->width && arriving.total == part->total;
}

static int begin(const struct dime_link_picture *part) {
    int taken = picture_begin(part);
    arriving.sequence = taken ? frame->sequence : NONE;
    arriving.prepared = part->prepared;
    arriving.width = part->width;
    arriving.total = part->total;
    arriving.wanted = 0;
    return taken;
}

/* A part that is there already is answered like the first time. */
static void answer_part(const struct dime_link_picture *part) {
    int last = arriving.wanted == part->total && part->offset + part->count == part->total;
    send(last ? dime_link_send_result(&result, arriving.sequence, wire)
              : dime_link_send_accepted(arriving.wanted, arriving.sequence, wire));
}

static void take_picture(void) {
    struct dime_link_picture part;
    uint32_t number = DIME_LINK_FAULT_PICTURE, detail = 0;
    if (!dime_link_read_picture(frame, &part)) goto refuse;
    arriving.seen = cycles_now();
    if (!belongs(&part)) {
        number = DIME_LINK_FAULT_GAP;
        if (part.offset) goto refuse;
        number = DIME_LINK_FAULT_PICTURE;
        detail = DIME_MODEL_INPUT_SIZE;
        if (!begin(&part)) goto refuse;
    }
    number = DIME_LINK_FAULT_GAP;
    detail = arriving.wanted;
    if (part.offset > arriving.wanted) goto refuse;
    if (part.offset == arriving.wanted) {
        picture_add(&part);
        arriving.wanted += part.count;
        arriving.unread = arriving.wanted == part.total;
    }
    if (!arriving.unread) answer_part(&part);
    return;
refuse:
    answer_error(frame->sequence, number, detail);
}

/* From the camera's board, which has no display. */
static void take_error(void) {
    struct dime_link_error error;
    if (dime_link_read_error(frame, &error)) show_fault(error.fault, error.detail);
}

/* Apart, so that the network's stack does not lie on these fields. */
static __attribute__((noinline)) void answer_status(void) {
    const struct dime_link_status status = {.version = DIME_LINK_VERSION,
                                            .input_size = DIME_MODEL_INPUT_SIZE,
                                            .classes = DIME_MODEL_CLASSES,
                                            .cells = PICTURE_CELLS,
                                            .pictures = counts.pictures,
                                            .damaged = counts.damaged,
                                            .dropped = counts.dropped};
    arriving.sequence = NONE;
    send(dime_link_send_status(&status, frame->sequence, wire));
}

/* Where maps take much RAM, apart from what reads pictures, so that the network's stack does not lie on this
   one: 100 bytes of flash, and 40 of RAM. */
#if RECOGNISE_BYTES > 1000
__attribute__((noinline))
#endif
static void
take_frame(void) {
    if (frame->type == DIME_LINK_PICTURE)
        take_picture();
    else if (frame->type == DIME_LINK_ERROR)
        take_error();
    else if (frame->type == DIME_LINK_ASK)
        answer_status();
    else
        answer_error(frame->sequence, DIME_LINK_FAULT_TYPE, frame->type);
}

static void read_picture(void) {
    arriving.unread = 0;
    picture_read(arriving.prepared, &result);
    counts.pictures++;
    fault = 0;
    display_show(result.class); /* DIME_LINK_NO_DIGIT: a dash */
    send(dime_link_send_result(&result, arriving.sequence, wire));
}

/* ---- what goes wrong ---- */

static int is_repetition(void) {
    return arriving.wanted == arriving.total && cycles_now() - arriving.seen < REPEAT_CYCLES;
}

static void take_damage(void) {
    if (inbox_lost()) {
        answer_error(0, DIME_LINK_FAULT_BUSY, ++counts.dropped);
        return;
    }
    answer_error(0, DIME_LINK_FAULT_DAMAGED, ++counts.damaged);
    if (!is_repetition()) show_fault(DIME_LINK_FAULT_DAMAGED, 0);
}

static void take_bytes(void) {
    static struct dime_link_receiver receiver;
    for (int32_t byte; (byte = inbox_take()) >= 0;) {
        enum dime_link_event event = dime_link_receive(&receiver, frame, (uint32_t)byte);
        if (event == DIME_LINK_FRAME) take_frame();
        if (arriving.unread) read_picture();
        if (event == DIME_LINK_DAMAGED) take_damage();
        watchdog_feed();
    }
}

int main(void) {
    clock_start();
    cycles_start();
    display_start();
    usart_start(USART_DIVIDER(DIME_BAUD));
    inbox_start();
    interrupts_on();
    watchdog_start(WATCHDOG_MS);
    arriving.sequence = arriving.wanted = NONE;
    display_show(DASH);
    if (watchdog_has_bitten()) {
        show_fault(DIME_LINK_FAULT_RESET, 0);
        answer_error(0, DIME_LINK_FAULT_RESET, 0);
    }
    for (;;) {
        watchdog_feed();
        take_bytes();
        refresh_fault();
        if (cycles_now() - arriving.seen > FORGET_CYCLES) arriving.sequence = NONE;
    }
}
