/* SPDX-License-Identifier: MIT */
#ifndef FIRMWARE_CLOCK_H
#define FIRMWARE_CLOCK_H

#include "ch32v003.h"

#define CLOCK_HZ 48000000u

/* HCLK = 48 MHz from the internal oscillator through the PLL, flash with one wait state (RM 3.3 "Clock",
   16 FLASH_ACTLR). */
void clock_start(void);

/* SysTick counts cycles of HCLK, 32 bits: it wraps after 89 s. */
static inline void cycles_start(void) {
    SYSTICK->CNT = 0;
    SYSTICK->CTLR = SYSTICK_CTLR_STE | SYSTICK_CTLR_STCLK;
}

static inline uint32_t cycles_now(void) {
    return SYSTICK->CNT;
}

#endif
