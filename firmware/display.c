/* SPDX-License-Identifier: MIT */
#include "display.h"

#include "gpio.h"
#include "segments.h"

#define SEGMENT_PINS 0x7Fu /* PC0..PC6 */

static void light(uint32_t segments) {
    gpio_write(GPIOC, ~segments & SEGMENT_PINS, segments);
}

void display_start(void) {
    gpio_start(RCC_APB2_GPIOC);
    light(0);
    gpio_configure(GPIOC, SEGMENT_PINS, GPIO_PUSH_PULL);
}

void display_show(uint32_t digit) {
    light(dime_segments_of_digit(digit));
}

void display_clear(void) {
    light(0);
}
