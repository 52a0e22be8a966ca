/* SPDX-License-Identifier: MIT */
/* Reads pictures that arrive over USART1 and answers with the digit, so that a whole test set can be put
   through the chip. The chip asks for each picture:

       chip  READY
       PC    PICTURE, then DIME_MODEL_INPUTS grey levels, row by row, 0 = background
       chip  the class, then the cycles that encoding and inference took: 4 groups of 7 bits, lowest first,
             each with bit 7 set

   so READY cannot be taken for a part of an answer. A receive error is answered with FAULT; then READY
   follows, and the picture can be sent again. */
#include "clock.h"
#include "encode.h"
#include "engine.h"
#include "interrupt.h"
#include "model.h"
#include "usart.h"

#ifndef DIME_BAUD
#define DIME_BAUD 115200
#endif
#define READY 0x7Fu
#define FAULT 0x7Eu
#define PICTURE 0xA5u
#define ANSWER_BYTES 5

_Static_assert(DIME_MODEL_CLASSES < FAULT, "a class must not look like FAULT or READY");

/* Grey levels, which become the network's input in place, and that its activations. Written by the interrupt
   until `complete` is set, and by the program from then until READY. */
static union {
    _Alignas(4) uint8_t grey[DIME_MODEL_INPUTS];
    int8_t activations[DIME_MODEL_ROOM];
} picture;
static uint16_t received; /* bytes of the picture; in the interrupt only, while a picture arrives */
static volatile uint8_t begun, complete, faulty;

static int32_t sums[DIME_MODEL_SUMS];

void usart_received(uint8_t byte, uint32_t errors) {
    if (complete) return;
    if (!begun) {
        begun = byte == PICTURE && !errors;
        return;
    }
    if (errors) faulty = 1;
    picture.grey[received++] = byte;
    if (received == DIME_MODEL_INPUTS) complete = 1;
}

static void ask(void) {
    static const uint8_t ready = READY;
    received = 0;
    begun = faulty = 0;
    complete = 0; /* last: from here on the interrupt may write */
    usart_send(&ready, 1);
}

static void answer(uint32_t class, uint32_t cycles) {
    static uint8_t bytes[ANSWER_BYTES]; /* READY, sent next, waits until these have left */
    bytes[0] = (uint8_t) class;
    for (uint32_t i = 1; i < ANSWER_BYTES; i++, cycles >>= 7) bytes[i] = (uint8_t)(cycles | 0x80);
    usart_send(bytes, ANSWER_BYTES);
}

static void read_picture(void) {
    uint32_t start = cycles_now();
    dime_encode(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, picture.grey, DIME_MODEL_INPUTS,
                picture.activations);
    uint32_t class = dime_network_infer(&dime_model_network, picture.activations, sums, picture.activations);
    answer(class, cycles_now() - start);
}

int main(void) {
    static const uint8_t fault = FAULT;
    clock_start();
    cycles_start();
    usart_start(USART_DIVIDER(DIME_BAUD));
    complete = 1; /* nothing is wanted before READY */
    usart_receive();
    interrupts_on();
    for (;;) {
        ask();
        while (!complete) {
        }
        if (faulty)
            usart_send(&fault, 1);
        else
            read_picture();
    }
}
