/* SPDX-License-Identifier: MIT */
/* The camera's board: at a press of the button the digit in front of the camera goes to the predictor,
   already brought into the frame that its network was trained on. There is no line back, so it is sent twice
   (docs/link.md, "Pictures"). Faults are blinked, and told to the predictor as well. */
#include "clock.h"
#include "link.h"
#include "usart.h"
#include "viewfinder.h"
#include "vision.h"
#include "watchdog.h"

#ifndef DIME_BAUD
#define DIME_BAUD 115200
#endif
#ifndef DIME_INPUT_SIZE
#define DIME_INPUT_SIZE 16
#endif
#define PIXELS (DIME_INPUT_SIZE * DIME_INPUT_SIZE)
/* The grid and the picture made from it do not fit together with a finer one where pictures are large. */
#define CELLS (PIXELS <= 400 ? DIME_VISION_CELLS : 560)
#define WATCHDOG_MS 2000
#define ROUNDS 2
#define PAUSE_CYCLES (CLOCK_HZ / 1000 * DIME_LINK_PAUSE_MS)
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

static struct dime_vision vision;
/* A line is read before a picture is made, and cells are used up before frames are sent. */
static union {
    uint8_t line[OV7670_WIDTH];
    uint8_t picture[PIXELS];
} pixels;
static union {
    uint8_t cells[CELLS];
    uint8_t wire[DIME_LINK_MOST_WIRE];
} room;
static uint8_t sequence;

/* Returns where the next part begins. */
static uint32_t send_part(uint32_t offset) {
    struct dime_link_picture part = {.prepared = DIME_LINK_PACKED,
                                     .width = DIME_INPUT_SIZE,
                                     .height = DIME_INPUT_SIZE,
                                     .offset = offset,
                                     .count = PIXELS - offset,
                                     .pixels = pixels.picture + offset};
    usart_finish(); /* the frame before this one is in the same place */
    usart_send(room.wire, dime_link_send_packed(&part, sequence, room.wire));
    return offset + part.count;
}

/* The predictor reads the picture meanwhile, and may have little room for what comes. */
static void pause(void) {
    usart_finish();
    for (uint32_t start = cycles_now(); cycles_now() - start < PAUSE_CYCLES;) watchdog_feed();
}

static void send_picture(void) {
    sequence++;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        if (round) pause();
        for (uint32_t offset = 0; offset < PIXELS;) offset = send_part(offset);
    }
    usart_finish();
}

/* What is not a digit goes as an empty picture: the predictor shows a dash. */
static enum ov7670_fault take_pictures(void) {
    enum ov7670_fault fault = viewfinder_start(pixels.line);
    while (!fault) {
        fault = viewfinder_wait(&vision, room.cells, CELLS, pixels.line);
        if (fault) break;
        dime_vision_finish(&vision, DIME_VISION_AUTO, DIME_INPUT_SIZE, pixels.picture, 0);
        send_picture();
    }
    return fault;
}

static void tell(enum ov7670_fault fault) {
    const struct dime_link_error error = {.fault = DIME_LINK_FAULT_CAMERA, .detail = fault};
    usart_finish();
    usart_send(room.wire, dime_link_send_error(&error, ++sequence, room.wire));
    viewfinder_blink(fault);
}

/* After a fault the camera is set up anew: a wire may have been put back. */
int main(void) {
    clock_start();
    cycles_start();
    watchdog_start(WATCHDOG_MS);
    usart_start(USART_DIVIDER(DIME_BAUD));
    USART1->CTLR1 &= ~USART_CTLR1_RE; /* its pin is the LED's */
    /* A line that stood still in the middle stops the program until the watchdog bites. */
    if (watchdog_has_bitten()) tell(OV7670_NO_LINE);
    for (;;) tell(take_pictures());
}
