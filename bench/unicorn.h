/* SPDX-License-Identifier: MIT */
/* Unicorn as something to compare the simulated core with: flash and SRAM of the chip, and a hook on each
   block that adds a number to a counter, the least that could count cycles. */
#ifndef DIME_BENCH_UNICORN_H
#define DIME_BENCH_UNICORN_H

#include <stdint.h>

struct bench_unicorn;

/* flash: SIM_FLASH_BYTES, also seen at 0. NULL where libunicorn-dev was not there when this was built. */
struct bench_unicorn *bench_unicorn_create(const uint8_t *flash);
void bench_unicorn_free(struct bench_unicorn *unicorn);
/* Writes `size` bytes of SRAM from its start, and registers x1..x15 from registers[1..15]. */
void bench_unicorn_set(struct bench_unicorn *unicorn, const uint8_t *ram, uint32_t size,
                       const uint32_t *registers);
/* Runs from `begin` until pc is `end`; ends the program where Unicorn reports an error. */
void bench_unicorn_run(struct bench_unicorn *unicorn, uint32_t begin, uint32_t end);

#endif
