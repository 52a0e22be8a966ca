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

/* Grey levels, which become the network's input in place, and that its activations. */
static union {
    _Alignas(4) uint8_t grey[DIME_MODEL_INPUTS];
    int8_t activations[DIME_MODEL_ROOM];
} picture;

static int32_t sums[DIME_MODEL_SUMS];

/* Not 0 where a byte of the picture was damaged. */
static uint32_t receive_picture(void) {
    uint32_t errors;
    uint8_t first;
    usart_forget(); /* nothing is wanted before READY */
    usart_put(READY);
    do {
        errors = 0;
        first = usart_get(&errors);
    } while (first != PICTURE || errors);
    for (uint8_t *grey = picture.grey; grey < picture.grey + DIME_MODEL_INPUTS;) *grey++ = usart_get(&errors);
    return errors;
}

static void answer(uint32_t class, uint32_t cycles) {
    usart_put((uint8_t) class);
    for (uint32_t i = 1; i < ANSWER_BYTES; i++, cycles >>= 7) usart_put((uint8_t)(cycles | 0x80));
}

static void read_picture(void) {
    uint32_t start = cycles_now();
    dime_encode(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, picture.grey, DIME_MODEL_INPUTS,
                picture.activations);
    uint32_t class = dime_network_infer(&dime_model_network, picture.activations, sums, picture.activations);
    answer(class, cycles_now() - start);
}

int main(void) {
    clock_start();
    cycles_start();
    usart_start(USART_DIVIDER(DIME_BAUD));
    for (;;)
        if (receive_picture())
            usart_put(FAULT);
        else
            read_picture();
}
