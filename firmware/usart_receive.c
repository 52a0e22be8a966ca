/* SPDX-License-Identifier: MIT */
/* Apart from usart.c, so that a program that does not receive has no interrupt handler for it. */
#include "interrupt.h"
#include "usart.h"

void usart_receive(void) {
    interrupt_enable(INTERRUPT_USART1);
    USART1->CTLR1 |= USART_CTLR1_RXNEIE;
}

/* Reading STATR and then DATAR clears RXNE and the error flags. */
INTERRUPT_HANDLER void usart1_handler(void) {
    uint32_t status = USART1->STATR;
    uint8_t byte = (uint8_t)USART1->DATAR;
    if (status & (USART_STATR_RXNE | USART_STATR_ORE))
        usart_received(byte, status & (USART_STATR_ORE | USART_STATR_FE | USART_STATR_NE));
}
VECTOR("usart1", usart1_handler);
