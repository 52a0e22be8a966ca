/* SPDX-License-Identifier: MIT */
/* The core against Unicorn (QEMU's RISC-V) on random programs: registers and memory must be equal at the end
   of each. And the core against itself: whole blocks and single instructions must take the same cycles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "sim/chip.h"

#ifdef DIME_HAVE_UNICORN
#include <unicorn/unicorn.h>
#endif

enum {
    PROGRAMS = 300,
    SLOTS = 120,      /* random instructions in a program */
    ITERATIONS = 100, /* 300 x 120 x 100 = 3.6 million */
    CODE = SIM_FLASH_BASE + 0x100,
    DATA_MIDDLE = SIM_RAM_BASE + 0x400,
    RAM_BYTES = 2048,
    SP = 2,
    BASE = 9,   /* holds DATA_MIDDLE; in reach of compressed loads */
    COUNT = 15, /* iterations left */
};

struct program {
    uint8_t bytes[1024];
    uint32_t size, instructions;
    uint32_t registers[16];
    uint8_t ram[RAM_BYTES];
};

/* ---- random programs ----------------------------------------------------------------------------------- */

static uint32_t pick(struct dime_random *random, uint32_t bound) {
    return dime_random_below(random, bound);
}

/* A register that may be written: not sp, not the base, not the counter. */
static uint32_t any_target(struct dime_random *random) {
    static const uint8_t list[] = {0, 1, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14};
    return list[pick(random, sizeof list)];
}

static uint32_t near_target(struct dime_random *random) { /* of a compressed instruction, less 8 */
    static const uint8_t list[] = {0, 2, 3, 4, 5, 6};
    return list[pick(random, sizeof list)];
}

static uint32_t nonzero_target(struct dime_random *random) {
    uint32_t rd = any_target(random);
    return rd ? rd : 1;
}

static uint32_t any_source(struct dime_random *random) {
    return pick(random, 16);
}

static uint32_t op_imm(struct dime_random *random) {
    uint32_t funct3 = pick(random, 8), imm = pick(random, 4096);
    if (funct3 == 1) imm &= 31;
    if (funct3 == 5) imm = (imm & 31) | (pick(random, 2) ? 0x400 : 0);
    return imm << 20 | any_source(random) << 15 | funct3 << 12 | any_target(random) << 7 | 0x13;
}

static uint32_t op_registers(struct dime_random *random, int multiply) {
    uint32_t funct3 = pick(random, 8), funct7 = 0;
    if ((funct3 == 0 || funct3 == 5) && pick(random, 2)) funct7 = 0x20;
    if (multiply && pick(random, 2)) {
        funct7 = 1;
        funct3 &= 3;
    }
    return funct7 << 25 | any_source(random) << 20 | any_source(random) << 15 | funct3 << 12 |
           any_target(random) << 7 | 0x33;
}

static uint32_t upper(struct dime_random *random) {
    return pick(random, 1u << 20) << 12 | any_target(random) << 7 | (pick(random, 2) ? 0x37u : 0x17u);
}

static uint32_t memory_offset(struct dime_random *random, uint32_t bytes) {
    return (pick(random, 2048 / bytes) * bytes - 1024) & 0xFFF;
}

static uint32_t memory_base(struct dime_random *random) {
    return pick(random, 2) ? SP : BASE;
}

static uint32_t load(struct dime_random *random) {
    static const uint8_t kinds[5] = {0, 1, 2, 4, 5};
    uint32_t kind = kinds[pick(random, 5)], offset = memory_offset(random, 1u << (kind & 3));
    return offset << 20 | memory_base(random) << 15 | kind << 12 | any_target(random) << 7 | 0x03;
}

static uint32_t store(struct dime_random *random) {
    uint32_t kind = pick(random, 3), offset = memory_offset(random, 1u << kind);
    return (offset >> 5) << 25 | any_source(random) << 20 | memory_base(random) << 15 | kind << 12 |
           (offset & 31) << 7 | 0x23;
}

static uint32_t compressed_immediate(struct dime_random *random) {
    uint32_t imm = pick(random, 64), bits = (imm & 32) << 7 | (imm & 31) << 2;
    uint32_t rd = nonzero_target(random);
    switch (pick(random, 3)) {
    case 0:
        return 0x0001 | bits | rd << 7; /* c.addi */
    case 1:
        return 0x4001 | bits | rd << 7; /* c.li */
    default:
        return 0x6001 | (bits ? bits : 4u) | (rd == SP ? 1 : rd) << 7; /* c.lui */
    }
}

static uint32_t compressed_arithmetic(struct dime_random *random) {
    uint32_t rd = near_target(random) << 7, shift = (1 + pick(random, 31)) << 2;
    switch (pick(random, 5)) {
    case 0:
        return 0x8001 | rd | shift; /* c.srli */
    case 1:
        return 0x8401 | rd | shift; /* c.srai */
    case 2:
        return 0x8801 | rd | pick(random, 2) << 12 | pick(random, 32) << 2; /* c.andi */
    case 3:
        return 0x0002 | nonzero_target(random) << 7 | shift; /* c.slli */
    default:
        return 0x8C01 | rd | pick(random, 4) << 5 | pick(random, 8) << 2; /* c.sub .. c.and */
    }
}

static uint32_t compressed_memory(struct dime_random *random) {
    uint32_t imm = pick(random, 8) << 10 | pick(random, 2) << 6 | pick(random, 2) << 5, base = (BASE - 8)
                                                                                               << 7;
    switch (pick(random, 5)) {
    case 0:
        return 0x4000 | imm | base | near_target(random) << 2; /* c.lw */
    case 1:
        return 0xC000 | imm | base | pick(random, 8) << 2; /* c.sw */
    case 2:
        return 0x4002 | nonzero_target(random) << 7 | pick(random, 2) << 12 |
               pick(random, 32) << 2; /* c.lwsp */
    case 3:
        return 0xC002 | pick(random, 64) << 7 | pick(random, 16) << 2; /* c.swsp */
    default:
        return 0x0000 | (1 + pick(random, 255)) << 5 | near_target(random) << 2; /* c.addi4spn */
    }
}

static uint32_t compressed_move(struct dime_random *random) {
    uint32_t rs2 = (1 + pick(random, 15)) << 2;
    return (pick(random, 2) ? 0x8002u : 0x9002u) | nonzero_target(random) << 7 | rs2; /* c.mv, c.add */
}

static uint32_t straight(struct dime_random *random, int multiply) {
    switch (pick(random, 10)) {
    case 0:
        return op_imm(random);
    case 1:
        return op_registers(random, multiply);
    case 2:
        return upper(random);
    case 3:
        return load(random);
    case 4:
        return store(random);
    case 5:
        return compressed_immediate(random);
    case 6:
    case 7:
        return compressed_arithmetic(random);
    case 8:
        return compressed_memory(random);
    default:
        return compressed_move(random);
    }
}

static uint32_t size_of(uint32_t bits) {
    return (bits & 3) == 3 ? 4 : 2;
}

static void put(struct program *program, uint32_t bits) {
    assert_true(program->size + 4 <= sizeof program->bytes);
    memcpy(program->bytes + program->size, &bits, 4);
    program->size += size_of(bits);
    program->instructions++;
}

/* A jump over the next instruction, of `skipped` bytes: always or on a condition, long or compressed. */
static uint32_t jump_over(struct dime_random *random, uint32_t skipped) {
    static const uint8_t conditions[6] = {0, 1, 4, 5, 6, 7};
    uint32_t far = 4 + skipped, close = 2 + skipped;
    switch (pick(random, 4)) {
    case 0:
        return (far & 0x1E) << 7 | any_source(random) << 20 | any_source(random) << 15 |
               (uint32_t)conditions[pick(random, 6)] << 12 | 0x63;
    case 1:
        return (far >> 1) << 21 | any_target(random) << 7 | 0x6F;
    case 2:
        return 0xA001 | (close & 0xE) << 2; /* c.j */
    default:
        return (pick(random, 2) ? 0xC001u : 0xE001u) | (close & 0x18) << 7 | (close & 6) << 2 |
               pick(random, 8) << 7; /* c.beqz, c.bnez */
    }
}

static void put_slot(struct program *program, struct dime_random *random, int multiply) {
    uint32_t bits = straight(random, multiply);
    if (pick(random, 8) == 0) put(program, jump_over(random, size_of(bits)));
    put(program, bits);
}

static void put_loop_end(struct program *program) {
    put(program, 0xFFF78793); /* addi a5,a5,-1 */
    uint32_t o = 0u - program->size;
    put(program,
        0x00079063 | (o >> 12 & 1) << 31 | (o >> 5 & 63) << 25 | (o >> 1 & 15) << 8 | (o >> 11 & 1) << 7);
}

static void generate(struct program *program, uint32_t index, int multiply) {
    struct dime_random random = dime_random_stream(1, 0x53494D, index);
    *program = (struct program){0};
    for (uint32_t i = 0; i < SLOTS; i++) put_slot(program, &random, multiply);
    put_loop_end(program);
    put(program, 0x00100073);
    for (uint32_t i = 1; i < 16; i++) program->registers[i] = (uint32_t)dime_random_next(&random);
    for (uint32_t i = 0; i < RAM_BYTES; i++) program->ram[i] = (uint8_t)dime_random_next(&random);
    program->registers[SP] = program->registers[BASE] = DATA_MIDDLE;
    program->registers[COUNT] = ITERATIONS;
}

/* ---- running them -------------------------------------------------------------------------------------- */

static void start(struct sim_chip *chip, const struct program *program) {
    assert_int_equal(sim_chip_poke(chip, CODE, program->bytes, program->size), program->size);
    assert_int_equal(sim_chip_poke(chip, SIM_RAM_BASE, program->ram, RAM_BYTES), RAM_BYTES);
    sim_chip_reset(chip);
    sim_chip_set_wait_states(chip, 1);
    for (uint32_t i = 1; i < 16; i++) sim_chip_set_register(chip, i, program->registers[i]);
    sim_chip_set_register(chip, 32, CODE);
}

static void run(struct sim_chip *chip, const struct program *program, uint32_t index) {
    const struct sim_limits limits = {UINT64_MAX, UINT64_MAX};
    char text[1024] = "";
    start(chip, program);
    enum sim_stop stop = sim_chip_run(chip, &limits);
    if (stop == SIM_STOP_FAULT) sim_fault_describe(chip, sim_chip_fault(chip), text, sizeof text);
    if (stop != SIM_STOP_EBREAK) fail_msg("program %u ended with %s: %s", index, sim_stop_name(stop), text);
}

static struct sim_chip *make_chip(int multiply) {
    struct sim_chip *chip;
    const struct sim_options options = {multiply ? SIM_CH32V002 : SIM_CH32V003, SIM_FAULT_STOP};
    assert_int_equal(sim_core_create(&chip, &options), 0);
    return chip;
}

#ifdef DIME_HAVE_UNICORN

static uc_engine *make_unicorn(void) {
    uc_engine *unicorn;
    assert_int_equal(uc_open(UC_ARCH_RISCV, UC_MODE_RISCV32, &unicorn), UC_ERR_OK);
    assert_int_equal(uc_mem_map(unicorn, SIM_FLASH_BASE, SIM_FLASH_BYTES, UC_PROT_ALL), UC_ERR_OK);
    assert_int_equal(uc_mem_map(unicorn, SIM_RAM_BASE, 4096, UC_PROT_ALL), UC_ERR_OK);
    return unicorn;
}

static void run_unicorn(uc_engine *unicorn, const struct program *program) {
    assert_int_equal(uc_mem_write(unicorn, CODE, program->bytes, program->size), UC_ERR_OK);
    assert_int_equal(uc_mem_write(unicorn, SIM_RAM_BASE, program->ram, RAM_BYTES), UC_ERR_OK);
    uc_ctl_remove_cache(unicorn, (uint64_t)CODE, (uint64_t)CODE + sizeof program->bytes);
    for (int i = 1; i < 16; i++)
        assert_int_equal(uc_reg_write(unicorn, UC_RISCV_REG_X0 + i, &program->registers[i]), UC_ERR_OK);
    uc_err error = uc_emu_start(unicorn, CODE, CODE + program->size - 4, 0, 0);
    if (error != UC_ERR_OK) fail_msg("unicorn: %s", uc_strerror(error));
}

static void compare(struct sim_chip *chip, uc_engine *unicorn, uint32_t index) {
    uint8_t ours[RAM_BYTES], theirs[RAM_BYTES];
    for (uint32_t i = 0; i < 16; i++) {
        uint32_t value = 0;
        uc_reg_read(unicorn, UC_RISCV_REG_X0 + (int)i, &value);
        if (value != sim_chip_register(chip, i))
            fail_msg("program %u: x%u is 0x%08x, unicorn has 0x%08x", index, i, sim_chip_register(chip, i),
                     value);
    }
    sim_chip_peek(chip, SIM_RAM_BASE, ours, RAM_BYTES);
    uc_mem_read(unicorn, SIM_RAM_BASE, theirs, RAM_BYTES);
    if (memcmp(ours, theirs, RAM_BYTES)) fail_msg("program %u: memory differs", index);
}

static void test_against_unicorn(void **state) {
    (void)state;
    uc_engine *unicorn = make_unicorn();
    uint64_t instructions = 0;
    for (int multiply = 0; multiply < 2; multiply++) {
        struct sim_chip *chip = make_chip(multiply);
        for (uint32_t i = 0; i < PROGRAMS; i++) {
            struct program program;
            generate(&program, i, multiply);
            run(chip, &program, i);
            run_unicorn(unicorn, &program);
            compare(chip, unicorn, i);
            instructions += sim_chip_instructions(chip);
        }
        sim_chip_free(chip);
    }
    uc_close(unicorn);
    printf("%llu instructions like Unicorn\n", (unsigned long long)instructions);
    assert_true(instructions > 2000000);
}

#else

static void test_against_unicorn(void **state) {
    (void)state;
    puts("libunicorn-dev was not there when this was built: the core is not compared with it");
    skip();
}

#endif

static void ignore_before(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction) {
    (void)context, (void)chip, (void)pc, (void)instruction;
}

static void add_cycles(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction,
                       uint64_t cycles) {
    (void)chip, (void)pc, (void)instruction;
    *(uint64_t *)context += cycles;
}

static void test_blocks_take_the_cycles_of_their_instructions(void **state) {
    (void)state;
    struct sim_chip *whole = make_chip(0), *single = make_chip(0);
    for (uint32_t i = 0; i < 20; i++) {
        uint64_t sum = 0;
        const struct sim_observer observer = {&sum, ignore_before, add_cycles, NULL};
        struct program program;
        generate(&program, i, 0);
        run(whole, &program, i);
        sim_chip_observe(single, &observer);
        run(single, &program, i);
        assert_int_equal(sim_chip_instructions(whole), sim_chip_instructions(single));
        assert_int_equal(sim_chip_now(whole), sim_chip_now(single));
        assert_in_range(sim_chip_now(single) - sum, 0, 16); /* before the first, and inside the last */
    }
    sim_chip_free(whole);
    sim_chip_free(single);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_unicorn),
        cmocka_unit_test(test_blocks_take_the_cycles_of_their_instructions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
