/* SPDX-License-Identifier: MIT */
/* Receives pictures over USART1 (docs/link.md), shows the digit on the display and answers. A dash: no digit,
   or not clearly one. E and a number: a fault of docs/link.md. */
#include "clock.h"
#include "display.h"
#include "model.h"
#include "predictor_inbox.h"
#include "predictor_recognise.h"
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

/* The picture that is arriving, or has arrived. */
static struct {
    uint8_t known; /* 0: none */
    uint8_t complete;
    uint8_t sequence, prepared;
    uint16_t width, height;
    uint32_t wanted; /* the next pixel */
    uint32_t seen;   /* cycle of the last part */
} arriving;
static struct dime_link_result result; /* of the last picture */
static uint16_t pictures;

/* What a fault shows, in turns; none while `fault` is 0. */
static uint8_t fault, fault_detail;

static uint8_t wire[DIME_LINK_STATUS_BYTES + 8];

/* ---- the display ---- */

static void show(uint32_t symbol) {
    fault = 0;
    display_show(symbol);
}

static void show_fault(uint32_t number, uint32_t detail) {
    fault = (uint8_t)number;
    fault_detail = (uint8_t)(detail < 16 ? detail : 0);
}

/* E, the fault, and its detail where it is a digit; the camera's faults have one. */
static void refresh_fault(void) {
    uint32_t turn = cycles_now() >> SHOW_BITS & 3;
    if (!fault) return;
    if (turn == 0)
        display_show(LETTER_E);
    else if (turn == 3 || (turn == 2 && !fault_detail))
        display_clear();
    else
        display_show(turn == 1 ? fault : fault_detail);
}

/* ---- answers ---- */

/* The frame before it must have left: there is one place for both. */
static void send(uint32_t bytes) {
    usart_send(wire, bytes);
}

static void answer_error(uint32_t sequence, uint32_t number, uint32_t detail) {
    const struct dime_link_error error = {(uint8_t)number, detail};
    usart_finish();
    send(dime_link_send_error(&error, sequence, wire));
}

static void answer_accepted(uint32_t sequence) {
    usart_finish();
    send(dime_link_send_accepted(arriving.wanted, sequence, wire));
}

static void answer_result(uint32_t sequence) {
    usart_finish();
    send(dime_link_send_result(&result, sequence, wire));
}

static void answer_status(uint32_t sequence) {
    struct inbox_counts counts = inbox_counts();
    const struct dime_link_status status = {
        .version = DIME_LINK_VERSION,
        .input_size = DIME_MODEL_INPUT_SIZE,
        .classes = DIME_MODEL_CLASSES,
        .cells = (uint16_t)recognise_cells(),
        .pictures = pictures,
        .damaged = counts.damaged,
        .dropped = counts.dropped,
    };
    usart_finish();
    send(dime_link_send_status(&status, sequence, wire));
}

/* ---- frames ---- */

/* 1 where the part belongs to the picture that is known. */
static int belongs(const struct dime_link_picture *part, uint32_t sequence) {
    return arriving.known && arriving.sequence == sequence && arriving.prepared == part->prepared &&
           arriving.width == part->width && arriving.height == part->height;
}

static int begin(const struct dime_link_picture *part, uint32_t sequence) {
    arriving.known = (uint8_t)recognise_begin(part);
    arriving.complete = 0;
    arriving.sequence = (uint8_t)sequence;
    arriving.prepared = part->prepared;
    arriving.width = part->width;
    arriving.height = part->height;
    arriving.wanted = 0;
    return arriving.known;
}

/* A part that is wanted: into the picture, and the frame is released before the network runs. */
static void take_part(const struct dime_link_picture *part, uint32_t sequence) {
    uint32_t pixels = (uint32_t)part->width * part->height;
    recognise_add(part);
    arriving.wanted += part->count;
    inbox_release();
    if (arriving.wanted < pixels) {
        answer_accepted(sequence);
        return;
    }
    recognise_finish(&result);
    arriving.complete = 1;
    pictures++;
    show(result.class == DIME_LINK_NO_DIGIT ? DASH : result.class);
    answer_result(sequence);
}

/* A part of the same picture that is there already. */
static void answer_again(const struct dime_link_picture *part, uint32_t sequence) {
    int last = part->offset + part->count == arriving.wanted;
    inbox_release();
    if (arriving.complete && last)
        answer_result(sequence);
    else
        answer_accepted(sequence);
}

static void refuse(uint32_t sequence, uint32_t number, uint32_t detail) {
    inbox_release();
    answer_error(sequence, number, detail);
}

static void take_picture(const struct dime_link_frame *frame) {
    struct dime_link_picture part;
    uint32_t sequence = frame->sequence;
    if (!dime_link_read_picture(frame, &part)) {
        refuse(sequence, DIME_LINK_FAULT_PICTURE, 0);
        return;
    }
    int known = belongs(&part, sequence);
    arriving.seen = cycles_now();
    if (!known && part.offset == 0 && !begin(&part, sequence))
        refuse(sequence, DIME_LINK_FAULT_PICTURE, DIME_MODEL_INPUT_SIZE);
    else if (!known && part.offset > 0)
        refuse(sequence, DIME_LINK_FAULT_GAP, 0);
    else if (part.offset > arriving.wanted)
        refuse(sequence, DIME_LINK_FAULT_GAP, arriving.wanted);
    else if (part.offset < arriving.wanted)
        answer_again(&part, sequence);
    else
        take_part(&part, sequence);
}

/* From the camera's board, which has no display. */
static void take_error(const struct dime_link_frame *frame) {
    struct dime_link_error error;
    if (dime_link_read_error(frame, &error)) show_fault(error.fault, error.detail);
    inbox_release();
}

static void take_frame(const struct dime_link_frame *frame) {
    uint32_t sequence = frame->sequence;
    if (frame->type == DIME_LINK_PICTURE) {
        take_picture(frame);
    } else if (frame->type == DIME_LINK_ERROR) {
        take_error(frame);
    } else if (frame->type == DIME_LINK_ASK) {
        arriving.known = 0;
        inbox_release();
        answer_status(sequence);
    } else {
        refuse(sequence, DIME_LINK_FAULT_TYPE, frame->type);
    }
}

/* ---- what went wrong meanwhile ---- */

static int is_repetition(void) {
    return arriving.known && arriving.complete && cycles_now() - arriving.seen < REPEAT_CYCLES;
}

static void report_losses(struct inbox_counts *before) {
    struct inbox_counts now = inbox_counts();
    if (now.damaged != before->damaged) {
        answer_error(0, DIME_LINK_FAULT_DAMAGED, now.damaged);
        if (!is_repetition()) show_fault(DIME_LINK_FAULT_DAMAGED, 0);
    }
    if (now.dropped != before->dropped) answer_error(now.dropped_sequence, DIME_LINK_FAULT_BUSY, now.dropped);
    *before = now;
}

static void forget_old_picture(void) {
    if (arriving.known && cycles_now() - arriving.seen > FORGET_CYCLES) arriving.known = 0;
}

int main(void) {
    struct inbox_counts counts = {0};
    clock_start();
    cycles_start();
    display_start();
    inbox_start(USART_DIVIDER(DIME_BAUD));
    watchdog_start(WATCHDOG_MS);
    if (watchdog_has_bitten()) {
        show_fault(DIME_LINK_FAULT_RESET, 0);
        answer_error(0, DIME_LINK_FAULT_RESET, 0);
    } else {
        display_show(DASH);
    }
    for (;;) {
        const struct dime_link_frame *frame = inbox_frame();
        watchdog_feed();
        report_losses(&counts);
        refresh_fault();
        forget_old_picture();
        if (frame) take_frame(frame);
    }
}
