/* SPDX-License-Identifier: MIT */
/* A 74HC595: bits are shifted in and become outputs all at once. */
#ifndef DIME_SIM_SHIFT_REGISTER_H
#define DIME_SIM_SHIFT_REGISTER_H

#include <stdint.h>

#include "sim/device.h"

struct sim_shift_register {
    struct sim_pin data, clock, latch; /* SER, SRCLK, RCLK */
    /* The outputs changed: bit 0 is QA, bit 7 is QH. The bit shifted in first ends at QH. */
    void (*changed)(void *context, uint64_t cycle, uint8_t outputs);
    void *context;
    struct sim_chip *chip;
    uint8_t bits, outputs;
};

/* Wires it to the pins set in `part`, which must outlive the chip. After power-on the outputs are anything,
   here 0xA5. */
void sim_shift_register_attach(struct sim_shift_register *part, struct sim_chip *chip);

#endif
