/* SPDX-License-Identifier: MIT */
/* Every peripheral of the simulated chip at its registers, against numbers worked out by hand. The chip runs
   nothing but c.nop, so that its time goes on; an event is seen at most a jump after it is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/chip.h"
#include "sim/peripherals.h"

enum {
    RCC = 0x40021000,
    FLASH = 0x40022000,
    GPIOA = 0x40010800,
    GPIOC = 0x40011000,
    GPIOD = 0x40011400,
    AFIO = 0x40010000,
    EXTI = 0x40010400,
    USART1 = 0x40013800,
    DMA1 = 0x40020000,
    TIM1 = 0x40012C00,
    TIM2 = 0x40000000,
    I2C1 = 0x40005400,
    IWDG = 0x40003000,
    WWDG = 0x40002C00,
    RAM = 0x20000000,
};
#define PFIC 0xE000E000U
#define SYSTICK 0xE000F000U
#define DMDATA 0xE00000F4U

enum {
    SLACK = 8,             /* cycles that an event may be late: the length of the sled's jump */
    SLED_BYTES = 12 * 1024 /* flash above it is free for tests */
};

/* ---- a chip without program ---------------------------------------------------------------------------- */

enum { RECORDS = 64 };
struct bench {
    struct sim_chip *chip;
    char reports[4096];
    uint8_t bytes[RECORDS];
    uint64_t byte_cycles[RECORDS];
    size_t byte_count;
    struct {
        uint64_t cycle;
        int level;
    } edges[RECORDS];
    size_t edge_count;
    uint32_t watched_port, watched_pin;
    const char *input;
};

static void on_report(void *context, const char *device, uint32_t address, const char *what, uint32_t pc) {
    struct bench *bench = context;
    (void)address, (void)pc;
    size_t used = strlen(bench->reports);
    snprintf(bench->reports + used, sizeof bench->reports - used, "%s: %s\n", device, what);
}

static void on_byte(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    struct bench *bench = context;
    (void)channel;
    if (bench->byte_count < RECORDS) {
        bench->byte_cycles[bench->byte_count] = cycle;
        bench->bytes[bench->byte_count++] = byte;
    }
}

static void on_pin(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct bench *bench = context;
    if (port == bench->watched_port && number == bench->watched_pin && bench->edge_count < RECORDS) {
        bench->edges[bench->edge_count].cycle = cycle;
        bench->edges[bench->edge_count++].level = level;
    }
}

static int next_input(void *context, uint64_t cycle) {
    struct bench *bench = context;
    (void)cycle;
    return *bench->input ? (uint8_t)*bench->input++ : -1;
}

static void poke_sled(struct sim_chip *chip, uint32_t address, uint32_t size) {
    uint8_t nop[2] = {0x01, 0x00};
    for (uint32_t at = 0; at < size - 4; at += 2) {
        assert_int_equal(sim_chip_poke(chip, address + at, nop, 2), 2);
    }
    /* jal x0, -(size - 4): imm[20|10:1|11|19:12] */
    uint32_t imm = (uint32_t) - (int32_t)(size - 4);
    uint32_t jump = 0x6F | (imm >> 12 & 0xFF) << 12 | (imm >> 11 & 1) << 20 | (imm >> 1 & 0x3FF) << 21 |
                    (imm >> 20 & 1) << 31;
    assert_int_equal(sim_chip_poke(chip, address + size - 4, &jump, 4), 4);
}

static int setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    *state = bench;
    assert_int_equal(sim_ch32v003_create(&bench->chip, NULL), 0);
    sim_chip_unmodelled_listen(bench->chip, on_report, bench);
    assert_int_equal(sim_chip_byte_listen(bench->chip, on_byte, bench), 0);
    sim_chip_pin_listen(bench->chip, on_pin, bench);
    bench->input = "";
    sim_chip_byte_source(bench->chip, SIM_CHANNEL_UART, next_input, bench);
    sim_chip_byte_source(bench->chip, SIM_CHANNEL_DEBUG, next_input, bench);
    poke_sled(bench->chip, SIM_FLASH_BASE, SLED_BYTES);
    sim_chip_reset(bench->chip);
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    sim_chip_free(bench->chip);
    free(bench);
    return 0;
}

static uint32_t peek(struct bench *bench, uint32_t address) {
    uint32_t value = 0;
    assert_int_equal(sim_chip_bus_read(bench->chip, address, 4, &value), 0);
    return value;
}

static void poke(struct bench *bench, uint32_t address, uint32_t value) {
    assert_int_equal(sim_chip_bus_write(bench->chip, address, 4, value), 0);
}

static void advance(struct bench *bench, uint64_t cycles) {
    struct sim_limits limits = {.cycles = sim_chip_now(bench->chip) + cycles, .instructions = UINT64_MAX};
    assert_int_equal(sim_chip_run(bench->chip, &limits), SIM_STOP_CYCLES);
}

/* What happened at `cycle` was due at `due`. */
static void assert_due(uint64_t cycle, uint64_t due) {
    assert_in_range(cycle, due, due + SLACK);
}

static void assert_reported(const struct bench *bench, const char *text) {
    if (strstr(bench->reports, text) == NULL) {
        print_error("not reported: %s\nreports:\n%s", text, bench->reports);
        fail();
    }
}

static void assert_silent(const struct bench *bench) {
    assert_string_equal(bench->reports, "");
}

static void enable_clocks(struct bench *bench) {
    poke(bench, RCC + 0x14, 0x15);       /* DMA1, SRAM, flash interface */
    poke(bench, RCC + 0x18, 0x00005E3D); /* AFIO, ports, TIM1, USART1 ... */
    poke(bench, RCC + 0x1C, 0x00200801); /* TIM2, WWDG, I2C1 */
}

static void go_48mhz(struct bench *bench) {
    poke(bench, FLASH + 0x00, 1);
    poke(bench, RCC + 0x04, 0);          /* HPRE off */
    poke(bench, RCC + 0x00, 0x01000081); /* PLLON, HSION */
    advance(bench, 24000);               /* 1 ms at 24 MHz: locked */
    assert_true(peek(bench, RCC) & 1 << 25);
    poke(bench, RCC + 0x04, 2);
}

/* ---- RCC ----------------------------------------------------------------------------------------------- */

static void test_reset_values(void **state) {
    struct bench *bench = *state;
    assert_int_equal(sim_chip_clock(bench->chip), 8000000);
    assert_int_equal(peek(bench, RCC + 0x00), 0x83);
    assert_int_equal(peek(bench, RCC + 0x04), 0x20);
    assert_int_equal(peek(bench, RCC + 0x24), 0x0C000000);
    assert_int_equal(peek(bench, FLASH + 0x10), 0x8080);
    assert_int_equal(peek(bench, PFIC + 0x000), 0x0C);
    assert_silent(bench);
}

static void test_clock_to_48mhz(void **state) {
    struct bench *bench = *state;
    go_48mhz(bench);
    assert_int_equal(sim_chip_clock(bench->chip), 48000000);
    assert_int_equal(peek(bench, RCC + 0x04) & 0xC, 8);
    poke(bench, RCC + 0x00, 0x81); /* the PLL is in use: stays on */
    assert_true(peek(bench, RCC) & 1 << 24);
    poke(bench, RCC + 0x04, 0x50 | 2); /* HPRE /6 */
    assert_int_equal(sim_chip_clock(bench->chip), 8000000);
    poke(bench, RCC + 0x04, 0xF0 | 2); /* HPRE /256 */
    assert_int_equal(sim_chip_clock(bench->chip), 187500);
    poke(bench, RCC + 0x04, 0xF0); /* back to HSI */
    assert_int_equal(sim_chip_clock(bench->chip), 93750);
    assert_silent(bench);
}

static void test_pll_takes_time(void **state) {
    struct bench *bench = *state;
    poke(bench, RCC + 0x00, 0x01000081);
    poke(bench, RCC + 0x04, 0x22); /* SW waits for the PLL */
    assert_int_equal(peek(bench, RCC + 0x04) & 0xC, 0);
    assert_int_equal(sim_chip_clock(bench->chip), 8000000);
    advance(bench, 1700); /* 200 us are 1600 cycles */
    assert_int_equal(peek(bench, RCC + 0x04) & 0xC, 8);
    assert_int_equal(sim_chip_clock(bench->chip), 16000000);
}

static void test_crystal(void **state) {
    struct bench *bench = *state;
    poke(bench, RCC + 0x00, 0x10081);
    advance(bench, 100000);
    assert_false(peek(bench, RCC) & 1 << 17);
    assert_reported(bench, "no crystal");
    sim_rcc_set_crystal(bench->chip, 12000000);
    poke(bench, RCC + 0x00, 0x81);
    poke(bench, RCC + 0x00, 0x10081);
    advance(bench, 100000);
    assert_true(peek(bench, RCC) & 1 << 17);
    poke(bench, RCC + 0x04, 0x01);
    assert_int_equal(sim_chip_clock(bench->chip), 12000000);
}

static void test_clock_off_is_reported(void **state) {
    struct bench *bench = *state;
    poke(bench, GPIOD + 0x0C, 0xFF);
    assert_reported(bench, "GPIOD: touched while its clock is off");
    poke(bench, RCC + 0x18, 1 << 5);
    assert_int_equal(peek(bench, GPIOD + 0x0C), 0); /* the write was lost */
    poke(bench, GPIOD + 0x0C, 0xFF);
    assert_int_equal(peek(bench, GPIOD + 0x0C), 0xFF);
}

static void test_peripheral_reset(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, GPIOC + 0x0C, 0x55);
    poke(bench, TIM2 + 0x28, 7);
    poke(bench, RCC + 0x0C, 1 << 4);
    assert_int_equal(peek(bench, GPIOC + 0x0C), 0);
    assert_int_equal(peek(bench, TIM2 + 0x28), 7);
    poke(bench, RCC + 0x10, 1 << 0);
    assert_int_equal(peek(bench, TIM2 + 0x28), 0);
}

static void test_unmodelled_is_named(void **state) {
    struct bench *bench = *state;
    assert_int_equal(peek(bench, 0x40012424), 0x3FF); /* ADC_WDHTR as after reset */
    assert_reported(bench, "ADC1: not modelled");
    poke(bench, 0x40013000, 1);
    assert_reported(bench, "SPI1: not modelled");
}

/* ---- SysTick ------------------------------------------------------------------------------------------- */

static void test_systick_counts(void **state) {
    struct bench *bench = *state;
    poke(bench, SYSTICK + 0x00, 5); /* HCLK, enabled */
    uint64_t start = sim_chip_now(bench->chip);
    advance(bench, 1000);
    assert_int_equal(peek(bench, SYSTICK + 0x08), sim_chip_now(bench->chip) - start);
    poke(bench, SYSTICK + 0x00, 1); /* HCLK / 8: keeps its value and goes on more slowly */
    uint32_t count = peek(bench, SYSTICK + 0x08);
    advance(bench, 800);
    assert_in_range(peek(bench, SYSTICK + 0x08), count + 100, count + 101);
    poke(bench, SYSTICK + 0x00, 0);
    count = peek(bench, SYSTICK + 0x08);
    advance(bench, 800);
    assert_int_equal(peek(bench, SYSTICK + 0x08), count);
}

static void test_systick_compare(void **state) {
    struct bench *bench = *state;
    poke(bench, SYSTICK + 0x10, 500);
    poke(bench, SYSTICK + 0x00, 5 | 8); /* and reload */
    advance(bench, 490);
    assert_int_equal(peek(bench, SYSTICK + 0x04), 0);
    advance(bench, 15);
    assert_int_equal(peek(bench, SYSTICK + 0x04), 1);
    assert_in_range(peek(bench, SYSTICK + 0x08), 4, 4 + SLACK); /* 505 - 501 */
    poke(bench, SYSTICK + 0x04, 0);
    assert_int_equal(peek(bench, SYSTICK + 0x04), 0);
    advance(bench, 480);
    assert_int_equal(peek(bench, SYSTICK + 0x04), 0);
    advance(bench, 25); /* 501 + 500 = 1001 < 1010 */
    assert_int_equal(peek(bench, SYSTICK + 0x04), 1);
    poke(bench, SYSTICK + 0x08, 0);
    uint64_t start = sim_chip_now(bench->chip);
    advance(bench, 100000);
    assert_int_equal(peek(bench, SYSTICK + 0x08), (sim_chip_now(bench->chip) - start) % 501);
}

static void test_systick_beyond_compare(void **state) {
    struct bench *bench = *state;
    poke(bench, SYSTICK + 0x10, 10);
    poke(bench, SYSTICK + 0x08, 0xFFFFFFF0); /* runs through 2^32, then up to 10 */
    poke(bench, SYSTICK + 0x00, 5 | 8);
    advance(bench, 20);
    assert_int_equal(peek(bench, SYSTICK + 0x04), 0);
    advance(bench, 20); /* match at 16 + 10 */
    assert_int_equal(peek(bench, SYSTICK + 0x04), 1);
    assert_in_range(peek(bench, SYSTICK + 0x08), 0, 10);
}

static void test_systick_interrupts(void **state) {
    struct bench *bench = *state;
    poke(bench, SYSTICK + 0x10, 100);
    poke(bench, SYSTICK + 0x00, 7);
    advance(bench, 50);
    assert_int_equal(peek(bench, PFIC + 0x020), 0);
    advance(bench, 60);
    assert_int_equal(peek(bench, PFIC + 0x020), 1 << 12);
    poke(bench, SYSTICK + 0x04, 0);
    assert_int_equal(peek(bench, PFIC + 0x020), 0);
    poke(bench, SYSTICK + 0x00, 0x80000000);
    assert_int_equal(peek(bench, PFIC + 0x020), 1 << 14);
}

/* ---- PFIC ---------------------------------------------------------------------------------------------- */

static void test_pfic_registers(void **state) {
    struct bench *bench = *state;
    poke(bench, PFIC + 0x100, 1 << 12 | 1 << 22);
    poke(bench, PFIC + 0x104, 1 | 1U << 31); /* USART1; line 63 does not exist */
    assert_int_equal(peek(bench, PFIC + 0x000), 1 << 12 | 1 << 22 | 0xC);
    assert_int_equal(peek(bench, PFIC + 0x004), 1);
    poke(bench, PFIC + 0x180, 1 << 22 | 0xC); /* NMI and HardFault stay */
    assert_int_equal(peek(bench, PFIC + 0x000), 1 << 12 | 0xC);
    poke(bench, PFIC + 0x204, 1 << 6);
    assert_int_equal(peek(bench, PFIC + 0x024), 1 << 6);
    assert_int_equal(peek(bench, PFIC + 0x04C), 1 << 9);
    poke(bench, PFIC + 0x284, 1 << 6);
    assert_int_equal(peek(bench, PFIC + 0x024), 0);
    assert_int_equal(sim_chip_bus_write(bench->chip, PFIC + 0x400 + 32, 1, 0xFF), 0);
    assert_int_equal(peek(bench, PFIC + 0x400 + 32), 0xC0); /* two bits a line, the neighbours untouched */
    assert_silent(bench);
}

static void test_software_reset(void **state) {
    struct bench *bench = *state;
    poke(bench, RCC + 0x24, 1 << 24); /* RMVF */
    poke(bench, PFIC + 0x048, 0x0000 << 16 | 1 << 7);
    advance(bench, 10);
    assert_int_equal(peek(bench, RCC + 0x24), 0); /* wrong key: nothing */
    poke(bench, SYSTICK + 0x10, 77);
    poke(bench, PFIC + 0x048, 0xBEEF0080);
    advance(bench, 10);
    assert_int_equal(peek(bench, RCC + 0x24), 1 << 28);
    assert_int_equal(peek(bench, SYSTICK + 0x10), 0);
    poke(bench, PFIC + 0xD10, 0x80000000);
    advance(bench, 10);
    assert_int_equal(peek(bench, RCC + 0x24), 1 << 28);
}

/* ---- flash --------------------------------------------------------------------------------------------- */

enum { PAGE = SIM_FLASH_BASE + 0x3700 };

static void unlock_flash(struct bench *bench) {
    poke(bench, FLASH + 0x04, 0x45670123);
    poke(bench, FLASH + 0x04, 0xCDEF89AB);
    poke(bench, FLASH + 0x24, 0x45670123);
    poke(bench, FLASH + 0x24, 0xCDEF89AB);
    assert_int_equal(peek(bench, FLASH + 0x10) & 0x8080, 0);
}

static void wait_flash(struct bench *bench) {
    for (int i = 0; i < 100 && peek(bench, FLASH + 0x0C) & 1; i++) {
        advance(bench, 1000);
    }
    assert_int_equal(peek(bench, FLASH + 0x0C) & 1, 0);
}

static void program_page(struct bench *bench, uint32_t page, uint32_t first) {
    poke(bench, FLASH + 0x10, 0x10000);
    poke(bench, FLASH + 0x10, 0x90000); /* BUF_RST */
    wait_flash(bench);
    for (uint32_t i = 0; i < 16; i++) {
        poke(bench, page + 4 * i, first + i);
        poke(bench, FLASH + 0x10, 0x50000); /* BUF_LOAD */
        advance(bench, 20);
    }
    poke(bench, FLASH + 0x14, page);
    poke(bench, FLASH + 0x10, 0x10040);
}

static void erase_page(struct bench *bench, uint32_t page) {
    poke(bench, FLASH + 0x10, 0x20000);
    poke(bench, FLASH + 0x14, page);
    poke(bench, FLASH + 0x10, 0x20040);
}

static void test_flash_page(void **state) {
    struct bench *bench = *state;
    unlock_flash(bench);
    program_page(bench, PAGE, 0xABCD1234);
    assert_int_equal(peek(bench, FLASH + 0x0C) & 1, 1);
    wait_flash(bench);
    assert_int_equal(peek(bench, FLASH + 0x0C) & 0x20, 0x20); /* EOP */
    poke(bench, FLASH + 0x0C, 0x20);
    assert_int_equal(peek(bench, FLASH + 0x0C) & 0x20, 0);
    for (uint32_t i = 0; i < 16; i++) {
        assert_int_equal(peek(bench, PAGE + 4 * i), 0xABCD1234 + i);
    }
    assert_int_equal(peek(bench, PAGE - 4), 0xFFFFFFFF);
    assert_int_equal(peek(bench, PAGE + 64), 0xFFFFFFFF);
    erase_page(bench, PAGE);
    wait_flash(bench);
    assert_int_equal(peek(bench, PAGE), 0xFFFFFFFF);
    assert_int_equal(peek(bench, PAGE + 60), 0xFFFFFFFF);
    assert_silent(bench);
}

static void test_flash_busy_time(void **state) {
    struct bench *bench = *state;
    /* From SRAM the core goes on while the flash is busy. */
    poke_sled(bench->chip, RAM, 1024);
    sim_chip_set_register(bench->chip, 32, RAM);
    unlock_flash(bench);
    erase_page(bench, PAGE);
    advance(bench, 23000); /* 3 ms at 8 MHz are 24,000 cycles */
    assert_int_equal(peek(bench, FLASH + 0x0C) & 1, 1);
    advance(bench, 1000 + SLACK);
    assert_int_equal(peek(bench, FLASH + 0x0C) & 1, 0);
}

static void test_flash_programming_clears_bits_only(void **state) {
    struct bench *bench = *state;
    unlock_flash(bench);
    program_page(bench, PAGE, 0x0F0F0F00);
    wait_flash(bench);
    program_page(bench, PAGE, 0x00FF00F0);
    wait_flash(bench);
    assert_int_equal(peek(bench, PAGE), 0x000F0000);
    assert_reported(bench, "not erased");
}

static void test_flash_halfword_and_sector(void **state) {
    struct bench *bench = *state;
    unlock_flash(bench);
    poke(bench, FLASH + 0x10, 1); /* PG */
    assert_int_equal(sim_chip_bus_write(bench->chip, PAGE + 2, 2, 0x1234), 0);
    wait_flash(bench);
    assert_int_equal(peek(bench, PAGE), 0x1234FFFF);
    poke(bench, FLASH + 0x10, 2); /* PER: the whole KiB from 0x3400 */
    poke(bench, FLASH + 0x14, PAGE);
    poke(bench, FLASH + 0x10, 0x42);
    wait_flash(bench);
    assert_int_equal(peek(bench, PAGE), 0xFFFFFFFF);
}

static void test_flash_locks(void **state) {
    struct bench *bench = *state;
    uint32_t before = peek(bench, PAGE);
    assert_true(sim_chip_bus_write(bench->chip, PAGE, 4, 0) != 0); /* a store without programming mode */
    poke(bench, FLASH + 0x10, 0x20000);
    assert_reported(bench, "locked");
    assert_int_equal(peek(bench, FLASH + 0x10), 0x8080);
    poke(bench, FLASH + 0x04, 0x45670123);
    poke(bench, FLASH + 0x04, 0x11111111); /* wrong: locked until reset */
    poke(bench, FLASH + 0x04, 0x45670123);
    poke(bench, FLASH + 0x04, 0xCDEF89AB);
    assert_int_equal(peek(bench, FLASH + 0x10), 0x8080);
    assert_int_equal(peek(bench, PAGE), before);
}

static void test_option_bytes_and_write_protection(void **state) {
    struct bench *bench = *state;
    assert_int_equal(peek(bench, FLASH + 0x20), 0xFFFF);
    assert_int_equal(peek(bench, FLASH + 0x1C) & 3, 0);
    assert_int_equal(peek(bench, 0x1FFFF800) & 0xFFFF, 0x5AA5);
    poke(bench, FLASH + 0x08, 0x45670123); /* before KEYR: without effect */
    poke(bench, FLASH + 0x08, 0xCDEF89AB);
    unlock_flash(bench);
    assert_false(peek(bench, FLASH + 0x10) & 1 << 9);
    poke(bench, FLASH + 0x08, 0x45670123);
    poke(bench, FLASH + 0x08, 0xCDEF89AB);
    assert_true(peek(bench, FLASH + 0x10) & 1 << 9);
    poke(bench, FLASH + 0x10, 1 << 9 | 1 << 5);
    poke(bench, FLASH + 0x10, 1 << 9 | 1 << 5 | 1 << 6); /* OBER, STRT */
    wait_flash(bench);
    static const uint16_t options[] = {0xA5, 0xF7, 0x11, 0x22, 0xFF, 0xDF}; /* 0x3400..0x37FF protected */
    for (uint32_t i = 0; i < 6; i++) {
        poke(bench, FLASH + 0x10, 1 << 9 | 1 << 4);
        assert_int_equal(sim_chip_bus_write(bench->chip, 0x1FFFF800 + 2 * i, 2, options[i]), 0);
        wait_flash(bench);
    }
    assert_int_equal(peek(bench, 0x1FFFF804), 0xDD22EE11); /* the complements were added */
    poke(bench, PFIC + 0x048, 0xBEEF0080);
    advance(bench, 10);
    assert_int_equal(peek(bench, FLASH + 0x20), 0xDFFF);
    assert_int_equal(peek(bench, FLASH + 0x1C), (uint32_t)0xF7 << 2 | 0x11 << 10 | 0x22 << 18);
    unlock_flash(bench);
    erase_page(bench, PAGE);
    assert_int_equal(peek(bench, FLASH + 0x0C) & 0x11, 0x10); /* WRPRTERR, not busy */
    erase_page(bench, SIM_FLASH_BASE + 0x3800);
    assert_int_equal(peek(bench, FLASH + 0x0C) & 1, 1);
}

static void test_signature(void **state) {
    struct bench *bench = *state;
    assert_int_equal(peek(bench, 0x1FFFF7E0) & 0xFFFF, 16);
    assert_int_equal(peek(bench, 0x1FFFF7C4), 0x00310500);
}

/* ---- GPIO and EXTI ------------------------------------------------------------------------------------- */

static void watch(struct bench *bench, uint32_t port, uint32_t pin) {
    bench->watched_port = port;
    bench->watched_pin = pin;
    bench->edge_count = 0;
}

static void test_gpio_output(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    watch(bench, SIM_PORT_D, 4);
    poke(bench, GPIOD, 0x44434444); /* PD4 push-pull */
    poke(bench, GPIOD + 0x10, 1 << 4);
    assert_int_equal(sim_chip_pin_level(bench->chip, SIM_PORT_D, 4), 1);
    assert_int_equal(peek(bench, GPIOD + 0x08), 1 << 4);
    poke(bench, GPIOD + 0x10, 1 << 20 | 1 << 0);
    assert_int_equal(peek(bench, GPIOD + 0x0C), 1 << 0);
    poke(bench, GPIOD + 0x10, 1 << 20 | 1 << 4); /* both: set wins */
    assert_int_equal(peek(bench, GPIOD + 0x0C), 1 << 4 | 1 << 0);
    poke(bench, GPIOD + 0x14, 1 << 4);
    assert_int_equal(peek(bench, GPIOD + 0x0C), 1 << 0);
    static const int levels[] = {0, 1, 0, 1, 0};
    assert_int_equal(bench->edge_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(bench->edges[i].level, levels[i]);
    }
}

static void test_gpio_input_and_pulls(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, GPIOC, 0x44444484); /* PC1 with pull */
    assert_int_equal(peek(bench, GPIOC + 0x08) & 2, 0);
    poke(bench, GPIOC + 0x0C, 2);
    assert_int_equal(peek(bench, GPIOC + 0x08) & 2, 2);
    sim_chip_pin_drive(bench->chip, SIM_PORT_C, 1, SIM_PIN_LOW);
    assert_int_equal(peek(bench, GPIOC + 0x08) & 2, 0);
    sim_chip_pin_drive(bench->chip, SIM_PORT_C, 1, SIM_PIN_FLOATING);
    assert_int_equal(peek(bench, GPIOC + 0x08) & 2, 2);
    sim_chip_pin_drive(bench->chip, SIM_PORT_C, 3, SIM_PIN_HIGH);
    assert_int_equal(peek(bench, GPIOC + 0x08), 2 | 8);
    poke(bench, GPIOC, 0x44440484); /* PC3 analog: reads 0 */
    assert_int_equal(peek(bench, GPIOC + 0x08), 2);
    assert_silent(bench);
}

static void test_gpio_open_drain(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, GPIOC + 0x0C, 1);
    poke(bench, GPIOC, 0x44444447); /* PC0 open drain, released */
    assert_int_equal(sim_chip_pin_level(bench->chip, SIM_PORT_C, 0), -1);
    sim_chip_pin_drive(bench->chip, SIM_PORT_C, 0, SIM_PIN_PULLED_HIGH);
    assert_int_equal(peek(bench, GPIOC + 0x08), 1);
    poke(bench, GPIOC + 0x14, 1);
    assert_int_equal(peek(bench, GPIOC + 0x08), 0);
    assert_silent(bench);
    poke(bench, GPIOC, 0x44444443); /* push-pull low against a high */
    sim_chip_pin_drive(bench->chip, SIM_PORT_C, 0, SIM_PIN_HIGH);
    assert_reported(bench, "GPIOC: an output of the chip is driven against");
}

static void test_gpio_lock(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, GPIOA, 0x44444424);
    poke(bench, GPIOA + 0x18, 0x102);
    poke(bench, GPIOA + 0x18, 0x002);
    poke(bench, GPIOA + 0x18, 0x102);
    assert_int_equal(peek(bench, GPIOA + 0x18), 0x102);
    poke(bench, GPIOA, 0x44444333);
    assert_int_equal(peek(bench, GPIOA), 0x44444323);
}

static void test_exti_edges(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, AFIO + 0x08, 3 << 4); /* line 2 from port D */
    poke(bench, EXTI + 0x08, 1 << 2); /* rising */
    poke(bench, EXTI + 0x00, 1 << 2);
    sim_chip_pin_drive(bench->chip, SIM_PORT_C, 2, SIM_PIN_HIGH); /* not its port */
    assert_int_equal(peek(bench, EXTI + 0x14), 0);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 2, SIM_PIN_HIGH);
    assert_int_equal(peek(bench, EXTI + 0x14), 1 << 2);
    assert_int_equal(peek(bench, PFIC + 0x020), 1 << 20);
    poke(bench, EXTI + 0x14, 1 << 2);
    assert_int_equal(peek(bench, PFIC + 0x020), 0);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 2, SIM_PIN_LOW); /* falling is not asked for */
    assert_int_equal(peek(bench, EXTI + 0x14), 0);
    poke(bench, EXTI + 0x0C, 1 << 2);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 2, SIM_PIN_HIGH);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 2, SIM_PIN_LOW);
    assert_int_equal(peek(bench, EXTI + 0x14), 1 << 2);
    poke(bench, EXTI + 0x14, 0x3FF);
    poke(bench, EXTI + 0x10, 1 << 5); /* software */
    assert_int_equal(peek(bench, EXTI + 0x14), 1 << 5);
    assert_int_equal(peek(bench, PFIC + 0x020), 0); /* not enabled */
}

/* ---- USART1 -------------------------------------------------------------------------------------------- */

static void start_usart(struct bench *bench, uint32_t ctlr1) {
    enable_clocks(bench);
    go_48mhz(bench);
    poke(bench, GPIOD, 0x44B44444);  /* PD5 alternate push-pull at 50 MHz */
    poke(bench, USART1 + 0x08, 417); /* 48 MHz / 115200 */
    poke(bench, USART1 + 0x0C, ctlr1 | 1 << 13);
}

static void test_usart_byte_time(void **state) {
    struct bench *bench = *state;
    start_usart(bench, 1 << 3);
    watch(bench, SIM_PORT_D, 5);
    assert_int_equal(peek(bench, USART1), 0xC0);
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, USART1 + 0x04, 'U');                    /* 0x55: every bit is an edge */
    assert_int_equal(peek(bench, USART1) & 0x80, 0x80); /* the shifter took it */
    poke(bench, USART1 + 0x04, 0x0F);
    assert_int_equal(peek(bench, USART1) & 0x80, 0);
    advance(bench, 4160);
    assert_int_equal(bench->byte_count, 0);
    advance(bench, 20);
    assert_int_equal(bench->byte_count, 1);
    assert_due(bench->byte_cycles[0], start + 4170);
    assert_int_equal(peek(bench, USART1) & 0xC0, 0x80);
    advance(bench, 4200);
    assert_int_equal(bench->byte_count, 2);
    assert_due(bench->byte_cycles[1], start + 8340);
    assert_memory_equal(bench->bytes, "U\x0F", 2);
    assert_int_equal(peek(bench, USART1) & 0xC0, 0xC0);
    /* 'U' is start 0, then 1 0 1 0 1 0 1 0, stop 1; 0x0F is 0, 1 1 1 1, 0 0 0 0, 1. */
    assert_int_equal(bench->edge_count, 10 + 4);
    for (size_t i = 0; i < 10; i++) {
        assert_due(bench->edges[i].cycle, start + 417 * i);
        assert_int_equal(bench->edges[i].level, i % 2);
    }
    assert_due(bench->edges[12].cycle, start + 4170 + 417 * 5);
    assert_silent(bench);
}

static void test_usart_flags_and_interrupt(void **state) {
    struct bench *bench = *state;
    start_usart(bench, 1 << 3 | 1 << 6); /* TCIE: TC is set from reset */
    assert_int_equal(peek(bench, PFIC + 0x024), 1);
    (void)peek(bench, USART1);
    poke(bench, USART1 + 0x04, 1); /* STATR, then DATAR: TC goes */
    assert_int_equal(peek(bench, PFIC + 0x024), 0);
    advance(bench, 4180);
    assert_int_equal(peek(bench, PFIC + 0x024), 1);
    poke(bench, USART1 + 0x00, ~(1U << 6));
    assert_int_equal(peek(bench, PFIC + 0x024), 0);
}

static void test_usart_without_pin(void **state) {
    struct bench *bench = *state;
    start_usart(bench, 1 << 3);
    poke(bench, GPIOD, 0x44344444); /* general purpose output: the USART does not get through */
    poke(bench, USART1 + 0x04, 'x');
    advance(bench, 5000);
    assert_int_equal(bench->byte_count, 0);
    assert_reported(bench, "TX pin is not configured");
}

static void test_usart_receives_channel(void **state) {
    struct bench *bench = *state;
    bench->input = "Hi!";
    start_usart(bench, 1 << 2 | 1 << 5);
    advance(bench, 4170 + 3700); /* asked after one character time, RXNE in the stop bit 9.5 bits later */
    assert_int_equal(peek(bench, USART1) & 0x20, 0);
    advance(bench, 400);
    assert_int_equal(peek(bench, USART1) & 0x20, 0x20);
    assert_int_equal(peek(bench, PFIC + 0x024), 1);
    assert_int_equal(peek(bench, USART1 + 0x04), 'H');
    assert_int_equal(peek(bench, USART1) & 0x20, 0);
    advance(bench, 4170);
    assert_int_equal(peek(bench, USART1 + 0x04), 'i');
    advance(bench, 4170);
    assert_int_equal(peek(bench, USART1 + 0x04), '!');
    assert_int_equal(peek(bench, USART1) & 0x10, 0);
    advance(bench, 5000);
    assert_int_equal(peek(bench, USART1) & 0x10, 0x10); /* IDLE, one character time after the last */
    (void)peek(bench, USART1 + 0x04);
    assert_int_equal(peek(bench, USART1) & 0x10, 0);
}

static void test_usart_overrun(void **state) {
    struct bench *bench = *state;
    bench->input = "ab";
    start_usart(bench, 1 << 2);
    advance(bench, 4 * 4170);
    assert_int_equal(peek(bench, USART1) & 0x28, 0x28); /* ORE and RXNE */
    assert_int_equal(peek(bench, USART1 + 0x04), 'a');  /* the first stays */
    assert_int_equal(peek(bench, USART1) & 0x28, 0);
}

static void send_bits(struct bench *bench, uint32_t frame, uint32_t bits, uint32_t bit_time) {
    for (uint32_t i = 0; i < bits; i++) {
        sim_chip_pin_drive(bench->chip, SIM_PORT_D, 6, frame >> i & 1 ? SIM_PIN_HIGH : SIM_PIN_LOW);
        advance(bench, bit_time);
    }
}

static void test_usart_receives_pin(void **state) {
    struct bench *bench = *state;
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 6, SIM_PIN_HIGH);
    start_usart(bench, 1 << 2);
    send_bits(bench, 1 << 9 | 0xC5 << 1, 10, 417);
    assert_int_equal(peek(bench, USART1) & 0x2F, 0x20);
    assert_int_equal(peek(bench, USART1 + 0x04), 0xC5);
    send_bits(bench, 1 << 9 | 0x3A << 1, 10, 430); /* 3% slow: still good */
    assert_int_equal(peek(bench, USART1) & 0x2F, 0x20);
    assert_int_equal(peek(bench, USART1 + 0x04), 0x3A);
    send_bits(bench, 0, 10, 417); /* no stop bit */
    assert_int_equal(peek(bench, USART1) & 0x22, 0x22);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 6, SIM_PIN_HIGH);
    assert_int_equal(peek(bench, USART1 + 0x04), 0);
    assert_int_equal(peek(bench, USART1) & 0x22, 0);
}

static void test_usart_parity(void **state) {
    struct bench *bench = *state;
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 6, SIM_PIN_HIGH);
    start_usart(bench, 1 << 2 | 1 << 3 | 1 << 12 | 1 << 10); /* 8 bits and even parity */
    watch(bench, SIM_PORT_D, 5);
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, USART1 + 0x04, 0x07); /* odd number of ones: parity bit 1 */
    advance(bench, 5000);
    assert_due(bench->byte_cycles[0], start + 11 * 417);
    static const uint32_t edges[] = {0, 1, 4, 9}; /* 0 111 00000 1 1 */
    assert_int_equal(bench->edge_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_due(bench->edges[i].cycle, start + 417 * edges[i]);
    }
    send_bits(bench, 3 << 9 | 0x07 << 1, 11, 417);
    assert_int_equal(peek(bench, USART1) & 0x21, 0x20);
    (void)peek(bench, USART1 + 0x04);
    send_bits(bench, 1 << 10 | 0x07 << 1, 11, 417); /* wrong parity */
    assert_int_equal(peek(bench, USART1) & 0x21, 0x21);
}

static void test_usart_remap(void **state) {
    struct bench *bench = *state;
    start_usart(bench, 1 << 3);
    poke(bench, AFIO + 0x04, 1 << 21 | 1 << 2); /* TX on PC0 */
    poke(bench, GPIOC, 0x4444444B);
    watch(bench, SIM_PORT_C, 0);
    poke(bench, USART1 + 0x04, 0xFF);
    advance(bench, 5000);
    assert_int_equal(bench->byte_count, 1);
    assert_int_equal(bench->edge_count, 2);
}

/* ---- DMA1 ---------------------------------------------------------------------------------------------- */

enum { CHANNEL = 0x14 };

static void set_channel(struct bench *bench, uint32_t channel, uint32_t peripheral, uint32_t memory,
                        uint32_t count, uint32_t cfgr) {
    uint32_t base = DMA1 + 8 + CHANNEL * (channel - 1);
    poke(bench, base, 0);
    poke(bench, base + 4, count);
    poke(bench, base + 8, peripheral);
    poke(bench, base + 12, memory);
    poke(bench, base, cfgr | 1);
}

static void test_dma_memory_to_memory(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    for (uint32_t i = 0; i < 4; i++) {
        poke(bench, RAM + 0x400 + 4 * i, 0x11111111 * (i + 1));
    }
    /* From "peripheral" to memory, 32 bits, both increment. */
    set_channel(bench, 1, RAM + 0x400, RAM + 0x500, 4, 1 << 14 | 2 << 10 | 2 << 8 | 1 << 7 | 1 << 6);
    advance(bench, 100);
    assert_int_equal(peek(bench, DMA1), 7); /* GIF, TCIF, HTIF of channel 1 */
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(peek(bench, RAM + 0x500 + 4 * i), 0x11111111 * (i + 1));
    }
    poke(bench, DMA1 + 4, 1);
    assert_int_equal(peek(bench, DMA1), 0);
}

/* 6 cycles a transfer; a count written to the finished channel starts it again, one to a busy channel is
 * lost. */
static void test_dma_restart(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    uint64_t start = sim_chip_now(bench->chip);
    set_channel(bench, 2, RAM + 0x400, RAM + 0x500, 100, 1 << 14 | 1 << 7 | 1 << 6);
    advance(bench, 300);
    uint32_t done = (uint32_t)(sim_chip_now(bench->chip) - start - 2) / 6;
    assert_in_range(100 - peek(bench, DMA1 + 8 + CHANNEL + 4), done - 1, done + 1);
    poke(bench, DMA1 + 8 + CHANNEL + 4, 7);
    assert_reported(bench, "at work");
    advance(bench, 400);
    assert_int_equal(peek(bench, DMA1 + 8 + CHANNEL + 4), 0);
    assert_int_equal(peek(bench, RAM + 0x500), 0);
    poke(bench, DMA1 + 4, 0xF0);
    poke(bench, RAM + 0x400, 0x55AA55AA);
    poke(bench, DMA1 + 8 + CHANNEL + 4, 4);
    advance(bench, 50);
    assert_int_equal(peek(bench, DMA1), 0x70);
    assert_int_equal(peek(bench, RAM + 0x500), 0x55AA55AA);
}

static void test_dma_sizes(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, RAM + 0x400, 0xDDCCBBAA);
    poke(bench, RAM + 0x500, 0xFFFFFFFF);
    poke(bench, RAM + 0x504, 0xFFFFFFFF);
    set_channel(bench, 3, RAM + 0x400, RAM + 0x500, 4,
                1 << 14 | 1 << 10 | 1 << 7 | 1 << 6); /* 8 to 16 bits */
    advance(bench, 100);
    assert_int_equal(peek(bench, RAM + 0x500), 0x00BB00AA);
    assert_int_equal(peek(bench, RAM + 0x504), 0x00DD00CC);
}

static void test_dma_circular_receive(void **state) {
    struct bench *bench = *state;
    bench->input = "01234567";
    start_usart(bench, 1 << 2);
    set_channel(bench, 5, USART1 + 4, RAM + 0x400, 4,
                1 << 7 | 1 << 5 | 1 << 2 | 1 << 1); /* MINC CIRC HTIE TCIE */
    poke(bench, USART1 + 0x14, 1 << 6);
    advance(bench, 3 * 4170 + 20);                 /* two bytes are in */
    assert_int_equal(peek(bench, DMA1), 5U << 16); /* GIF HTIF */
    assert_int_equal(peek(bench, PFIC + 0x020), 1 << 26);
    assert_int_equal(peek(bench, DMA1 + 8 + CHANNEL * 4 + 4), 2);
    poke(bench, DMA1 + 4, 4U << 16);
    assert_int_equal(peek(bench, DMA1), 0);
    advance(bench, 2 * 4170);
    assert_int_equal(peek(bench, DMA1), 3U << 16);                /* GIF TCIF */
    assert_int_equal(peek(bench, DMA1 + 8 + CHANNEL * 4 + 4), 4); /* starts again */
    assert_int_equal(peek(bench, RAM + 0x400), 0x33323130);
    advance(bench, 4170);
    assert_int_equal(peek(bench, RAM + 0x400), 0x33323134);
}

static void test_dma_send(void **state) {
    struct bench *bench = *state;
    start_usart(bench, 1 << 3);
    poke(bench, RAM + 0x400, 0x64636261);
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, USART1 + 0x14, 1 << 7);
    set_channel(bench, 4, USART1 + 4, RAM + 0x400, 4, 1 << 7 | 1 << 4);
    advance(bench, 5 * 4170);
    assert_int_equal(bench->byte_count, 4);
    assert_memory_equal(bench->bytes, "abcd", 4);
    assert_in_range(bench->byte_cycles[3] - start, 4 * 4170, 4 * 4170 + 2 * SLACK);
    assert_int_equal(peek(bench, DMA1) >> 12 & 15, 7);
}

static void test_dma_priority_and_error(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    /* Both write the same word: the one that goes last is seen, which is the one of lower priority. */
    poke(bench, RAM + 0x400, 1);
    poke(bench, RAM + 0x404, 2);
    set_channel(bench, 1, RAM + 0x400, RAM + 0x500, 1, 1 << 14 | 2 << 10 | 2 << 8);
    set_channel(bench, 2, RAM + 0x404, RAM + 0x500, 1, 1 << 14 | 2 << 10 | 2 << 8 | 3 << 12);
    advance(bench, 50);
    assert_int_equal(peek(bench, RAM + 0x500), 1);
    set_channel(bench, 7, 0x50000000, RAM + 0x500, 1, 1 << 14 | 2 << 10 | 2 << 8);
    advance(bench, 50);
    assert_int_equal(peek(bench, DMA1) >> 24, 9); /* GIF TEIF */
    assert_int_equal(peek(bench, DMA1 + 8 + CHANNEL * 6) & 1, 0);
}

/* ---- timers -------------------------------------------------------------------------------------------- */

static void test_timer_counts(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, TIM2 + 0x28, 9);  /* a count every 10 cycles */
    poke(bench, TIM2 + 0x2C, 99); /* a turn every 1000 */
    poke(bench, TIM2 + 0x14, 1);  /* UG loads the prescaler */
    assert_int_equal(peek(bench, TIM2 + 0x10), 1);
    poke(bench, TIM2 + 0x10, 0);
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, TIM2 + 0x00, 1);
    advance(bench, 555);
    assert_int_equal(peek(bench, TIM2 + 0x24), (sim_chip_now(bench->chip) - start) / 10);
    advance(bench, 430);
    assert_int_equal(peek(bench, TIM2 + 0x10), 0);
    advance(bench, 25); /* the turn's end is an update, and all four channels compare with 0 */
    assert_int_equal(peek(bench, TIM2 + 0x10), 0x1F);
}

static void test_timer_update_and_compare_flags(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, TIM2 + 0x2C, 999);
    poke(bench, TIM2 + 0x34, 300);
    poke(bench, TIM2 + 0x38, 2000); /* never reached */
    poke(bench, TIM2 + 0x3C, 300);
    poke(bench, TIM2 + 0x40, 1);
    poke(bench, TIM2 + 0x0C, 1 << 1);
    poke(bench, TIM2 + 0x00, 1);
    advance(bench, 290);
    assert_int_equal(peek(bench, TIM2 + 0x10), 1 << 4);
    advance(bench, 20);
    assert_int_equal(peek(bench, TIM2 + 0x10), 1 << 4 | 1 << 3 | 1 << 1);
    assert_int_equal(peek(bench, PFIC + 0x024), 1 << 6);
    poke(bench, TIM2 + 0x10, ~(1U << 1));
    assert_int_equal(peek(bench, PFIC + 0x024), 0);
    advance(bench, 680);
    assert_int_equal(peek(bench, TIM2 + 0x10) & 1, 0);
    advance(bench, 20);
    assert_int_equal(peek(bench, TIM2 + 0x10) & 1, 1);
    poke(bench, TIM2 + 0x10, 0);
    advance(bench, 1000000); /* many turns at once */
    assert_int_equal(peek(bench, TIM2 + 0x10), 1 << 4 | 1 << 3 | 1 << 1 | 1);
}

static void test_timer_preload(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, TIM1 + 0x2C, 99);
    poke(bench, TIM1 + 0x00, 1 << 7 | 1); /* ARPE */
    uint64_t start = sim_chip_now(bench->chip);
    advance(bench, 50);
    poke(bench, TIM1 + 0x2C, 49); /* from the next turn on */
    poke(bench, TIM1 + 0x28, 1);  /* so does the prescaler */
    advance(bench, 70);
    uint64_t past = sim_chip_now(bench->chip) - start;
    assert_int_equal(peek(bench, TIM1 + 0x24), (past - 100) / 2);
    poke(bench, TIM1 + 0x14, 1);
    start = sim_chip_now(bench->chip);
    advance(bench, 130); /* turns of 50 counts, two cycles each */
    past = sim_chip_now(bench->chip) - start;
    assert_int_equal(peek(bench, TIM1 + 0x24), past / 2 % 50);
}

static void test_timer_repetition(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, TIM1 + 0x2C, 99);
    poke(bench, TIM1 + 0x30, 3); /* an update every fourth turn */
    poke(bench, TIM1 + 0x14, 1);
    poke(bench, TIM1 + 0x10, 0);
    poke(bench, TIM1 + 0x00, 1);
    advance(bench, 390);
    assert_int_equal(peek(bench, TIM1 + 0x10) & 1, 0);
    advance(bench, 20);
    assert_int_equal(peek(bench, TIM1 + 0x10) & 1, 1);
    poke(bench, TIM1 + 0x10, 0);
    advance(bench, 375);
    assert_int_equal(peek(bench, TIM1 + 0x10) & 1, 0);
    advance(bench, 20);
    assert_int_equal(peek(bench, TIM1 + 0x10) & 1, 1);
}

static void test_timer_one_pulse(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, TIM2 + 0x2C, 99);
    poke(bench, TIM2 + 0x00, 1 << 3 | 1);
    advance(bench, 500);
    assert_int_equal(peek(bench, TIM2 + 0x00) & 1, 0);
    assert_int_equal(peek(bench, TIM2 + 0x24), 0);
}

/* PD2 is TIM1_CH1. */
static void start_pwm(struct bench *bench, uint32_t psc, uint32_t top, uint32_t compare) {
    enable_clocks(bench);
    poke(bench, GPIOD, 0x44444B44);
    poke(bench, TIM1 + 0x28, psc);
    poke(bench, TIM1 + 0x2C, top);
    poke(bench, TIM1 + 0x34, compare);
    poke(bench, TIM1 + 0x18, 6 << 4 | 1 << 3); /* PWM 1, preloaded */
    poke(bench, TIM1 + 0x20, 1);
    poke(bench, TIM1 + 0x44, 1 << 15);
    poke(bench, TIM1 + 0x14, 1);
}

static void test_timer_pwm(void **state) {
    struct bench *bench = *state;
    start_pwm(bench, 0, 99, 30);
    watch(bench, SIM_PORT_D, 2);
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, TIM1 + 0x00, 1);
    advance(bench, 1000);
    /* High from 0 to 29, low from 30 to 99. It is high already, so the first edge falls. */
    assert_in_range(bench->edge_count, 19, 20);
    for (size_t i = 0; i < 19; i++) {
        assert_int_equal(bench->edges[i].level, i % 2);
        assert_due(bench->edges[i].cycle, start + 100 * ((i + 1) / 2) + (i % 2 ? 0 : 30));
    }
    uint32_t period = 0, high = 0;
    assert_true(sim_timer_waveform(bench->chip, SIM_PORT_D, 2, &period, &high));
    assert_int_equal(period, 100);
    assert_int_equal(high, 30);
    poke(bench, TIM1 + 0x44, 0); /* without MOE nothing drives the pin */
    assert_int_equal(sim_chip_pin_level(bench->chip, SIM_PORT_D, 2), -1);
}

/* XCLK of a camera: 48 MHz / 6. Its edges are not followed. */
static void test_timer_fast_output(void **state) {
    struct bench *bench = *state;
    start_pwm(bench, 0, 5, 3);
    watch(bench, SIM_PORT_D, 2);
    poke(bench, TIM1 + 0x00, 1);
    advance(bench, 10000);
    assert_in_range(bench->edge_count, 0, 1);
    uint32_t period = 0, high = 0;
    assert_true(sim_timer_waveform(bench->chip, SIM_PORT_D, 2, &period, &high));
    assert_int_equal(period, 6);
    assert_int_equal(high, 3);
    assert_false(sim_timer_waveform(bench->chip, SIM_PORT_D, 3, &period, &high));
}

static void test_timer_toggle(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, GPIOD, 0x444B4444); /* PD4 is TIM2_CH1 */
    poke(bench, TIM2 + 0x2C, 199);
    poke(bench, TIM2 + 0x34, 50);
    poke(bench, TIM2 + 0x18, 3 << 4);
    poke(bench, TIM2 + 0x20, 1);
    watch(bench, SIM_PORT_D, 4);
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, TIM2 + 0x00, 1);
    advance(bench, 700);
    assert_int_equal(bench->edge_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_due(bench->edges[i].cycle, start + 50 + 200 * i);
        assert_int_equal(bench->edges[i].level, 1 - i % 2);
    }
}

static void test_timer_capture(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, TIM2 + 0x18, 1 << 8); /* channel 2 (PD3) captures its pin */
    poke(bench, TIM2 + 0x20, 1 << 4); /* rising */
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, TIM2 + 0x00, 1);
    advance(bench, 1234);
    uint64_t edge = sim_chip_now(bench->chip);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 3, SIM_PIN_HIGH);
    advance(bench, 100);
    assert_int_equal(peek(bench, TIM2 + 0x10) & 0x404, 4);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 3, SIM_PIN_LOW);
    assert_int_equal(peek(bench, TIM2 + 0x38), edge - start);
    assert_int_equal(peek(bench, TIM2 + 0x10) & 4, 0); /* reading clears */
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 3, SIM_PIN_HIGH);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 3, SIM_PIN_LOW);
    sim_chip_pin_drive(bench->chip, SIM_PORT_D, 3, SIM_PIN_HIGH);
    assert_int_equal(peek(bench, TIM2 + 0x10) & 0x404, 0x404); /* and over-capture */
}

static void test_timer_dma(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, GPIOC, 0x33333333);
    poke(bench, RAM + 0x400, 0x04030201);
    set_channel(bench, 5, GPIOC + 0x0C, RAM + 0x400, 4, 2 << 8 | 1 << 7 | 1 << 5 | 1 << 4);
    poke(bench, TIM1 + 0x2C, 199);
    poke(bench, TIM1 + 0x0C, 1 << 8); /* UDE */
    poke(bench, TIM1 + 0x00, 1);
    advance(bench, 250);
    assert_int_equal(peek(bench, GPIOC + 0x0C), 1);
    advance(bench, 200);
    assert_int_equal(peek(bench, GPIOC + 0x0C), 2);
    advance(bench, 600);
    assert_int_equal(peek(bench, GPIOC + 0x0C), 1);
}

/* ---- I2C1 ---------------------------------------------------------------------------------------------- */

/* A camera-like device: one address byte, then 256 registers. */
struct registers {
    uint8_t bytes[256];
    uint8_t at;
    int first, stops;
};

static int registers_start(void *context, int reading) {
    struct registers *device = context;
    device->first = !reading;
    return 1;
}

static int registers_write(void *context, uint8_t byte) {
    struct registers *device = context;
    if (device->first) {
        device->at = byte;
        device->first = 0;
    } else {
        device->bytes[device->at++] = byte;
    }
    return 1;
}

static uint8_t registers_read(void *context) {
    struct registers *device = context;
    return device->bytes[device->at++];
}

static void registers_stop(void *context) {
    ((struct registers *)context)->stops++;
}

static void start_i2c(struct bench *bench, struct registers *device) {
    struct sim_i2c_target target = {device,          0x21,           registers_start,
                                    registers_write, registers_read, registers_stop};
    assert_int_equal(sim_i2c_attach(bench->chip, &target), 0);
    enable_clocks(bench);
    poke(bench, GPIOC, 0x44444FF4); /* PC1, PC2 alternate open drain */
    poke(bench, I2C1 + 0x04, 8);
    poke(bench, I2C1 + 0x1C, 40); /* 8 MHz / 80 = 100 kHz */
    poke(bench, I2C1 + 0x00, 1);
}

static void i2c_wait(struct bench *bench, uint32_t flag) {
    for (int i = 0; i < 200 && !(peek(bench, I2C1 + 0x14) & flag); i++) {
        advance(bench, 10);
    }
    assert_true(peek(bench, I2C1 + 0x14) & flag);
}

static void i2c_address(struct bench *bench, uint32_t byte) {
    poke(bench, I2C1 + 0x00, peek(bench, I2C1 + 0x00) | 1 << 8);
    i2c_wait(bench, 1);
    poke(bench, I2C1 + 0x10, byte);
}

static void i2c_stop(struct bench *bench) {
    poke(bench, I2C1 + 0x00, peek(bench, I2C1 + 0x00) | 1 << 9);
    for (int i = 0; i < 200 && peek(bench, I2C1 + 0x18) & 2; i++) {
        advance(bench, 10);
    }
    assert_int_equal(peek(bench, I2C1 + 0x18) & 3, 0);
    assert_int_equal(peek(bench, I2C1 + 0x00) & 0x300, 0);
}

static void test_i2c_write(void **state) {
    struct bench *bench = *state;
    struct registers device = {.at = 0};
    start_i2c(bench, &device);
    i2c_address(bench, 0x42);
    uint64_t start = sim_chip_now(bench->chip);
    i2c_wait(bench, 2);
    assert_in_range(sim_chip_now(bench->chip) - start, 720, 740); /* nine bits of 80 cycles */
    assert_int_equal(peek(bench, I2C1 + 0x18), 7);                /* clears ADDR: MSL BUSY TRA */
    poke(bench, I2C1 + 0x10, 0x12);
    poke(bench, I2C1 + 0x10, 0x80);
    i2c_wait(bench, 4);
    i2c_stop(bench);
    assert_int_equal(device.bytes[0x12], 0x80);
    assert_int_equal(device.stops, 1);
    assert_silent(bench);
}

static void test_i2c_read(void **state) {
    struct bench *bench = *state;
    struct registers device = {.bytes = {[5] = 0x76, [6] = 0x73, [7] = 0x99}};
    start_i2c(bench, &device);
    i2c_address(bench, 0x42);
    i2c_wait(bench, 2);
    (void)peek(bench, I2C1 + 0x18);
    poke(bench, I2C1 + 0x10, 5);
    i2c_wait(bench, 4);
    poke(bench, I2C1 + 0x00, 1 | 1 << 10); /* ACK */
    i2c_address(bench, 0x43);
    i2c_wait(bench, 2);
    assert_int_equal(peek(bench, I2C1 + 0x18), 3); /* receiver */
    i2c_wait(bench, 0x40);
    assert_int_equal(peek(bench, I2C1 + 0x10), 0x76);
    poke(bench, I2C1 + 0x00, 1 | 1 << 9); /* NACK and stop after the next */
    i2c_wait(bench, 0x40);
    assert_int_equal(peek(bench, I2C1 + 0x10), 0x73);
    i2c_stop(bench);
    assert_int_equal(device.at, 7);
}

static void test_i2c_no_answer(void **state) {
    struct bench *bench = *state;
    struct registers device = {.at = 0};
    start_i2c(bench, &device);
    i2c_address(bench, 0x60);
    i2c_wait(bench, 1 << 10); /* AF */
    assert_int_equal(peek(bench, I2C1 + 0x14) & 2, 0);
    i2c_stop(bench);
    poke(bench, I2C1 + 0x14, 0);
    assert_int_equal(peek(bench, I2C1 + 0x14) & 1 << 10, 0);
}

static void on_transfer(void *context, int acknowledged) {
    *(int *)context = acknowledged;
}

static void test_i2c_slave(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, I2C1 + 0x08, 0x30 << 1);
    poke(bench, I2C1 + 0x00, 1 | 1 << 10);
    uint8_t bytes[2] = {0xAB, 0xCD};
    int done = -9;
    struct sim_i2c_transfer transfer = {
        .address = 0x31, .bytes = bytes, .size = 2, .bit_cycles = 80, .context = &done, .done = on_transfer};
    assert_int_equal(sim_i2c_master(bench->chip, &transfer), 0);
    advance(bench, 1000);
    assert_int_equal(done, -1); /* not its address */
    transfer.address = 0x30;
    assert_int_equal(sim_i2c_master(bench->chip, &transfer), 0);
    assert_true(sim_i2c_master(bench->chip, &transfer) < 0); /* busy */
    i2c_wait(bench, 2);
    assert_int_equal(peek(bench, I2C1 + 0x18), 2);
    i2c_wait(bench, 0x40);
    assert_int_equal(peek(bench, I2C1 + 0x10), 0xAB);
    i2c_wait(bench, 0x40);
    assert_int_equal(peek(bench, I2C1 + 0x10), 0xCD);
    i2c_wait(bench, 0x10); /* STOPF */
    poke(bench, I2C1 + 0x00, 1 | 1 << 10);
    assert_int_equal(peek(bench, I2C1 + 0x14) & 0x10, 0);
    assert_int_equal(done, 2);
    transfer.reading = 1;
    assert_int_equal(sim_i2c_master(bench->chip, &transfer), 0);
    i2c_wait(bench, 2);
    assert_int_equal(peek(bench, I2C1 + 0x18), 6);
    poke(bench, I2C1 + 0x10, 0x55);
    i2c_wait(bench, 0x80);
    poke(bench, I2C1 + 0x10, 0x66);
    advance(bench, 3000);
    assert_int_equal(done, 2);
    assert_int_equal(bytes[0] << 8 | bytes[1], 0x5566);
}

/* ---- watchdogs ----------------------------------------------------------------------------------------- */

static void test_iwdg_reset(void **state) {
    struct bench *bench = *state;
    poke(bench, IWDG + 0x04, 1);
    assert_reported(bench, "0x5555");
    poke(bench, IWDG + 0x00, 0x5555);
    poke(bench, IWDG + 0x04, 1);   /* LSI / 8 */
    poke(bench, IWDG + 0x08, 127); /* 128 * 8 / 128 kHz = 8 ms = 64,000 cycles at 8 MHz */
    poke(bench, IWDG + 0x00, 0xCCCC);
    poke(bench, RCC + 0x24, 1 << 24 | 1);
    advance(bench, 60000);
    poke(bench, IWDG + 0x00, 0xAAAA);
    advance(bench, 63900);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 29, 0);
    assert_int_equal(peek(bench, IWDG + 0x08), 127);
    advance(bench, 200);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 29, 1 << 29);
    assert_int_equal(peek(bench, IWDG + 0x08), 0xFFF);
}

/* The watchdog counts time, not cycles of HCLK. */
static void test_iwdg_keeps_time(void **state) {
    struct bench *bench = *state;
    poke(bench, IWDG + 0x00, 0x5555);
    poke(bench, IWDG + 0x04, 1);
    poke(bench, IWDG + 0x08, 127);
    poke(bench, IWDG + 0x00, 0xCCCC);
    poke(bench, RCC + 0x24, 1 << 24 | 1);
    advance(bench, 32000);         /* 4 ms at 8 MHz */
    poke(bench, RCC + 0x04, 0x00); /* 24 MHz: 4 ms are 96,000 cycles */
    advance(bench, 95800);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 29, 0);
    advance(bench, 400);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 29, 1 << 29);
}

static void test_wwdg(void **state) {
    struct bench *bench = *state;
    enable_clocks(bench);
    poke(bench, WWDG + 0x04, 0x60 | 1 << 9); /* window 0x60, early warning */
    poke(bench, WWDG + 0x00, 0x80 | 0x7F);
    advance(bench, 4096 * 63 - 100); /* 0x7F - 63 = 0x40 */
    assert_int_equal(peek(bench, WWDG + 0x08), 0);
    advance(bench, 200);
    assert_int_equal(peek(bench, WWDG + 0x08), 1);
    assert_int_equal(peek(bench, WWDG + 0x00), 0x80 | 0x40);
    assert_int_equal(peek(bench, PFIC + 0x020), 1 << 16);
    poke(bench, WWDG + 0x00, 0x80 | 0x7F); /* fed in time */
    advance(bench, 4096 * 3);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 30, 0);
    poke(bench, WWDG + 0x00, 0x80 | 0x7F); /* too early: still above the window */
    advance(bench, 10);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 30, 1 << 30);
    enable_clocks(bench);
    poke(bench, RCC + 0x24, 1 << 24);
    poke(bench, WWDG + 0x00, 0x80 | 0x41); /* reset two counts later */
    advance(bench, 4096 * 2 - 100);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 30, 0);
    advance(bench, 200);
    assert_int_equal(peek(bench, RCC + 0x24) & 1 << 30, 1 << 30);
}

/* ---- debug printf -------------------------------------------------------------------------------------- */

static void test_debug_printf(void **state) {
    struct bench *bench = *state;
    poke(bench, DMDATA + 4, 0);
    poke(bench, DMDATA, 0x80); /* set-up: nothing to print */
    assert_int_equal(peek(bench, DMDATA), 0);
    assert_int_equal(bench->byte_count, 0);
    poke(bench, DMDATA + 4, 0x676F6C20); /* " log" */
    poke(bench, DMDATA, 0x0A63620B | 0x80);
    assert_int_equal(peek(bench, DMDATA), 0);
    assert_int_equal(bench->byte_count, 7);
    assert_memory_equal(bench->bytes, "bc\n log", 7);
    poke(bench, DMDATA, 0x6B6F00 | 0x86); /* two bytes; the third is not text */
    assert_int_equal(bench->byte_count, 9);
    assert_memory_equal(bench->bytes + 7, "ok", 2);
    bench->input = "hello world";
    poke(bench, DMDATA, 0x84); /* asks for input */
    assert_int_equal(peek(bench, DMDATA), 0x6C656800 | 11);
    assert_int_equal(peek(bench, DMDATA + 4), 0x77206F6C);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_reset_values),
        TEST(test_clock_to_48mhz),
        TEST(test_pll_takes_time),
        TEST(test_crystal),
        TEST(test_clock_off_is_reported),
        TEST(test_peripheral_reset),
        TEST(test_unmodelled_is_named),
        TEST(test_systick_counts),
        TEST(test_systick_compare),
        TEST(test_systick_beyond_compare),
        TEST(test_systick_interrupts),
        TEST(test_pfic_registers),
        TEST(test_software_reset),
        TEST(test_flash_page),
        TEST(test_flash_busy_time),
        TEST(test_flash_programming_clears_bits_only),
        TEST(test_flash_halfword_and_sector),
        TEST(test_flash_locks),
        TEST(test_option_bytes_and_write_protection),
        TEST(test_signature),
        TEST(test_gpio_output),
        TEST(test_gpio_input_and_pulls),
        TEST(test_gpio_open_drain),
        TEST(test_gpio_lock),
        TEST(test_exti_edges),
        TEST(test_usart_byte_time),
        TEST(test_usart_flags_and_interrupt),
        TEST(test_usart_without_pin),
        TEST(test_usart_receives_channel),
        TEST(test_usart_overrun),
        TEST(test_usart_receives_pin),
        TEST(test_usart_parity),
        TEST(test_usart_remap),
        TEST(test_dma_memory_to_memory),
        TEST(test_dma_restart),
        TEST(test_dma_sizes),
        TEST(test_dma_circular_receive),
        TEST(test_dma_send),
        TEST(test_dma_priority_and_error),
        TEST(test_timer_counts),
        TEST(test_timer_update_and_compare_flags),
        TEST(test_timer_preload),
        TEST(test_timer_repetition),
        TEST(test_timer_one_pulse),
        TEST(test_timer_pwm),
        TEST(test_timer_fast_output),
        TEST(test_timer_toggle),
        TEST(test_timer_capture),
        TEST(test_timer_dma),
        TEST(test_i2c_write),
        TEST(test_i2c_read),
        TEST(test_i2c_no_answer),
        TEST(test_i2c_slave),
        TEST(test_iwdg_reset),
        TEST(test_iwdg_keeps_time),
        TEST(test_wwdg),
        TEST(test_debug_printf),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
