/* SPDX-License-Identifier: MIT */
/* Timer 2 (RM chapter 11) as a clock to sleep by. */
#ifndef FIRMWARE_TIMER_H
#define FIRMWARE_TIMER_H

#include <stdint.h>

/* Sleeps for this many milliseconds; the core stands still between the ticks. Interrupts must be on. The
   timer runs only meanwhile, so that nothing disturbs what is timed. */
void timer_sleep_ms(uint32_t milliseconds);

#endif
