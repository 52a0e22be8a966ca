/* SPDX-License-Identifier: MIT */
#include "sim/world.h"

#include "base/error.h"

enum { ORDER = SIM_ORDER_OUTSIDE + 10, MILLIHERTZ = 1000, MILLION = 1000000 };
#define PS_A_SECOND UINT64_C(1000000000000)

/* ---- time ---------------------------------------------------------------------------------------------- */

/* A slice has at most 1000 cycles and a run between two slices a few more, so that with up to 2^36 mHz
 * 128 bits are far more than enough; 64 are not. */
uint64_t sim_world_time_of(const struct sim_world_chip *chip, uint64_t cycle) {
    if (cycle < chip->cycle) return chip->time;
    unsigned __int128 ps = (unsigned __int128)(cycle - chip->cycle) * PS_A_SECOND * MILLIHERTZ / chip->hz;
    return chip->time + (uint64_t)ps;
}

uint64_t sim_world_cycle_of(const struct sim_world_chip *chip, uint64_t time) {
    if (time <= chip->time) return chip->cycle;
    const unsigned __int128 unit = (unsigned __int128)PS_A_SECOND * MILLIHERTZ;
    return chip->cycle + (uint64_t)(((unsigned __int128)(time - chip->time) * chip->hz + unit - 1) / unit);
}

static uint64_t wire_time(void *context, uint64_t cycle) {
    return sim_world_time_of(context, cycle) + SIM_WORLD_SLICE;
}

/* ---- building ------------------------------------------------------------------------------------------ */

struct sim_world_chip *sim_world_add(struct sim_world *world, struct sim_chip *chip, int32_t ppm) {
    struct sim_world_chip *added = &world->chips[world->chip_count++];
    *added = (struct sim_world_chip){.world = world, .chip = chip, .ppm = ppm, .stop = SIM_STOP_CYCLES};
    return added;
}

void sim_world_wire(struct sim_world *world, struct sim_serial_wire *wire, struct sim_world_chip *from,
                    struct sim_pin tx, struct sim_world_chip *to, struct sim_pin rx, uint32_t baud) {
    wire->time_of = wire_time;
    wire->time_context = from;
    world->receivers[world->wire_count] = to;
    world->wires[world->wire_count++] = wire;
    sim_serial_wire_attach(wire, from->chip, tx, to->chip, rx, baud);
}

/* ---- running ------------------------------------------------------------------------------------------- */

/* A chip that sleeps must find something to wake for at the end of its slice. */
static void nothing(struct sim_chip *chip, void *state) {
    (void)chip, (void)state;
}

static void deliver_due(struct sim_chip *chip, void *state);

/* The next byte of the wire is due in this slice: at its own cycle. */
static void schedule_delivery(struct sim_serial_wire *wire, const struct sim_world_chip *to) {
    uint64_t next = sim_serial_wire_next(wire);
    if (next >= to->world->time + SIM_WORLD_SLICE) return;
    sim_chip_schedule(to->chip, sim_world_cycle_of(to, next), ORDER, deliver_due, wire);
}

static struct sim_world_chip *receiver_of(struct sim_world *world, const struct sim_serial_wire *wire) {
    uint32_t i = 0;
    while (world->wires[i] != wire) i++;
    return world->receivers[i];
}

/* Where there is no memory the byte is lost, and counted. */
static void deliver_due(struct sim_chip *chip, void *state) {
    (void)chip;
    struct sim_serial_wire *wire = state;
    struct sim_world *world = ((struct sim_world_chip *)wire->time_context)->world;
    if (sim_serial_wire_deliver(wire)) wire->lost++;
    schedule_delivery(wire, receiver_of(world, wire));
}

static void begin_slice(struct sim_world *world, struct sim_world_chip *chip) {
    uint64_t cycle = sim_chip_now(chip->chip);
    uint64_t clock = sim_chip_clock(chip->chip);
    chip->time = chip->hz ? sim_world_time_of(chip, cycle) : world->time;
    if (chip->time < world->time || chip->time > world->time + SIM_WORLD_SLICE) chip->time = world->time;
    chip->cycle = cycle;
    chip->hz = clock * MILLIHERTZ + (uint64_t)((int64_t)clock * chip->ppm * MILLIHERTZ / MILLION);
    for (uint32_t i = 0; i < world->wire_count; i++)
        if (world->receivers[i] == chip) schedule_delivery(world->wires[i], chip);
}

static void run_slice(struct sim_world *world, struct sim_world_chip *chip) {
    uint64_t end = sim_world_cycle_of(chip, world->time + SIM_WORLD_SLICE);
    const struct sim_limits limits = {.cycles = end, .instructions = UINT64_MAX};
    if (end <= sim_chip_now(chip->chip)) return;
    sim_chip_schedule(chip->chip, end, ORDER + 1, nothing, chip);
    chip->stop = sim_chip_run(chip->chip, &limits);
    chip->over = chip->stop != SIM_STOP_CYCLES && chip->stop != SIM_STOP_SLEEP;
}

int sim_world_run(struct sim_world *world) {
    uint32_t over = 0;
    for (uint32_t i = 0; i < world->chip_count; i++) {
        struct sim_world_chip *chip = &world->chips[i];
        over += (uint32_t)chip->over;
        if (chip->over) continue;
        begin_slice(world, chip);
        run_slice(world, chip);
    }
    world->time += SIM_WORLD_SLICE;
    return over == world->chip_count;
}
