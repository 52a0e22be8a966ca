/* SPDX-License-Identifier: MIT */
#include "usart.h"

#define RX_CHANNEL 5 /* RM chapter 8, table of DMA1 requests */

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
