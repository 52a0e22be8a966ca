/* SPDX-License-Identifier: MIT */
/* The cycle model against loops measured on hardware (tests/data/timing-vectors.tsv). With
   DIME_SHOW_RESIDUALS set, prints every loop that is not exact: the table in docs/simulator.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/chip.h"

enum {
    LOOP_OFFSET = 64,
    ITERATIONS = 64,
    GPIO_BASE = 0x40011000,
    DATA_ADDRESS = SIM_RAM_BASE + 0x600,
    FLASH_DATA = SIM_FLASH_BASE + 0x2000,
    X_COUNT = 15,
    X_DATA = 11,
    X_GPIO = 12,
    X_FLASH = 13,
};

struct vector {
    char set[4], name[64], body[64], where[16];
    int end, wait_states, cycles;
};

struct code {
    uint8_t bytes[512];
    size_t size;
    uint32_t instructions;
};

static void put(struct code *code, uint32_t bits) {
    size_t size = (bits & 3) == 3 ? 4 : 2;
    assert_true(code->size + size <= sizeof code->bytes);
    memcpy(code->bytes + code->size, &bits, size);
    code->size += size;
    code->instructions++;
}

static uint32_t encoding(char letter) {
    switch (letter) {
    case 'c':
        return 0x0001;
    case 'n':
        return 0x00000013;
    case 'l':
        return 0x4198; /* c.lw a4,0(a1) */
    case 'L':
        return 0x0005A703; /* lw a4,0(a1) */
    case 's':
        return 0xC198; /* c.sw a4,0(a1) */
    case 'S':
        return 0x00E5A023; /* sw a4,0(a1) */
    case 'g':
        return 0xC218; /* c.sw a4,0(a2) */
    case 'f':
        return 0x4298; /* c.lw a4,0(a3) */
    case 'i':
        return 0x01F4F713; /* andi a4,s1,31 */
    default:
        fail_msg("unknown letter %c", letter);
        return 0;
    }
}

static void put_body(struct code *code, const char *body) {
    for (const char *at = body; *at;) {
        char letter = *at++, *rest;
        long count = strtol(at, &rest, 10);
        if (rest == at) count = 1;
        if (letter != ' ' && letter != '-')
            for (long i = 0; i < count; i++) put(code, encoding(letter));
        if (letter != ' ') at = rest;
        while (*at == ' ') at++;
    }
}

static uint32_t branch_back(int32_t offset) {
    uint32_t o = (uint32_t)offset;
    return 0x00079063 | (o >> 12 & 1) << 31 | (o >> 5 & 63) << 25 | (o >> 1 & 15) << 8 | (o >> 11 & 1) << 7;
}

static uint32_t c_branch_back(int32_t offset) {
    uint32_t o = (uint32_t)offset;
    return 0xE381 | (o >> 8 & 1) << 12 | (o >> 3 & 3) << 10 | (o >> 6 & 3) << 5 | (o >> 1 & 3) << 3 |
           (o >> 5 & 1) << 2;
}

static void build(struct code *code, const struct vector *vector) {
    *code = (struct code){0};
    put_body(code, vector->body);
    put(code, vector->end == 32 ? 0xFFF78793 : 0x17FD); /* addi a5,a5,-1 */
    int32_t offset = -(int32_t)code->size;
    put(code, vector->end == 32 ? branch_back(offset) : c_branch_back(offset));
}

static uint32_t gpio_read(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes) {
    (void)chip, (void)state, (void)offset, (void)bytes;
    return 0;
}

static void gpio_write(struct sim_chip *chip, void *state, uint32_t offset, uint32_t bytes, uint32_t value) {
    (void)chip, (void)state, (void)offset, (void)bytes, (void)value;
}

static struct sim_chip *chip_with(const struct code *code, const struct vector *vector) {
    static const struct sim_device gpio = {
        .name = "GPIO", .base = GPIO_BASE, .size = 0x400, .read = gpio_read, .write = gpio_write};
    struct sim_chip *chip;
    assert_int_equal(sim_core_create(&chip, NULL), 0);
    assert_int_equal(sim_chip_attach(chip, &gpio, NULL), 0);
    uint32_t base = (strcmp(vector->where, "sram") ? SIM_FLASH_BASE : SIM_RAM_BASE) + LOOP_OFFSET;
    assert_int_equal(sim_chip_poke(chip, base, code->bytes, code->size), code->size);
    sim_chip_reset(chip);
    sim_chip_set_wait_states(chip, (uint32_t)vector->wait_states);
    sim_chip_set_register(chip, X_COUNT, 1000000);
    sim_chip_set_register(chip, X_DATA, DATA_ADDRESS);
    sim_chip_set_register(chip, X_GPIO, GPIO_BASE);
    sim_chip_set_register(chip, X_FLASH, FLASH_DATA);
    sim_chip_set_register(chip, 32, base);
    return chip;
}

/* Cycles for ITERATIONS iterations, after some that let the loop settle. */
static uint64_t measure(const struct vector *vector) {
    struct code code;
    build(&code, vector);
    struct sim_chip *chip = chip_with(&code, vector);
    struct sim_limits limits = {UINT64_MAX, 16 * (uint64_t)code.instructions};
    assert_int_equal(sim_chip_run(chip, &limits), SIM_STOP_CYCLES);
    uint64_t start = sim_chip_now(chip);
    limits.instructions += ITERATIONS * (uint64_t)code.instructions;
    assert_int_equal(sim_chip_run(chip, &limits), SIM_STOP_CYCLES);
    uint64_t cycles = sim_chip_now(chip) - start;
    sim_chip_free(chip);
    return cycles;
}

static int read_vector(FILE *file, struct vector *vector) {
    char line[256];
    while (fgets(line, sizeof line, file)) {
        if (*line == '#') continue;
        assert_int_equal(sscanf(line, "%3[^\t]\t%63[^\t]\t%63[^\t]\t%d\t%15[^\t]\t%d\t%d", vector->set,
                                vector->name, vector->body, &vector->end, vector->where, &vector->wait_states,
                                &vector->cycles),
                         7);
        return 1;
    }
    return 0;
}

struct tally {
    int loops, exact, worst;
};

static void count(struct tally *tally, const struct vector *vector) {
    uint64_t cycles = measure(vector);
    int64_t difference = (int64_t)cycles - (int64_t)ITERATIONS * vector->cycles;
    int off = (int)(llabs(difference) / ITERATIONS);
    tally->loops++;
    if (!difference) tally->exact++;
    if (difference && !off) off = 1;
    if (off > tally->worst) tally->worst = off;
    if (difference && getenv("DIME_SHOW_RESIDUALS"))
        printf("| %s | %s | %s | %d | %d | %.2f | %+.2f |\n", vector->set, vector->name, vector->where,
               vector->wait_states, vector->cycles, (double)cycles / ITERATIONS,
               (double)difference / ITERATIONS);
}

static void tally_sets(const char *sets, struct tally *tally) {
    FILE *file = fopen("tests/data/timing-vectors.tsv", "r");
    struct vector vector;
    assert_non_null(file);
    while (read_vector(file, &vector))
        if (strchr(sets, vector.set[0])) count(tally, &vector);
    fclose(file);
    printf("sets %s: %d loops, %d exact, worst %d cycles\n", sets, tally->loops, tally->exact, tally->worst);
}

static void test_measured_loops(void **state) {
    (void)state;
    struct tally tally = {0};
    tally_sets("AB", &tally);
    assert_int_equal(tally.loops, 61);
    assert_true(tally.exact >= 54);
    assert_true(tally.worst <= 2);
}

static void test_loops_held_out(void **state) {
    (void)state;
    struct tally tally = {0};
    tally_sets("C", &tally);
    assert_int_equal(tally.loops, 40);
    assert_true(tally.exact >= 39);
    assert_true(tally.worst <= 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measured_loops),
        cmocka_unit_test(test_loops_held_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
