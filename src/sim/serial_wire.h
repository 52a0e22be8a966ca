/* SPDX-License-Identifier: MIT */
/* A serial wire from one chip's TX pin to another's RX pin, 8 data bits, no parity, one stop bit. It listens
   and speaks at a baud rate of its own, and can damage what it carries, the same way for the same seed. */
#ifndef DIME_SIM_SERIAL_WIRE_H
#define DIME_SIM_SERIAL_WIRE_H

#include <stdint.h>

#include "base/random.h"
#include "sim/uart_wire.h"

enum { SIM_SERIAL_QUEUE = 64 }; /* bytes on their way from chip to chip */

/* Of a million bytes, how many meet this fate. Their sum is at most a million. */
struct sim_damage {
    uint32_t drop;   /* the byte is lost */
    uint32_t flip;   /* one to eight of its bits are turned over */
    uint32_t insert; /* another byte, at random, is put in front */
    uint64_t seed;
};

struct sim_serial_wire {
    struct sim_uart_wire from, to;
    struct sim_damage damage;
    struct dime_random random;
    struct {
        uint64_t time; /* ps */
        uint8_t byte;
    } queue[SIM_SERIAL_QUEUE];
    uint32_t first, count;
    uint64_t bytes, damaged, lost; /* carried, damaged on purpose, lost because the queue was full */
    void (*arrived)(void *context, uint64_t cycle,
                    uint8_t byte); /* a byte of the sender, undamaged; or NULL */
    void *context;
    /* The world's time at the end of a byte, from the sender's cycle. */
    uint64_t (*time_of)(void *context, uint64_t cycle);
    void *time_context;
};

/* Wires two chips (or one with itself). `rx` of `from` and `tx` of `to` are not touched. Set damage,
   time_of and time_context first; `wire` must outlive the chips. */
void sim_serial_wire_attach(struct sim_serial_wire *wire, struct sim_chip *from, struct sim_pin tx,
                            struct sim_chip *to, struct sim_pin rx, uint32_t baud);
/* The time of the next byte that is to be handed to the receiver, or UINT64_MAX. */
uint64_t sim_serial_wire_next(const struct sim_serial_wire *wire);
/* Hands that byte over: its start bit begins now. Errors: MEMORY. */
int sim_serial_wire_deliver(struct sim_serial_wire *wire);
void sim_serial_wire_free(struct sim_serial_wire *wire);

#endif
