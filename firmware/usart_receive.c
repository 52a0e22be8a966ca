/* SPDX-License-Identifier: MIT */
/* Apart from usart.c, so that a program that does not receive has no interrupt handler for it. */
#include "interrupt.h"
#include "usart.h"

#define RX_CHANNEL 5 /* RM chapter 8, table of DMA1 requests */

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

void usart_receive_ring(void *ring, uint32_t size) {
    struct dma_channel *channel = &DMA1->channel[RX_CHANNEL - 1];
    channel->CFGR = 0;
    channel->PADDR = (uint32_t)&USART1->DATAR;
    channel->MADDR = (uint32_t)ring;
    channel->CNTR = size;
    channel->CFGR = DMA_CFGR_EN | DMA_CFGR_MINC | DMA_CFGR_CIRC;
    USART1->CTLR3 |= USART_CTLR3_DMAR;
}

uint32_t usart_ring_position(uint32_t size) {
    return size - DMA1->channel[RX_CHANNEL - 1].CNTR;
}
