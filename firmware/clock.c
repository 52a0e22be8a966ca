/* SPDX-License-Identifier: MIT */
#include "clock.h"

void clock_start(void) {
    FLASH->ACTLR = FLASH_ACTLR_LATENCY_1; /* before the clock becomes faster than 24 MHz */
    RCC->CFGR0 = RCC_CFGR0_SW_HSI;        /* undivided; the PLL is fed by HSI */
    RCC->CTLR |= RCC_CTLR_HSION | RCC_CTLR_PLLON;
    while (!(RCC->CTLR & RCC_CTLR_PLLRDY)) {
    }
    RCC->CFGR0 = RCC_CFGR0_SW_PLL;
    while ((RCC->CFGR0 & RCC_CFGR0_SWS) != RCC_CFGR0_SWS_PLL) {
    }
}
