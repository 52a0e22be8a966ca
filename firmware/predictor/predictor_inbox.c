/* SPDX-License-Identifier: MIT */
#include "predictor_inbox.h"

#include "interrupt.h"
#include "usart.h"

/* Counts of all bytes, which wrap around together. */
static volatile uint32_t received;
static uint32_t taken;
static volatile uint8_t bytes[INBOX_BYTES];
#define PLACE(count) ((count) & (INBOX_BYTES - 1))
_Static_assert(PLACE(INBOX_BYTES) == 0, "a power of two");

/* Reading STATR and then DATAR clears RXNE and the error flags. */
INTERRUPT_HANDLER void usart1_handler(void) {
    (void)USART1->STATR;
    uint32_t byte = USART1->DATAR, count = received;
    received = count + 1;
    bytes[PLACE(count)] = (uint8_t)byte;
}
VECTOR("usart1", usart1_handler);

void inbox_start(void) {
    interrupt_enable(INTERRUPT_USART1);
    USART1->CTLR1 |= USART_CTLR1_RXNEIE;
}

int32_t inbox_take(void) {
    return taken == received ? -1 : bytes[PLACE(taken++)];
}

/* What is left of overwritten frames is of no use. */
int inbox_lost(void) {
    uint32_t count = received;
    if (count - taken <= INBOX_BYTES) return 0;
    taken = count;
    return 1;
}
