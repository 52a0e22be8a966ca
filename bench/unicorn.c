/* SPDX-License-Identifier: MIT */
#include "unicorn.h"

#include <stddef.h>

#ifdef DIME_HAVE_UNICORN

#include <stdio.h>
#include <stdlib.h>

#include "sim/chip.h"

#include <unicorn/unicorn.h>

enum { PERIPHERALS = 0x40000000, PERIPHERAL_BYTES = 0x30000, PRIVATE = 0xE0000000, PRIVATE_BYTES = 0x10000 };

struct bench_unicorn {
    uc_engine *engine;
    uint64_t cycles;
    uint32_t block_cycles[SIM_FLASH_BYTES / 2];
};

static void on_block(uc_engine *engine, uint64_t address, uint32_t size, void *context) {
    (void)engine, (void)size;
    struct bench_unicorn *unicorn = context;
    unicorn->cycles += unicorn->block_cycles[address % SIM_FLASH_BYTES / 2];
}

static void must(uc_err error) {
    if (error == UC_ERR_OK) return;
    fprintf(stderr, "bench: Unicorn says: %s\n", uc_strerror(error));
    exit(1);
}

static void map(uc_engine *engine, uint64_t base, uint32_t size, uint32_t permissions, const uint8_t *bytes) {
    must(uc_mem_map(engine, base, size, permissions));
    if (bytes) must(uc_mem_write(engine, base, bytes, size));
}

struct bench_unicorn *bench_unicorn_create(const uint8_t *flash) {
    struct bench_unicorn *unicorn = calloc(1, sizeof *unicorn);
    uc_hook hook;
    if (!unicorn) {
        fputs("bench: out of memory\n", stderr);
        exit(1);
    }
    must(uc_open(UC_ARCH_RISCV, UC_MODE_RISCV32, &unicorn->engine));
    map(unicorn->engine, 0, SIM_FLASH_BYTES, UC_PROT_READ | UC_PROT_EXEC, flash);
    map(unicorn->engine, SIM_FLASH_BASE, SIM_FLASH_BYTES, UC_PROT_READ | UC_PROT_EXEC, flash);
    map(unicorn->engine, SIM_RAM_BASE, 4096, UC_PROT_ALL, NULL);
    map(unicorn->engine, PERIPHERALS, PERIPHERAL_BYTES, UC_PROT_ALL, NULL);
    map(unicorn->engine, PRIVATE, PRIVATE_BYTES, UC_PROT_ALL, NULL);
    must(uc_hook_add(unicorn->engine, &hook, UC_HOOK_BLOCK, (void *)(uintptr_t)on_block, unicorn, 1, 0));
    return unicorn;
}

void bench_unicorn_free(struct bench_unicorn *unicorn) {
    uc_close(unicorn->engine);
    free(unicorn);
}

void bench_unicorn_set(struct bench_unicorn *unicorn, const uint8_t *ram, uint32_t size,
                       const uint32_t *registers) {
    must(uc_mem_write(unicorn->engine, SIM_RAM_BASE, ram, size));
    for (int i = 1; i < 16; i++) must(uc_reg_write(unicorn->engine, UC_RISCV_REG_X0 + i, &registers[i]));
}

void bench_unicorn_run(struct bench_unicorn *unicorn, uint32_t begin, uint32_t end) {
    must(uc_emu_start(unicorn->engine, begin, end, 0, 0));
}

#else

struct bench_unicorn *bench_unicorn_create(const uint8_t *flash) {
    (void)flash;
    return NULL;
}

void bench_unicorn_free(struct bench_unicorn *unicorn) {
    (void)unicorn;
}

void bench_unicorn_set(struct bench_unicorn *unicorn, const uint8_t *ram, uint32_t size,
                       const uint32_t *registers) {
    (void)unicorn, (void)ram, (void)size, (void)registers;
}

void bench_unicorn_run(struct bench_unicorn *unicorn, uint32_t begin, uint32_t end) {
    (void)unicorn, (void)begin, (void)end;
}

#endif
