/* SPDX-License-Identifier: MIT */
/* USART1 (chapter 12). */
#ifndef DIME_SIM_PERIPHERAL_USART_H
#define DIME_SIM_PERIPHERAL_USART_H

#include <stdint.h>

#include "sim/peripheral_gpio.h"

struct sim_usart_sender {
    uint32_t frame;    /* start, data, parity and stop bits; bit 0 goes first */
    uint32_t bits;     /* bits of the frame; 0: idle */
    uint32_t sent;     /* of which are on the line */
    uint32_t bit_time; /* cycles a bit, taken from BRR at the start of the frame */
    uint64_t start;
    uint32_t data;
};

enum sim_usart_reception { SIM_USART_IDLE, SIM_USART_FROM_PIN, SIM_USART_FROM_CHANNEL };

struct sim_usart_receiver {
    enum sim_usart_reception from;
    uint32_t frame, bits, sampled, bit_time;
    uint64_t start;
    uint64_t ask; /* when the channel is asked for the next byte */
};

struct sim_usart {
    uint32_t statr, brr, ctlr1, ctlr2, ctlr3, gpr;
    uint32_t tdr, rdr;
    uint32_t
        seen; /* flags that the last read of STATR showed: reading DATAR then clears the errors among them */
    struct sim_usart_sender sender;
    struct sim_usart_receiver receiver;
};

void sim_usart_pin_changed(struct sim_peripherals *all, struct sim_pin pin, int level);
/* Around a change of the remap or of a pin's configuration. */
void sim_usart_release_pins(struct sim_peripherals *all);
void sim_usart_pins_changed(struct sim_peripherals *all);

#endif
