/* SPDX-License-Identifier: MIT */
/* A 7-segment display with common anode: segments A..G on PC0..PC6, each through a resistor of its own, lit
   while the pin is low. */
#ifndef FIRMWARE_DISPLAY_H
#define FIRMWARE_DISPLAY_H

#include <stdint.h>

void display_start(void);          /* dark */
void display_show(uint32_t digit); /* 0..15, hexadecimal; `-` for more */
void display_clear(void);

#endif
