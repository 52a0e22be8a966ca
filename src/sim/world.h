/* SPDX-License-Identifier: MIT */
/* Several chips in one time. Each runs on its own for a slice of 20 us, in the order in which they were
   added; what one sends to another arrives a slice later at the earliest, at its exact time. So a run does
   not depend on how the chips' slices fall, and two runs are the same in every cycle.

   Time is in picoseconds. Each chip's cycles are counted in it by HCLK as it is at the beginning of a slice:
   at a change of clock (start-up) a chip may be off by less than a slice, the same way each time. */
#ifndef DIME_SIM_WORLD_H
#define DIME_SIM_WORLD_H

#include <stdint.h>

#include "sim/chip.h"
#include "sim/serial_wire.h"

enum { SIM_WORLD_CHIPS = 4, SIM_WORLD_WIRES = 8 };
#define SIM_WORLD_SLICE UINT64_C(20000000) /* ps */
#define SIM_WORLD_MS UINT64_C(1000000000)

struct sim_world_chip {
    struct sim_world *world;
    struct sim_chip *chip;
    int32_t ppm;        /* its oscillator is off by that much: -30000 .. 30000 */
    uint64_t hz;        /* in this slice, ppm included, in 1/1000 Hz */
    uint64_t cycle;     /* at the beginning of the slice */
    uint64_t time;      /* the same in ps: the slice's begin, or up to a cycle later */
    enum sim_stop stop; /* of the last slice; SIM_STOP_CYCLES while it goes on */
    int over;           /* it has ended: ebreak, loop, fault */
};

struct sim_world {
    struct sim_world_chip chips[SIM_WORLD_CHIPS];
    uint32_t chip_count;
    struct sim_serial_wire *wires[SIM_WORLD_WIRES];
    struct sim_world_chip *receivers[SIM_WORLD_WIRES];
    uint32_t wire_count;
    uint64_t time; /* ps since power-on */
};

/* All chips are reset and wired before the first run; they stay the caller's. At most SIM_WORLD_CHIPS. */
struct sim_world_chip *sim_world_add(struct sim_world *world, struct sim_chip *chip, int32_t ppm);
/* Carries bytes between two chips of this world; the wire's time_of is set. At most SIM_WORLD_WIRES. */
void sim_world_wire(struct sim_world *world, struct sim_serial_wire *wire, struct sim_world_chip *from,
                    struct sim_pin tx, struct sim_world_chip *to, struct sim_pin rx, uint32_t baud);
/* Runs one slice. Returns 0, or 1 when every chip is over; negative dime_error: MEMORY. */
int sim_world_run(struct sim_world *world);
/* The time of a chip's cycle in this slice or the one before. */
uint64_t sim_world_time_of(const struct sim_world_chip *chip, uint64_t cycle);
/* The chip's first cycle at or after a time, which is not before this slice. */
uint64_t sim_world_cycle_of(const struct sim_world_chip *chip, uint64_t time);

#endif
