/* SPDX-License-Identifier: MIT */
/* A 7-segment display with common anode behind a 74HC595: segments A..G at QA..QG, each through a resistor of
   its own, lit while the output is low; SER on PA1, SRCLK on PA2, RCLK on PC0. */
#ifndef FIRMWARE_SHIFT_DISPLAY_H
#define FIRMWARE_SHIFT_DISPLAY_H

#include <stdint.h>

void shift_display_start(void); /* dark */
/* Bit 0 is segment A, as in device/display/segments.h. */
void shift_display_light(uint32_t segments);

#endif
