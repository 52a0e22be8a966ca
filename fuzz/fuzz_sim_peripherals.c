/* SPDX-License-Identifier: MIT */
/* A program may do anything to the registers, in any order: the simulator neither crashes nor hangs. Each
   eight bytes of input are one access (kind, block, offset, width, value), a stretch of time, or something
   from outside. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/chip.h"
#include "sim/peripherals.h"

enum { STEPS_MOST = 512, ADVANCE_MOST = 1 << 14 };

static const uint32_t blocks[] = {
    0x40021000, 0x40022000, 0x40010000, 0x40010400, 0x40010800, 0x40011000, 0x40011400,
    0x40013800, 0x40020000, 0x40012C00, 0x40000000, 0x40005400, 0x40003000, 0x40002C00,
    0xE000E000, 0xE000E100, 0xE000E400, 0xE000ED00, 0xE000F000, 0x1FFFF7C0, 0x1FFFF800,
    0x08003000, 0x20000400, 0xE00000F4, 0x40012400,
};

static int start(void *context, int reading) {
    (void)context;
    return reading >= 0;
}

static int write_byte(void *context, uint8_t byte) {
    (void)context;
    return byte != 0xEE;
}

static uint8_t read_byte(void *context) {
    (void)context;
    return 0x5A;
}

static void ignore_done(void *context, int acknowledged) {
    (void)context, (void)acknowledged;
}

static int endless_source(void *context, uint64_t cycle) {
    (void)context;
    return (int)(cycle & 0xFF);
}

/* An endless loop of jumps in SRAM, so that time goes on. */
static void start_loop(struct sim_chip *chip) {
    static const uint8_t loop[] = {0x01, 0x00, 0x01, 0x00,
                                   0x01, 0x00, 0xED, 0xBF}; /* c.nop three times, c.j back */
    sim_chip_poke(chip, SIM_RAM_BASE, loop, sizeof loop);
    sim_chip_poke(chip, SIM_FLASH_BASE, loop, sizeof loop);
}

static void access_register(struct sim_chip *chip, const uint8_t *op) {
    uint32_t width = 1U << op[3] % 3, value;
    memcpy(&value, op + 4, 4);
    uint32_t address = blocks[op[1] % (sizeof blocks / sizeof *blocks)] + (op[2] & ~(width - 1));
    if (op[0] & 1) {
        sim_chip_bus_write(chip, address, width, value);
    } else {
        sim_chip_bus_read(chip, address, width, &value);
    }
}

static void act_outside(struct sim_chip *chip, const uint8_t *op, uint8_t *bytes) {
    struct sim_i2c_transfer transfer = {op[4] & 0x7F, op[5] & 1, bytes, 1 + op[6] % 4, 16, NULL, ignore_done};
    if (op[3] & 1) {
        sim_i2c_master(chip, &transfer);
    } else {
        sim_chip_pin_drive(chip, op[1] % 4, op[2] % 9, op[4] % 5);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sim_chip *chip;
    uint8_t bytes[4] = {0};
    struct sim_i2c_target target = {NULL, 0x21, start, write_byte, read_byte, NULL};
    if (sim_ch32v003_create(&chip, NULL) != 0) {
        return 0;
    }
    start_loop(chip);
    sim_chip_byte_source(chip, SIM_CHANNEL_UART, endless_source, NULL);
    sim_i2c_attach(chip, &target);
    sim_chip_reset(chip);
    for (size_t step = 0; step < STEPS_MOST && size >= 8 * (step + 1); step++) {
        const uint8_t *op = data + 8 * step;
        if (op[0] % 8 == 7) {
            uint64_t cycles = (uint64_t)(op[4] | op[5] << 8) % ADVANCE_MOST;
            struct sim_limits limits = {sim_chip_now(chip) + cycles, UINT64_MAX};
            sim_chip_run(chip, &limits);
        } else if (op[0] % 8 == 6) {
            act_outside(chip, op, bytes);
        } else {
            access_register(chip, op);
        }
    }
    sim_chip_free(chip);
    return 0;
}
