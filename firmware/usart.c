/* SPDX-License-Identifier: MIT */
#include "usart.h"

#include "gpio.h"

#define TX_PIN (1u << 5)
#define RX_PIN (1u << 6)
/* RM chapter 8, table of DMA1 requests. */
#define TX_CHANNEL 4

void usart_start(uint32_t divider) {
    RCC->APB2PCENR |= RCC_APB2_USART1 | RCC_APB2_GPIOD;
    RCC->AHBPCENR |= RCC_AHB_DMA1;
    GPIOD->CFGLR = (GPIOD->CFGLR & ~(GPIO_FIELDS(TX_PIN | RX_PIN) * 15u)) |
                   GPIO_FIELDS(TX_PIN) * GPIO_ALTERNATE_PUSH_PULL | GPIO_FIELDS(RX_PIN) * GPIO_PULLED;
    gpio_write(GPIOD, RX_PIN, 0); /* pulled up: an open line is idle */
    USART1->BRR = divider;
    USART1->CTLR1 = USART_CTLR1_UE | USART_CTLR1_TE | USART_CTLR1_RE;
}

void usart_put(uint8_t byte) {
    while (!(USART1->STATR & USART_STATR_TXE)) {
    }
    USART1->DATAR = byte;
}

void usart_write(const uint8_t *bytes, uint32_t count) {
    for (const uint8_t *end = bytes + count; bytes < end; bytes++) usart_put(*bytes);
}

/* The channel counts down to 0 and stays enabled; before the first transmission it is 0, too. */
static void wait_for_dma(void) {
    while (DMA1->channel[TX_CHANNEL - 1].CNTR) {
    }
}

void usart_send(const void *bytes, uint32_t count) {
    struct dma_channel *channel = &DMA1->channel[TX_CHANNEL - 1];
    wait_for_dma();
    channel->CFGR = 0; /* CNTR can be written only while the channel is off */
    DMA1->INTFCR = DMA_FLAGS(TX_CHANNEL);
    channel->PADDR = (uint32_t)&USART1->DATAR;
    channel->MADDR = (uint32_t)bytes;
    channel->CNTR = count;
    USART1->STATR = ~USART_STATR_TC; /* DMA does not clear it; usart_finish() waits for the next */
    channel->CFGR = DMA_CFGR_EN | DMA_CFGR_DIR_TO_PERIPHERAL | DMA_CFGR_MINC;
    USART1->CTLR3 |= USART_CTLR3_DMAT;
}

void usart_finish(void) {
    wait_for_dma();
    while (!(USART1->STATR & USART_STATR_TXE)) {
    }
    while (!(USART1->STATR & USART_STATR_TC)) {
    }
}
