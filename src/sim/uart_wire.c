/* SPDX-License-Identifier: MIT */
#include "sim/uart_wire.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

enum { FRAME_BITS = 10, QUEUE_LEAST = 64, WIRE_ORDER = SIM_ORDER_OUTSIDE };

/* Cycle at which `halves` half bits after `start` are over. At most 20 halves times 48 MHz, which 64 bits
 * hold. */
static uint64_t after_halves(const struct sim_uart_wire *wire, uint64_t start, uint64_t hz, uint32_t halves) {
    return start + (halves * hz + wire->baud) / (2 * (uint64_t)wire->baud);
}

/* ---- from the chip ------------------------------------------------------------------------------------- */

static void sample(struct sim_chip *chip, void *state);

static void schedule_sample(struct sim_uart_wire *wire) {
    uint64_t when = after_halves(wire, wire->start, wire->hz, 2 * wire->sampled + 1);
    sim_chip_schedule(wire->chip, when, WIRE_ORDER, sample, wire);
}

static void frame_received(struct sim_uart_wire *wire, uint64_t cycle) {
    wire->receiving = 0;
    if (wire->listener != NULL) {
        wire->listener(wire->context, cycle, (uint8_t)(wire->frame >> 1),
                       !(wire->frame >> (FRAME_BITS - 1) & 1));
    }
}

/* In the middle of each bit. A start bit that is high again was a glitch. */
static void sample(struct sim_chip *chip, void *state) {
    struct sim_uart_wire *wire = state;
    if (wire->sampled == 0 && wire->level) {
        wire->receiving = 0;
        return;
    }
    wire->frame |= (uint32_t)wire->level << wire->sampled++;
    if (wire->sampled == FRAME_BITS) {
        frame_received(wire, sim_chip_now(chip));
    } else {
        schedule_sample(wire);
    }
}

/* A line that nothing drives is idle: high. */
static void line_changed(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct sim_uart_wire *wire = context;
    if (port != wire->listens.port || number != wire->listens.number) {
        return;
    }
    int before = wire->level;
    wire->level = level != 0;
    if (before && !wire->level && !wire->receiving) {
        wire->receiving = 1;
        wire->frame = wire->sampled = 0;
        wire->start = cycle;
        wire->hz = sim_chip_clock(wire->chip);
        schedule_sample(wire);
    }
}

/* ---- to the chip --------------------------------------------------------------------------------------- */

static void drive(const struct sim_uart_wire *wire, uint32_t level) {
    sim_chip_pin_drive(wire->chip, wire->drives.port, wire->drives.number,
                       level ? SIM_PIN_HIGH : SIM_PIN_LOW);
}

static void next_bit(struct sim_chip *chip, void *state);

static void schedule_bit(struct sim_uart_wire *wire) {
    uint64_t when = after_halves(wire, wire->out_start, wire->out_hz, 2 * wire->out_bits);
    sim_chip_schedule(wire->chip, when, WIRE_ORDER, next_bit, wire);
}

/* The next byte's start bit, at `start`; or the line stays high. */
static void start_frame(struct sim_uart_wire *wire, uint64_t start) {
    if (wire->next == wire->queued) {
        wire->next = wire->queued = 0;
        wire->out_frame = 0;
        return;
    }
    wire->out_frame = 1U << (FRAME_BITS - 1) | (uint32_t)wire->queue[wire->next++] << 1;
    wire->out_start = start;
    wire->out_hz = sim_chip_clock(wire->chip);
    wire->out_bits = 1;
    drive(wire, 0);
    schedule_bit(wire);
}

static void next_bit(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_uart_wire *wire = state;
    if (wire->out_bits == FRAME_BITS) {
        start_frame(wire, after_halves(wire, wire->out_start, wire->out_hz, 2 * FRAME_BITS));
        return;
    }
    drive(wire, wire->out_frame >> wire->out_bits++ & 1);
    schedule_bit(wire);
}

static int make_room(struct sim_uart_wire *wire, size_t size) {
    size_t needed = wire->queued + size;
    if (needed <= wire->capacity) {
        return DIME_OK;
    }
    size_t capacity = wire->capacity ? wire->capacity : QUEUE_LEAST;
    while (capacity < needed) {
        capacity *= 2;
    }
    uint8_t *more = realloc(wire->queue, capacity);
    if (more == NULL) {
        return dime_error_set(DIME_ERROR_MEMORY, "no memory for %zu bytes on the serial line", capacity);
    }
    wire->queue = more;
    wire->capacity = capacity;
    return DIME_OK;
}

int sim_uart_wire_send(struct sim_uart_wire *wire, const uint8_t *bytes, size_t size) {
    if (size == 0) {
        return DIME_OK;
    }
    int status = make_room(wire, size);
    if (status != DIME_OK) {
        return status;
    }
    memcpy(wire->queue + wire->queued, bytes, size);
    wire->queued += size;
    if (wire->out_frame == 0) {
        start_frame(wire, sim_chip_now(wire->chip));
    }
    return DIME_OK;
}

/* ---- wiring -------------------------------------------------------------------------------------------- */

void sim_uart_wire_attach(struct sim_uart_wire *wire, struct sim_chip *chip, uint32_t baud,
                          const uint32_t tx[2], const uint32_t rx[2], sim_uart_wire_listener *listener,
                          void *context) {
    *wire = (struct sim_uart_wire){
        .chip = chip,
        .baud = baud,
        .listens = {tx[0], tx[1]},
        .drives = {rx[0], rx[1]},
        .listener = listener,
        .context = context,
        .level = 1,
    };
    sim_chip_pin_listen(chip, line_changed, wire);
    drive(wire, 1);
}

void sim_uart_wire_free(struct sim_uart_wire *wire) {
    free(wire->queue);
    *wire = (struct sim_uart_wire){0};
}
