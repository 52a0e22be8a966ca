/* SPDX-License-Identifier: MIT */
#include "watchdog.h"

#include "ch32v003.h"

#define PRESCALER_256 6u /* 128 kHz / 256: 500 counts a second */

void watchdog_start(uint32_t milliseconds) {
    RCC->RSTSCKR |= RCC_RSTSCKR_LSION;
    while (!(RCC->RSTSCKR & RCC_RSTSCKR_LSIRDY)) {
    }
    IWDG->CTLR = IWDG_CTLR_UNLOCK;
    IWDG->PSCR = PRESCALER_256;
    IWDG->RLDR = milliseconds / 2;
    IWDG->CTLR = IWDG_CTLR_START;
    IWDG->CTLR = IWDG_CTLR_FEED;
}

void watchdog_feed(void) {
    IWDG->CTLR = IWDG_CTLR_FEED;
}

int watchdog_has_bitten(void) {
    int bitten = (RCC->RSTSCKR & RCC_RSTSCKR_IWDGRSTF) != 0;
    RCC->RSTSCKR |= RCC_RSTSCKR_RMVF;
    return bitten;
}
