/* SPDX-License-Identifier: MIT */
/* Several chips in one time, the serial wire between them, and the files that describe boards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "sim/board.h"
#include "sim/peripherals.h"
#include "sim/world.h"

enum { USART = 0x40013800, STATR = 0, DATAR = 4, BRR = 8, CTLR1 = 12, CHIPS = 2, BYTES_MOST = 4096 };

struct bench {
    struct sim_chip *chips[CHIPS];
    struct sim_world world;
    struct sim_serial_wire wire;
    uint8_t got[BYTES_MOST];
    size_t count;
};

static uint32_t peek(struct sim_chip *chip, uint32_t address) {
    uint32_t value = 0;
    assert_int_equal(sim_chip_bus_read(chip, address, 4, &value), 0);
    return value;
}

static void poke(struct sim_chip *chip, uint32_t address, uint32_t value) {
    assert_int_equal(sim_chip_bus_write(chip, address, 4, value), 0);
}

/* Two chips at 8 MHz that turn in circles, their serial lines at 9600 baud. */
static void make_bench(struct bench *bench, const struct sim_damage *damage, int32_t ppm) {
    static const uint8_t loop[] = {0x01, 0x00, 0x01, 0x00, 0xF5, 0xBF};
    const struct sim_pin tx = {SIM_PORT_D, 5}, rx = {SIM_PORT_D, 6};
    *bench = (struct bench){.wire.damage = *damage};
    struct sim_world_chip *seats[CHIPS];
    for (uint32_t i = 0; i < CHIPS; i++) {
        assert_int_equal(sim_ch32v003_create(&bench->chips[i], NULL), 0);
        sim_chip_poke(bench->chips[i], SIM_FLASH_BASE, loop, sizeof loop);
        sim_chip_reset(bench->chips[i]);
        poke(bench->chips[i], 0x40021018, 0x4020); /* USART1, port D */
        poke(bench->chips[i], 0x40011400, 0x44B44444);
        poke(bench->chips[i], USART + BRR, 833);
        poke(bench->chips[i], USART + CTLR1, 0x200C);
        seats[i] = sim_world_add(&bench->world, bench->chips[i], i ? ppm : 0);
    }
    sim_world_wire(&bench->world, &bench->wire, seats[0], tx, seats[1], rx, 9600);
}

static void end_bench(struct bench *bench) {
    sim_serial_wire_free(&bench->wire);
    for (uint32_t i = 0; i < CHIPS; i++) sim_chip_free(bench->chips[i]);
}

static void run_world(struct bench *bench, uint64_t milliseconds) {
    uint64_t end = bench->world.time + milliseconds * SIM_WORLD_MS;
    while (bench->world.time < end) {
        assert_int_equal(sim_world_run(&bench->world), 0);
        if (peek(bench->chips[1], USART + STATR) & 0x20 && bench->count < BYTES_MOST)
            bench->got[bench->count++] = (uint8_t)peek(bench->chips[1], USART + DATAR);
    }
}

static void send_bytes(struct bench *bench, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        while (!(peek(bench->chips[0], USART + STATR) & 0x80)) run_world(bench, 1);
        poke(bench->chips[0], USART + DATAR, i & 255);
    }
    run_world(bench, 120); /* what was inserted holds up the rest */
}

/* Both chips keep the same time, within an instruction, and bytes arrive as they were sent. */
static void test_wire(void **state) {
    struct bench bench;
    const struct sim_damage none = {0};
    (void)state;
    make_bench(&bench, &none, 0);
    send_bytes(&bench, 300);
    assert_int_equal(bench.count, 300);
    for (uint32_t i = 0; i < 300; i++) assert_int_equal(bench.got[i], i & 255);
    assert_in_range(sim_chip_now(bench.chips[0]), sim_chip_now(bench.chips[1]) - 8,
                    sim_chip_now(bench.chips[1]) + 8);
    assert_in_range(sim_chip_now(bench.chips[0]), bench.world.time / 125000,
                    bench.world.time / 125000 + 16); /* 125 ns a cycle */
    assert_int_equal(bench.wire.bytes, 300);
    assert_int_equal(bench.wire.damaged, 0);
    end_bench(&bench);
}

/* An oscillator 1% fast is 1% ahead; bytes still arrive. One 8% off reads other bytes. */
static void test_oscillators(void **state) {
    struct bench bench;
    const struct sim_damage none = {0};
    (void)state;
    make_bench(&bench, &none, 10000);
    send_bytes(&bench, 100);
    assert_int_equal(bench.count, 100);
    for (uint32_t i = 0; i < 100; i++) assert_int_equal(bench.got[i], i);
    assert_in_range(sim_chip_now(bench.chips[1]), sim_chip_now(bench.chips[0]) * 101 / 100 - 50,
                    sim_chip_now(bench.chips[0]) * 101 / 100 + 50);
    end_bench(&bench);
    make_bench(&bench, &none, 0);
    poke(bench.chips[1], USART + BRR, 770);
    send_bytes(&bench, 100);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < bench.count; i++) wrong += bench.got[i] != i;
    assert_true(wrong > 10);
    end_bench(&bench);
}

static size_t damaged_run(const struct sim_damage *damage, uint8_t *got, uint64_t *damaged) {
    struct bench bench;
    make_bench(&bench, damage, 0);
    send_bytes(&bench, 1000);
    memcpy(got, bench.got, bench.count);
    *damaged = bench.wire.damaged;
    size_t count = bench.count;
    end_bench(&bench);
    return count;
}

static void test_damage(void **state) {
    static uint8_t once[BYTES_MOST], again[BYTES_MOST], other[BYTES_MOST];
    uint64_t damaged, same, different;
    struct sim_damage damage = {.drop = 50000, .seed = 1};
    (void)state;
    size_t count = damaged_run(&damage, once, &damaged);
    assert_in_range(damaged, 25, 75);
    assert_int_equal(count, 1000 - damaged);
    assert_int_equal(damaged_run(&damage, again, &same), count);
    assert_memory_equal(once, again, count);
    damage.seed = 2;
    size_t other_count = damaged_run(&damage, other, &different);
    assert_true(other_count != count || memcmp(once, other, count));
    damage = (struct sim_damage){.insert = 50000, .seed = 1};
    count = damaged_run(&damage, once, &damaged);
    assert_int_equal(count, 1000 + damaged);
    damage = (struct sim_damage){.flip = 50000, .seed = 1};
    assert_int_equal(damaged_run(&damage, once, &damaged), 1000);
    size_t wrong = 0;
    for (size_t i = 0; i < 1000; i++) wrong += once[i] != (i & 255);
    assert_int_equal(wrong, damaged);
}

/* ---- board files --------------------------------------------------------------------------------------- */

static void test_boards_of_the_house(void **state) {
    struct sim_board board;
    (void)state;
    assert_int_equal(sim_board_read("boards/two-minis.yaml", &board), 0);
    assert_int_equal(board.chip_count, 2);
    assert_int_equal(board.camera_count, 1);
    assert_string_equal(board.chips[0].application, "camera");
    assert_int_equal(board.cameras[0].settings.noise, 32);
    assert_int_equal(board.cameras[0].settings.data[1].port, SIM_PORT_A);
    assert_int_equal(board.wires[0].to, 1);
    assert_int_equal(board.wires[0].rx.number, 6);
    assert_int_equal(board.displays[0].chip, 1);
    sim_board_free(&board);
    assert_int_equal(sim_board_read("boards/one-mini.yaml", &board), 0);
    assert_int_equal(board.displays[0].shifted, 1);
    assert_int_equal(board.cameras[0].settings.data[2].port, SIM_PIN_UNWIRED);
    sim_board_free(&board);
}

static void test_board_mistakes(void **state) {
    static const struct {
        const char *text, *message;
    } mistakes[] = {
        {"", "b.yaml, line 1: expected a board"},
        {"chips: {a: {}}\nbuttoms: []\n",
         "b.yaml, line 2: key 'buttoms' is unknown; did you mean 'buttons'?"},
        {"chips: {a: {}}\nleds:\n  - {chip: a, pin: PB1}\n", "line 3: pin: PB1; expected a pin such as PC0"},
        {"chips: {a: {}}\nleds:\n  - {chip: b, pin: PC1}\n", "line 3: chip: b: no chip of that name"},
        {"chips: {a: {}}\nleds:\n  - chip: a\n", "line 3: key 'pin' is missing"},
        {"chips: {a: {}}\nleds:\n  - chip: a\n    chip: a\n", "line 4: key 'chip' is given twice"},
        {"chips: {a: {}}\ndisplays:\n  - {chip: a}\n", "either 'segments', seven pins, or 'shift_register'"},
        {"chips: {a: {clock_ppm: 40000}}\n", "clock_ppm: 40000; expected a whole number, -30000..30000"},
        {"chips: {a: {}, a: {}}\n", "line 1: chips: 'a' is given twice"},
        {"chips: [\n", "line 2: not valid YAML"},
        {"leds: []\n", "line 1: key 'chips' is missing"},
        {"chips: {a: {}}\nwires:\n  - {from: a.PD5, to: a.PD6, drop: 99}\n",
         "drop: 99; expected a number, 0..30"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        struct sim_board board;
        assert_true(sim_board_parse("b.yaml", mistakes[i].text, strlen(mistakes[i].text), &board) < 0);
        if (!strstr(dime_error_message(), mistakes[i].message))
            fail_msg("%s\ninstead of %s", dime_error_message(), mistakes[i].message);
        sim_board_free(&board);
    }
}

static void test_firmware_beside_the_board(void **state) {
    static const char text[] = "leds: [{chip: a, pin: PD6}]\nchips:\n  a: {firmware: a.elf}\n";
    struct sim_board board;
    (void)state;
    assert_int_equal(sim_board_parse("some/where.yaml", text, strlen(text), &board), 0);
    assert_string_equal(board.chips[0].firmware, "some/a.elf");
    sim_board_free(&board);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wire),           cmocka_unit_test(test_oscillators),
        cmocka_unit_test(test_damage),         cmocka_unit_test(test_boards_of_the_house),
        cmocka_unit_test(test_board_mistakes), cmocka_unit_test(test_firmware_beside_the_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
