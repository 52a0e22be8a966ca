/* SPDX-License-Identifier: MIT */
/* DMA1 (chapter 8). */
#ifndef DIME_SIM_PERIPHERAL_DMA_H
#define DIME_SIM_PERIPHERAL_DMA_H

#include <stdint.h>

struct sim_peripherals;

enum { SIM_DMA_CHANNELS = 7 };

/* Who may request on a channel; requests of one channel are ORed. */
enum sim_dma_source { SIM_DMA_USART, SIM_DMA_I2C, SIM_DMA_OUTSIDE, SIM_DMA_TIMER };

struct sim_dma_channel {
    uint32_t cfgr, cntr, paddr, maddr;
    uint32_t count;              /* CNTR when the channel was enabled: what circular mode starts again with */
    uint32_t peripheral, memory; /* addresses of the next transfer */
    uint32_t requests;           /* bit n: enum sim_dma_source n */
};

struct sim_dma {
    uint32_t intfr;
    struct sim_dma_channel channels[SIM_DMA_CHANNELS];
    uint64_t free_at; /* the cycle from which the bus is free for the next transfer */
};

void sim_dma_install(struct sim_peripherals *all);
/* Request line of channel 1..7. A timer's request is a pulse: it falls with the transfer. */
void sim_dma_request(struct sim_peripherals *all, uint32_t channel, enum sim_dma_source source, int level);

#endif
