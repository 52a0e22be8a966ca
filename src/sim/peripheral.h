/* SPDX-License-Identifier: MIT */
/* Inside the peripherals: all their state, and how one register block is described. Not for other modules. */
#ifndef DIME_SIM_PERIPHERAL_H
#define DIME_SIM_PERIPHERAL_H

#include "sim/chip.h"
#include "sim/peripheral_debug.h"
#include "sim/peripheral_dma.h"
#include "sim/peripheral_exti.h"
#include "sim/peripheral_flash.h"
#include "sim/peripheral_gpio.h"
#include "sim/peripheral_i2c.h"
#include "sim/peripheral_pfic.h"
#include "sim/peripheral_rcc.h"
#include "sim/peripheral_systick.h"
#include "sim/peripheral_timer.h"
#include "sim/peripheral_usart.h"
#include "sim/peripheral_watchdog.h"
#include "sim/peripherals.h"

/* Interrupt lines (section 6.3, table of vectors). */
enum sim_line {
    SIM_LINE_NMI = 2,
    SIM_LINE_FAULT = 3,
    SIM_LINE_SYSTICK = 12,
    SIM_LINE_SOFTWARE = 14,
    SIM_LINE_WWDG = 16,
    SIM_LINE_FLASH = 18,
    SIM_LINE_RCC = 19,
    SIM_LINE_EXTI = 20,
    SIM_LINE_DMA_CHANNEL_1 = 22,
    SIM_LINE_I2C_EVENT = 30,
    SIM_LINE_I2C_ERROR = 31,
    SIM_LINE_USART = 32,
    SIM_LINE_TIM1_BREAK = 34,
    SIM_LINE_TIM1_UPDATE = 35,
    SIM_LINE_TIM1_TRIGGER = 36,
    SIM_LINE_TIM1_COMPARE = 37,
    SIM_LINE_TIM2 = 38,
    SIM_LINES = 39,
};

/* Callbacks of one cycle run in this order, so that a run is deterministic. */
enum sim_order {
    SIM_ORDER_CLOCK,
    SIM_ORDER_SYSTICK,
    SIM_ORDER_TIMER,
    SIM_ORDER_USART,
    SIM_ORDER_I2C,
    SIM_ORDER_FLASH,
    SIM_ORDER_DMA,
    SIM_ORDER_WATCHDOG,
};

enum { SIM_BLOCKS_MOST = 32 };

struct sim_peripherals;

/* A register block on the bus. Registers are loaded and stored as whole words: peripherals.c splits narrower
   accesses and refuses those to a block without clock. */
struct sim_block {
    const char *name; /* as in the reference manual */
    uint32_t base, size;
    uint32_t clock_register; /* offset of the RCC register that holds its clock enable; 0: always clocked */
    uint32_t clock_bit;
    uint32_t instance; /* which of several equal blocks */
    uint32_t (*load)(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset);
    /* Only the bits in `mask` were written. */
    void (*store)(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset, uint32_t value,
                  uint32_t mask);
    void (*reset)(struct sim_peripherals *all, const struct sim_block *block); /* may be NULL */
};

/* A block as the bus knows it. */
struct sim_block_seat {
    struct sim_peripherals *all;
    const struct sim_block *block;
};

struct sim_peripherals {
    struct sim_chip *chip;
    struct sim_block_seat seats[SIM_BLOCKS_MOST];
    uint32_t seat_count;
    struct sim_rcc rcc;
    struct sim_flash flash;
    struct sim_pfic pfic;
    struct sim_systick systick;
    struct sim_gpio gpio;
    struct sim_exti exti;
    struct sim_usart usart;
    struct sim_dma dma;
    struct sim_timer timers[2];
    struct sim_i2c i2c;
    struct sim_iwdg iwdg;
    struct sim_wwdg wwdg;
    struct sim_debug debug;
};

/* The peripherals of a chip. */
struct sim_peripherals *sim_peripherals_of(const struct sim_chip *chip);

/* Names a register that is not modelled, once a run. */
void sim_block_unmodelled(struct sim_peripherals *all, const struct sim_block *block, uint32_t offset,
                          const char *what);

/* Resets the blocks whose reset bit in RCC_APB2PRSTR or RCC_APB1PRSTR is set (the bits are those of the clock
   enables). `clock_register` is the enable register's offset. */
void sim_blocks_reset(struct sim_peripherals *all, uint32_t clock_register, uint32_t bits);

static inline uint32_t sim_merge(uint32_t old, uint32_t value, uint32_t mask) {
    return (old & ~mask) | (value & mask);
}

/* Cycles of HCLK that `nanoseconds` last at the present clock, rounded up. At most 2^32 ns times 48 MHz,
   which 64 bits hold. */
static inline uint64_t sim_cycles(const struct sim_peripherals *all, uint32_t nanoseconds) {
    return ((uint64_t)nanoseconds * sim_chip_clock(all->chip) + 999999999) / 1000000000;
}

extern const struct sim_block sim_rcc_block, sim_flash_block, sim_option_block, sim_signature_block,
    sim_pfic_block, sim_systick_block, sim_gpio_blocks[SIM_PORTS], sim_afio_block, sim_exti_block,
    sim_usart_block, sim_dma_block, sim_timer_blocks[2], sim_i2c_block, sim_iwdg_block, sim_wwdg_block,
    sim_debug_block;
/* Blocks that exist on the chip and are not modelled. */
extern const struct sim_block sim_unmodelled_blocks[];
extern const uint32_t sim_unmodelled_block_count;

#endif
