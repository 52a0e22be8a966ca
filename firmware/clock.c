/* SPDX-License-Identifier: MIT */
#include "clock.h"

/* The internal oscillator runs after reset and feeds the PLL, which doubles it. The switch takes effect
   within a few cycles, which nothing waits for. */
void clock_start(void) {
    FLASH->ACTLR = FLASH_ACTLR_LATENCY_1; /* before the clock becomes faster than 24 MHz */
    RCC->CTLR |= RCC_CTLR_PLLON;
    while (!(RCC->CTLR & RCC_CTLR_PLLRDY)) {
    }
    RCC->CFGR0 = RCC_CFGR0_SW_PLL; /* undivided */
}
