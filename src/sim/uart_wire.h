/* SPDX-License-Identifier: MIT */
/* The far end of a serial line: listens to a chip's TX pin and drives its RX pin at a baud rate of its own,
   bit by bit, 8 data bits, no parity, one stop bit. Unlike the chip's UART channel, which follows whatever
   BRR says, it sees a wrong baud rate as a terminal would: as wrong bytes and framing errors. */
#ifndef DIME_SIM_UART_WIRE_H
#define DIME_SIM_UART_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "sim/device.h"
#include "sim/peripherals.h"

/* A byte arrived; `framing_error`: its stop bit was low. `cycle` is the middle of the stop bit. */
typedef void sim_uart_wire_listener(void *context, uint64_t cycle, uint8_t byte, int framing_error);

struct sim_uart_wire {
    struct sim_chip *chip;
    uint32_t baud;
    struct {
        uint32_t port, number;
    } listens, drives;
    sim_uart_wire_listener *listener;
    void *context;
    /* Receiving: level of the line, and the frame under way. */
    int level, receiving;
    uint32_t frame, sampled;
    uint64_t start, hz; /* HCLK as it was at the start bit */
    /* Sending: bytes not yet sent, and the frame under way. */
    uint8_t *queue;
    size_t queued, capacity, next;
    uint32_t out_frame, out_bits;
    uint64_t out_start, out_hz;
};

/* Wires it to the chip: `tx` and `rx` are the chip's pins (port, number). The line to RX is idle, so high.
   The listener may be NULL. `wire` must outlive the chip. */
void sim_uart_wire_attach(struct sim_uart_wire *wire, struct sim_chip *chip, uint32_t baud,
                          const uint32_t tx[2], const uint32_t rx[2], sim_uart_wire_listener *listener,
                          void *context);
/* Sends bytes back to back, from now on or behind what is still queued. Errors: MEMORY. */
int sim_uart_wire_send(struct sim_uart_wire *wire, const uint8_t *bytes, size_t size);
void sim_uart_wire_free(struct sim_uart_wire *wire);

#endif
