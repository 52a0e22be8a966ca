/* SPDX-License-Identifier: MIT */
#include "sim/serial_wire.h"

enum { MILLION = 1000000, PURPOSE = 0x3172 };

static void put(struct sim_serial_wire *wire, uint64_t time, uint8_t byte) {
    if (wire->count == SIM_SERIAL_QUEUE) {
        wire->lost++;
        return;
    }
    uint32_t at = (wire->first + wire->count++) % SIM_SERIAL_QUEUE;
    wire->queue[at].time = time;
    wire->queue[at].byte = byte;
}

/* Bits of a byte to turn over: any of the 255 ways. */
static uint8_t flipped(struct sim_serial_wire *wire, uint8_t byte) {
    return byte ^ (uint8_t)(1 + dime_random_below(&wire->random, 255));
}

static void heard(void *context, uint64_t cycle, uint8_t byte, int framing_error) {
    struct sim_serial_wire *wire = context;
    const struct sim_damage *damage = &wire->damage;
    uint64_t time = wire->time_of(wire->time_context, cycle);
    (void)framing_error; /* what it took for a byte is handed on: the receiver sees a wrong one */
    wire->bytes++;
    if (wire->arrived) wire->arrived(wire->context, cycle, byte);
    uint32_t fate = dime_random_below(&wire->random, MILLION);
    if (fate >= damage->drop + damage->flip + damage->insert) {
        put(wire, time, byte);
        return;
    }
    wire->damaged++;
    if (fate < damage->drop) return;
    if (fate < damage->drop + damage->flip) {
        put(wire, time, flipped(wire, byte));
        return;
    }
    put(wire, time, (uint8_t)dime_random_below(&wire->random, 256));
    put(wire, time, byte);
}

void sim_serial_wire_attach(struct sim_serial_wire *wire, struct sim_chip *from, struct sim_pin tx,
                            struct sim_chip *to, struct sim_pin rx, uint32_t baud) {
    const uint32_t nowhere[2] = {SIM_PIN_UNWIRED, 0};
    const uint32_t out[2] = {tx.port, tx.number}, in[2] = {rx.port, rx.number};
    wire->random = dime_random_stream(wire->damage.seed, PURPOSE, 0);
    sim_uart_wire_attach(&wire->from, from, baud, out, nowhere, heard, wire);
    sim_uart_wire_attach(&wire->to, to, baud, nowhere, in, NULL, NULL);
}

uint64_t sim_serial_wire_next(const struct sim_serial_wire *wire) {
    return wire->count ? wire->queue[wire->first].time : UINT64_MAX;
}

int sim_serial_wire_deliver(struct sim_serial_wire *wire) {
    uint8_t byte = wire->queue[wire->first].byte;
    wire->first = (wire->first + 1) % SIM_SERIAL_QUEUE;
    wire->count--;
    return sim_uart_wire_send(&wire->to, &byte, 1);
}

void sim_serial_wire_free(struct sim_serial_wire *wire) {
    sim_uart_wire_free(&wire->from);
    sim_uart_wire_free(&wire->to);
}
