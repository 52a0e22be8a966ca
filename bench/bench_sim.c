/* SPDX-License-Identifier: MIT */
/* The simulated chip's speed, with cycle counting, on a multiplication by shifts and additions and a dot
   product over SRAM; and Unicorn's with a hook on each block, the least that could count cycles, on the same
   code. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "sim/chip.h"
#include "unicorn.h"

enum { CODE = SIM_FLASH_BASE, DATA = SIM_RAM_BASE };

/* outer: a3 = 16 elements: a0 += product(lb a1, lb a2); a4 rounds. The product: shift and add, 8 steps. */
static const uint32_t product[] = {
    0x01000693, /* outer: li a3,16 */
    0x20000437, /* lui s0,0x20000 */
    0x00040583, /* inner: lb a1,0(s0) */
    0x01044603, /* lbu a2,16(s0) */
    0x00800313, /* li t1,8 */
    0x00167793, /* step: andi a5,a2,1 */
    0x00078463, /* beqz a5,skip */
    0x00B50533, /* add a0,a0,a1 */
    0x00159593, /* skip: slli a1,a1,1 */
    0x00165613, /* srli a2,a2,1 */
    0xFFF30313, /* addi t1,t1,-1 */
    0xFE0314E3, /* bnez t1,step */
    0x00140413, /* addi s0,s0,1 */
    0xFFF68693, /* addi a3,a3,-1 */
    0xFC0698E3, /* bnez a3,inner */
    0x00A42023, /* sw a0,0(s0), at an aligned place */
    0xFFF70713, /* addi a4,a4,-1 */
    0xFA071EE3, /* bnez a4,outer */
    0x00100073, /* ebreak */
};

/* A dot product with binary weights, one bit each: the innermost loop of a network. */
static const uint32_t binary[] = {
    0x02000693, /* outer: li a3,32 */
    0x20000437, /* lui s0,0x20000 */
    0x00042583, /* lw a1,0(s0) */
    0x00040603, /* weight: lb a2,0(s0) */
    0x0005D463, /* bgez a1,plus */
    0x40C00633, /* neg a2,a2 */
    0x00C50533, /* plus: add a0,a0,a2 */
    0x00159593, /* slli a1,a1,1 */
    0x00140413, /* addi s0,s0,1 */
    0xFFF68693, /* addi a3,a3,-1 */
    0xFE0692E3, /* bnez a3,weight */
    0xFFF70713, /* addi a4,a4,-1 */
    0xFC0718E3, /* bnez a4,outer */
    0x00100073, /* ebreak */
};

/* Words copied: every fifth instruction a store. */
static const uint32_t copy[] = {
    0x00800693, /* outer: li a3,8 */
    0x20000437, /* lui s0,0x20000 */
    0x00042583, /* word: lw a1,0(s0) */
    0x04B42023, /* sw a1,64(s0) */
    0x00440413, /* addi s0,s0,4 */
    0xFFF68693, /* addi a3,a3,-1 */
    0xFE0698E3, /* bnez a3,word */
    0xFFF70713, /* addi a4,a4,-1 */
    0xFE0710E3, /* bnez a4,outer */
    0x00100073, /* ebreak */
};

static const struct {
    const char *name;
    const uint32_t *words;
    uint32_t bytes;
    uint32_t rounds;
} programs[] = {
    {"binary dot product", binary, sizeof binary, 100000},
    {"product by shifts and additions", product, sizeof product, 20000},
    {"copy of words", copy, sizeof copy, 200000},
};

static uint32_t which; /* of the programs */
static uint64_t instructions;

static void run_chip(void *context) {
    struct sim_chip *chip = context;
    const struct sim_limits limits = {UINT64_MAX, UINT64_MAX};
    sim_chip_reset(chip);
    sim_chip_set_wait_states(chip, 1);
    sim_chip_set_register(chip, 14, programs[which].rounds);
    if (sim_chip_run(chip, &limits) != SIM_STOP_EBREAK) abort();
    instructions = sim_chip_instructions(chip);
}

static struct sim_chip *make_chip(const uint8_t *data) {
    struct sim_chip *chip;
    if (sim_core_create(&chip, NULL)) abort();
    sim_chip_poke(chip, CODE, programs[which].words, programs[which].bytes);
    sim_chip_poke(chip, DATA, data, 32);
    return chip;
}

struct rival {
    struct bench_unicorn *unicorn;
    uint32_t registers[16];
    uint8_t data[32];
};

static void run_unicorn(void *context) {
    struct rival *rival = context;
    bench_unicorn_set(rival->unicorn, rival->data, sizeof rival->data, rival->registers);
    bench_unicorn_run(rival->unicorn, CODE, CODE + programs[which].bytes - 4);
}

static void compare(const struct sim_chip *chip, const uint8_t *data, double seconds) {
    struct rival rival = {.unicorn = bench_unicorn_create(sim_chip_flash(chip))};
    if (!rival.unicorn) {
        puts("  libunicorn-dev was not there when this was built: nothing to compare with");
        return;
    }
    rival.registers[14] = programs[which].rounds;
    memcpy(rival.data, data, sizeof rival.data);
    double theirs = bench_run("unicorn, hook on each block", run_unicorn, &rival, (double)instructions / 1e6,
                              "M instructions");
    bench_ratio("unicorn", theirs, seconds);
    bench_unicorn_free(rival.unicorn);
}

static void run_program(const uint8_t *data) {
    struct sim_chip *chip = make_chip(data);
    run_chip(chip);
    printf("  %s\n", programs[which].name);
    double seconds = bench_run("simulated chip, all cycles counted", run_chip, chip,
                               (double)instructions / 1e6, "M instructions");
    compare(chip, data, seconds);
    sim_chip_free(chip);
}

int main(void) {
    uint8_t *data = bench_random_bytes(1, 32);
    for (which = 0; which < sizeof programs / sizeof *programs; which++) run_program(data);
    free(data);
    return 0;
}
