/* SPDX-License-Identifier: MIT */
#include "gpio.h"

void gpio_configure(struct gpio *port, uint32_t pins, enum gpio_mode mode) {
    uint32_t settings = port->CFGLR;
    for (uint32_t shift = 0; pins; pins >>= 1, shift += 4)
        if (pins & 1) settings = (settings & ~(15u << shift)) | (uint32_t)mode << shift;
    port->CFGLR = settings;
}
