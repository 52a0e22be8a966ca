/* SPDX-License-Identifier: MIT */
/* Blocks of the chip that are not modelled: each register is named when it is first touched. They read as
   after reset and take no writes. */
#include "sim/peripheral.h"

static uint32_t unmodelled_load(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset) {
    sim_block_unmodelled(all, block, offset, "not modelled: reads as after reset");
    switch (block->base + offset) {
    case 0x40012424: /* ADC_WDHTR */
        return 0x3FF;
    case 0x40013008: /* SPI_STATR: TXE */
        return 2;
    case 0x40013010: /* SPI_CRCR */
        return 7;
    case 0x4000700C: /* PWR_AWUWR */
        return 0x3F;
    default:
        return 0;
    }
}

static void unmodelled_store(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                             uint32_t value, uint32_t mask) {
    (void)value, (void)mask;
    sim_block_unmodelled(all, block, offset, "not modelled: the write is lost");
}

#define UNMODELLED(label, address, bytes)                                                                    \
    {                                                                                                        \
        .name = (label), .base = (address), .size = (bytes), .load = unmodelled_load,                        \
        .store = unmodelled_store                                                                            \
    }
const struct sim_block sim_unmodelled_blocks[] = {
    UNMODELLED("ADC1", 0x40012400, 0x400),   UNMODELLED("SPI1", 0x40013000, 0x400),
    UNMODELLED("PWR", 0x40007000, 0x400),    UNMODELLED("EXTEN", 0x40023800, 0x400),
    UNMODELLED("DBGMCU", 0xE000D000, 0x400),
};
const uint32_t sim_unmodelled_block_count = sizeof sim_unmodelled_blocks / sizeof *sim_unmodelled_blocks;
