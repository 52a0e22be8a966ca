/* SPDX-License-Identifier: MIT */
#ifndef FIRMWARE_FINISH_H
#define FIRMWARE_FINISH_H

#include "interrupt.h"

/* Nothing more to do. Pins stay as they are. A simulator sees the end in a jump to itself with interrupts
 * off. */
static inline _Noreturn void finish(void) {
    interrupts_off();
    for (;;) {
    }
}

#endif
