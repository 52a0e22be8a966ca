/* SPDX-License-Identifier: MIT */
#include "clock.h"

/* Of the flash at 48 MHz: 1 on the CH32V003, 2 on the CH32V002. */
#ifndef DIME_WAIT_STATES
#define DIME_WAIT_STATES 1
#endif

/* The internal oscillator runs after reset and feeds the PLL, which doubles it. The switch takes effect
   within a few cycles, which nothing waits for. */
void clock_start(void) {
    FLASH->ACTLR = DIME_WAIT_STATES; /* before the clock becomes faster than 24 MHz */
    RCC->CTLR |= RCC_CTLR_PLLON;
    while (!(RCC->CTLR & RCC_CTLR_PLLRDY)) {
    }
    RCC->CFGR0 = RCC_CFGR0_SW_PLL; /* undivided */
}
