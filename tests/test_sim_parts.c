/* SPDX-License-Identifier: MIT */
/* Parts that are wired to a simulated chip's pins: push button and serial line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/button.h"
#include "sim/chip.h"
#include "sim/peripherals.h"
#include "sim/uart_wire.h"

enum { SLACK = 8, RECORDS = 64 };

struct bench {
    struct sim_chip *chip;
    struct sim_uart_wire wire;
    struct sim_button button;
    uint8_t bytes[RECORDS];
    uint64_t cycles[RECORDS];
    int errors;
    size_t byte_count;
    uint64_t edges[RECORDS];
    size_t edge_count;
};

static void on_byte(void *context, uint64_t cycle, uint8_t byte, int framing_error) {
    struct bench *bench = context;
    bench->errors += framing_error;
    if (bench->byte_count < RECORDS) {
        bench->cycles[bench->byte_count] = cycle;
        bench->bytes[bench->byte_count++] = byte;
    }
}

static void on_pin(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct bench *bench = context;
    (void)level;
    if (port == SIM_PORT_D && number == 2 && bench->edge_count < RECORDS) {
        bench->edges[bench->edge_count++] = cycle;
    }
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

/* A chip that runs c.nop, c.nop, c.j for ever, at 8 MHz, its ports clocked. */
static int setup(void **state) {
    static const uint8_t loop[] = {0x01, 0x00, 0x01, 0x00, 0xF5, 0xBF};
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    *state = bench;
    assert_int_equal(sim_ch32v003_create(&bench->chip, NULL), 0);
    sim_chip_poke(bench->chip, SIM_FLASH_BASE, loop, sizeof loop);
    sim_chip_reset(bench->chip);
    poke(bench, 0x40021018, 0x4020); /* USART1, port D */
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    sim_uart_wire_free(&bench->wire);
    sim_chip_free(bench->chip);
    free(bench);
    return 0;
}

static void start_line(struct bench *bench, uint32_t baud, uint32_t divider) {
    static const uint32_t tx[2] = {SIM_PORT_D, 5}, rx[2] = {SIM_PORT_D, 6};
    poke(bench, 0x40011400, 0x44B44444);
    poke(bench, 0x40013808, divider);
    poke(bench, 0x4001380C, 0x200C);
    sim_uart_wire_attach(&bench->wire, bench->chip, baud, tx, rx, on_byte, bench);
}

static void test_line_from_chip(void **state) {
    struct bench *bench = *state;
    start_line(bench, 9600, 833); /* 8 MHz / 9600 */
    uint64_t start = sim_chip_now(bench->chip);
    poke(bench, 0x40013804, 0xA5);
    poke(bench, 0x40013804, 0x00);
    advance(bench, 25 * 833);
    assert_int_equal(bench->byte_count, 2);
    assert_int_equal(bench->errors, 0);
    assert_int_equal(bench->bytes[0], 0xA5);
    assert_int_equal(bench->bytes[1], 0x00);
    assert_in_range(bench->cycles[0], start + 7916, start + 7916 + SLACK); /* 9.5 bits of 833.33 */
}

static void test_line_to_chip(void **state) {
    struct bench *bench = *state;
    start_line(bench, 9600, 833);
    static const uint8_t text[] = {0x42, 0xFF, 0x00};
    assert_int_equal(sim_uart_wire_send(&bench->wire, text, sizeof text), 0);
    for (size_t i = 0; i < sizeof text; i++) {
        advance(bench, 8334);
        assert_int_equal(peek(bench, 0x40013800) & 0x2F, 0x20);
        assert_int_equal(peek(bench, 0x40013804), text[i]);
    }
    advance(bench, 20000);
    assert_int_equal(peek(bench, 0x40013800) & 0x20, 0);
    assert_int_equal(sim_uart_wire_send(&bench->wire, text, 1), 0); /* once more, from idle */
    advance(bench, 8334);
    assert_int_equal(peek(bench, 0x40013804), 0x42);
}

/* Twice the speed on one side: what arrives is not what was sent, on either side. */
static void test_wrong_baud(void **state) {
    struct bench *bench = *state;
    start_line(bench, 19200, 833);
    poke(bench, 0x40013804, 0x42);
    advance(bench, 15 * 833);
    assert_true(bench->byte_count > 0);
    assert_int_not_equal(bench->bytes[0], 0x42);
    assert_true(bench->errors > 0);
    assert_int_equal(sim_uart_wire_send(&bench->wire, (const uint8_t[]){0x42}, 1), 0);
    advance(bench, 15 * 833);
    assert_int_not_equal(peek(bench, 0x40013804), 0x42);
}

static void attach_button(struct bench *bench, uint32_t bounce_us) {
    poke(bench, 0x40011400, 0x44444844); /* PD2 with pull-up */
    poke(bench, 0x4001140C, 4);
    sim_chip_pin_listen(bench->chip, on_pin, bench);
    sim_button_attach(&bench->button, bench->chip, SIM_PORT_D, 2, SIM_PIN_LOW, bounce_us);
}

static void test_button(void **state) {
    struct bench *bench = *state;
    attach_button(bench, 0);
    uint64_t now = sim_chip_now(bench->chip);
    sim_button_press(&bench->button, now + 1000, 5000);
    advance(bench, 900);
    assert_int_equal(peek(bench, 0x40011408) & 4, 4);
    advance(bench, 200);
    assert_int_equal(peek(bench, 0x40011408) & 4, 0);
    advance(bench, 4800);
    assert_int_equal(peek(bench, 0x40011408) & 4, 0);
    advance(bench, 200);
    assert_int_equal(peek(bench, 0x40011408) & 4, 4);
    assert_int_equal(bench->edge_count, 2);
    assert_int_equal(bench->button.presses, 1);
}

/* 1 ms of bouncing at 8 MHz: eight changes, 1000 cycles apart, after the first contact. */
static void test_button_bounces(void **state) {
    struct bench *bench = *state;
    attach_button(bench, 1000);
    uint64_t now = sim_chip_now(bench->chip);
    sim_button_press(&bench->button, now + 1000, 40000);
    advance(bench, 20000);
    assert_int_equal(bench->edge_count, 9);
    for (size_t i = 1; i < 9; i++) {
        assert_in_range(bench->edges[i] - bench->edges[0], 1000 * i, 1000 * i + SLACK * i);
    }
    assert_int_equal(peek(bench, 0x40011408) & 4, 0);
    advance(bench, 40000);
    assert_int_equal(bench->edge_count, 18);
    assert_int_equal(peek(bench, 0x40011408) & 4, 4);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_line_from_chip), TEST(test_line_to_chip),   TEST(test_wrong_baud),
        TEST(test_button),         TEST(test_button_bounces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
