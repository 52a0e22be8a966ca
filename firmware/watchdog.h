/* SPDX-License-Identifier: MIT */
/* Independent watchdog: RM chapter 4. It runs from the 128 kHz oscillator, which may be a third slower or
   faster, and cannot be stopped once started, not even by a debugger that halts the core: a programmer may
   have to use its power-off erase. */
#ifndef FIRMWARE_WATCHDOG_H
#define FIRMWARE_WATCHDOG_H

#include <stdint.h>

/* Resets the chip unless watchdog_feed() is called at least this often. milliseconds: 2..8190. */
void watchdog_start(uint32_t milliseconds);
void watchdog_feed(void);
/* 1 where the last reset was the watchdog's; forgets it. */
int watchdog_has_bitten(void);

#endif
