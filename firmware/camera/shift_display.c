/* SPDX-License-Identifier: MIT */
#include "shift_display.h"

#include "gpio.h"

#define SER (1u << 1)   /* of port A */
#define SRCLK (1u << 2) /* of port A */
#define RCLK (1u << 0)  /* of port C */

/* The 74HC595 takes 20 ns at 3.3 V for each step, less than two accesses to a port are apart. */
void shift_display_light(uint32_t segments) {
    uint32_t outputs = ~segments;
    for (uint32_t mask = 0x80; mask; mask >>= 1) {
        gpio_write(GPIOA, outputs & mask ? SER : 0, SER | SRCLK);
        gpio_write(GPIOA, SRCLK, 0);
    }
    gpio_write(GPIOC, RCLK, 0);
    gpio_write(GPIOC, 0, RCLK);
}

void shift_display_start(void) {
    gpio_start(RCC_APB2_GPIOA | RCC_APB2_GPIOC);
    gpio_write(GPIOA, 0, SER | SRCLK);
    gpio_write(GPIOC, 0, RCLK);
    gpio_configure(GPIOA, SER | SRCLK, GPIO_PUSH_PULL);
    gpio_configure(GPIOC, RCLK, GPIO_PUSH_PULL);
    shift_display_light(0);
}
