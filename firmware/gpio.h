/* SPDX-License-Identifier: MIT */
/* Pins: RM chapter 7. */
#ifndef FIRMWARE_GPIO_H
#define FIRMWARE_GPIO_H

#include "ch32v003.h"

/* The four bits of a pin in CFGLR: CNF, then MODE. Outputs at up to 2 MHz where edges may be slow, 50 MHz (30
   on the CH32V003) where not. */
enum gpio_mode {
    GPIO_ANALOG = 0x0,
    GPIO_FLOATING = 0x4,
    GPIO_PULLED = 0x8, /* up or down as the pin's bit in OUTDR says */
    GPIO_PUSH_PULL = 0x2,
    GPIO_PUSH_PULL_FAST = 0x3,
    GPIO_OPEN_DRAIN = 0x6,
    GPIO_ALTERNATE_PUSH_PULL = 0xB,
    GPIO_ALTERNATE_OPEN_DRAIN = 0xF,
};

/* Switches a port's clock on; RCC_APB2_GPIOA ... */
static inline void gpio_start(uint32_t ports) {
    RCC->APB2PCENR |= ports;
}

/* Bit i of a mask goes to bit 4 i. */
#define GPIO_FIELD(pins, i) (((pins) >> (i)&1u) << 4 * (i))
#define GPIO_FIELDS(pins)                                                                                    \
    (GPIO_FIELD(pins, 0) | GPIO_FIELD(pins, 1) | GPIO_FIELD(pins, 2) | GPIO_FIELD(pins, 3) |                 \
     GPIO_FIELD(pins, 4) | GPIO_FIELD(pins, 5) | GPIO_FIELD(pins, 6) | GPIO_FIELD(pins, 7))

/* All pins 0..7 of a mask get one mode. To be used with constants, so that the compiler makes masks of them.
 */
static inline __attribute__((always_inline)) void gpio_configure(struct gpio *port, uint32_t pins,
                                                                 enum gpio_mode mode) {
    port->CFGLR = (port->CFGLR & ~(GPIO_FIELDS(pins) * 15u)) | GPIO_FIELDS(pins) * (uint32_t)mode;
}

/* Sets the pins of `high` and clears those of `low` in one access, so that no interrupt sees half of it.
   Where a pin is in both it is set. */
static inline void gpio_write(struct gpio *port, uint32_t high, uint32_t low) {
    port->BSHR = high | low << 16;
}

#endif
