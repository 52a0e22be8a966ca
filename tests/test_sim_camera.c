/* SPDX-License-Identifier: MIT */
/* The simulated camera: its registers over SCCB, its time, its picture; and what may hang beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/chip.h"
#include "sim/display.h"
#include "sim/ov7670.h"
#include "sim/peripherals.h"
#include "sim/shift_register.h"

enum {
    LINES_MOST = 600,
    BYTES_MOST = 1400,
    RCC_APB2PCENR = 0x40021018,
    PORT_C = 0x40011000,
    PORT_D = 0x40011400,
    CFGLR = 0x00,
    INDR = 0x08,
    OUTDR = 0x0C,
    TIM1 = 0x40012C00,
    SDA = 1 << 1,
    SCL = 1 << 2,
};

/* What came out of the camera, as a program that never sleeps would see it. */
struct bench {
    struct sim_chip *chip;
    struct sim_ov7670 camera;
    uint8_t bytes[LINES_MOST][BYTES_MOST];
    uint32_t lengths[LINES_MOST];
    uint32_t lines, runts;
    uint64_t vsync[8], vsync_fall;
    uint32_t frames;
    int href;
    struct sim_shift_register parts;
    struct sim_display display;
};

static const struct sim_ov7670_settings wiring = {
    .sda = {SIM_PORT_C, 1},
    .scl = {SIM_PORT_C, 2},
    .xclk = {SIM_PORT_D, 2},
    .vsync = {SIM_PORT_D, 4},
    .href = {SIM_PORT_D, 3},
    .pclk = {SIM_PORT_D, 0},
    .data = {{SIM_PORT_C, 0},
             {SIM_PORT_A, 1},
             {SIM_PORT_A, 2},
             {SIM_PORT_C, 3},
             {SIM_PORT_C, 4},
             {SIM_PORT_C, 5},
             {SIM_PORT_C, 6},
             {SIM_PORT_C, 7}},
    .exposure = SIM_EXPOSURE_FIXED,
    .padding = 1,
    .seed = 7,
};

static void poke(struct bench *bench, uint32_t address, uint32_t value) {
    assert_int_equal(sim_chip_bus_write(bench->chip, address, 4, value), 0);
}

static uint32_t peek(struct bench *bench, uint32_t address) {
    uint32_t value = 0;
    assert_int_equal(sim_chip_bus_read(bench->chip, address, 4, &value), 0);
    return value;
}

static void advance(struct bench *bench, uint64_t cycles) {
    struct sim_limits limits = {.cycles = sim_chip_now(bench->chip) + cycles, .instructions = UINT64_MAX};
    assert_int_equal(sim_chip_run(bench->chip, &limits), SIM_STOP_CYCLES);
}

/* ---- listening ----------------------------------------------------------------------------------------- */

static uint8_t data_lines(const struct bench *bench) {
    uint8_t value = 0;
    for (uint32_t bit = 0; bit < 8; bit++)
        value |=
            (uint8_t)((sim_chip_pin_level(bench->chip, wiring.data[bit].port, wiring.data[bit].number) == 1)
                      << bit);
    return value;
}

static void pclk_rose(struct bench *bench) {
    if (!bench->href) {
        bench->runts++;
        return;
    }
    if (!bench->frames || !bench->lines || bench->lines > LINES_MOST) return;
    uint32_t *length = &bench->lengths[bench->lines - 1];
    if (*length < BYTES_MOST) bench->bytes[bench->lines - 1][(*length)++] = data_lines(bench);
}

static void vsync_rose(struct bench *bench, uint64_t cycle) {
    if (bench->frames < 8) bench->vsync[bench->frames] = cycle;
    bench->frames++;
    bench->lines = 0;
    memset(bench->lengths, 0, sizeof bench->lengths);
}

static void on_pin(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    struct bench *bench = context;
    if (port != SIM_PORT_D) return;
    if (number == 0 && level == 1) pclk_rose(bench);
    if (number == 3) {
        bench->href = level == 1;
        bench->lines += bench->href && bench->frames && bench->lines < LINES_MOST;
    }
    if (number == 4 && level == 1) vsync_rose(bench, cycle);
    if (number == 4 && level == 0) bench->vsync_fall = cycle;
}

/* ---- a master on the bus, driven from here ------------------------------------------------------------- */

static void lines(struct bench *bench, int scl, int sda) {
    poke(bench, PORT_C + OUTDR, (uint32_t)((scl ? SCL : 0) | (sda ? SDA : 0)));
}

static void start(struct bench *bench) {
    lines(bench, 1, 1);
    lines(bench, 1, 0);
    lines(bench, 0, 0);
}

static void stop(struct bench *bench) {
    lines(bench, 0, 0);
    lines(bench, 1, 0);
    lines(bench, 1, 1);
}

/* Returns whether the slave acknowledged. */
static int send(struct bench *bench, uint8_t byte) {
    for (int bit = 7; bit >= 0; bit--) {
        lines(bench, 0, byte >> bit & 1);
        lines(bench, 1, byte >> bit & 1);
        lines(bench, 0, byte >> bit & 1);
    }
    lines(bench, 0, 1);
    lines(bench, 1, 1);
    int acknowledged = !(peek(bench, PORT_C + INDR) & SDA);
    lines(bench, 0, 1);
    return acknowledged;
}

static uint8_t receive(struct bench *bench) {
    uint8_t byte = 0;
    for (int bit = 0; bit < 8; bit++) {
        lines(bench, 1, 1);
        byte = (uint8_t)(byte << 1 | !!(peek(bench, PORT_C + INDR) & SDA));
        lines(bench, 0, 1);
    }
    lines(bench, 1, 1);
    lines(bench, 0, 1);
    return byte;
}

static int write_register(struct bench *bench, uint8_t number, uint8_t value) {
    start(bench);
    int all = send(bench, 0x42);
    all &= send(bench, number);
    all &= send(bench, value);
    stop(bench);
    return all;
}

static uint8_t read_register(struct bench *bench, uint8_t number) {
    start(bench);
    assert_true(send(bench, 0x42));
    assert_true(send(bench, number));
    stop(bench);
    start(bench);
    assert_true(send(bench, 0x43));
    uint8_t value = receive(bench);
    stop(bench);
    return value;
}

/* ---- set-up -------------------------------------------------------------------------------------------- */

static int setup(void **state) {
    static const uint8_t loop[] = {0x01, 0x00, 0x01, 0x00, 0xF5, 0xBF}; /* c.nop, c.nop, c.j */
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    *state = bench;
    assert_int_equal(sim_ch32v003_create(&bench->chip, NULL), 0);
    sim_chip_poke(bench->chip, SIM_FLASH_BASE, loop, sizeof loop);
    sim_chip_reset(bench->chip);
    poke(bench, RCC_APB2PCENR, 1 << 2 | 1 << 4 | 1 << 5 | 1 << 11); /* ports A, C, D and TIM1 */
    poke(bench, PORT_C + OUTDR, SDA | SCL);
    poke(bench, PORT_C + CFGLR, 0x44444664); /* PC1 and PC2: open drain */
    sim_ov7670_attach(&bench->camera, bench->chip, &wiring);
    sim_chip_pin_listen(bench->chip, on_pin, bench);
    return 0;
}

static int teardown(void **state) {
    struct bench *bench = *state;
    sim_chip_free(bench->chip);
    sim_display_free(&bench->display);
    free(bench);
    return 0;
}

/* XCLK on PD2: TIM1 channel 1, a period of 6 cycles. */
static void start_clock(struct bench *bench) {
    poke(bench, PORT_D + CFGLR, 0x44444B44);
    poke(bench, TIM1 + 0x2C, 5);
    poke(bench, TIM1 + 0x34, 3);
    poke(bench, TIM1 + 0x18, 0x60);
    poke(bench, TIM1 + 0x20, 1);
    poke(bench, TIM1 + 0x44, 0x8000);
    poke(bench, TIM1 + 0x00, 1);
}

static void configure(struct bench *bench, const uint8_t (*pairs)[2], size_t count) {
    for (size_t i = 0; i < count; i++) assert_true(write_register(bench, pairs[i][0], pairs[i][1]));
}

/* A quarter each way, PCLK a quarter of 4 MHz and still between lines. */
static void configure_quarter(struct bench *bench) {
    static const uint8_t pairs[][2] = {
        {SIM_OV7670_CLKRC, 0x81},    {SIM_OV7670_COM3, 0x04},
        {SIM_OV7670_COM14, 0x1A},    {SIM_OV7670_DCWCTR, 0x22},
        {SIM_OV7670_PCLK_DIV, 0xF2}, {SIM_OV7670_HSTART, 182 >> 3},
        {SIM_OV7670_HSTOP, 46 >> 3}, {SIM_OV7670_HREF, (182 & 7) | (46 & 7) << 3},
        {SIM_OV7670_VSTART, 0},      {SIM_OV7670_VSTOP, 122},
        {SIM_OV7670_VREF, 0},        {SIM_OV7670_TSLB, 0x04},
        {SIM_OV7670_COM10, 0x20},
    };
    start_clock(bench);
    advance(bench, 30000);
    configure(bench, pairs, sizeof pairs / sizeof *pairs);
}

enum { FRAME = 784 * 2 * 510 * 12 };

/* ---- tests --------------------------------------------------------------------------------------------- */

static void test_registers(void **state) {
    struct bench *bench = *state;
    start_clock(bench);
    assert_int_equal(read_register(bench, 0x0A), 0x76);
    assert_int_equal(read_register(bench, 0x0B), 0x73);
    assert_true(write_register(bench, 0x15, 0x20));
    assert_int_equal(read_register(bench, 0x15), 0x20);
    assert_true(write_register(bench, 0x12, 0x80)); /* COM7: reset */
    assert_int_equal(read_register(bench, 0x15), 0);
    start(bench);
    assert_false(send(bench, 0x44)); /* somebody else's address */
    stop(bench);
    assert_int_equal(read_register(bench, 0x1C), 0x7F);
}

static void test_no_clock_no_answer(void **state) {
    struct bench *bench = *state;
    start(bench);
    assert_false(send(bench, 0x42));
    stop(bench);
    advance(bench, 100000);
    assert_int_equal(bench->frames, 0);
    start_clock(bench);
    start(bench);
    assert_true(send(bench, 0x42));
    stop(bench);
}

static void test_frame_timing(void **state) {
    struct bench *bench = *state;
    configure_quarter(bench);
    advance(bench, 2 * FRAME + FRAME / 2);
    assert_true(bench->frames >= 2);
    uint32_t last = bench->frames - 1;
    assert_in_range(bench->vsync[last] - bench->vsync[last - 1], FRAME - 8, FRAME + 8);
    assert_in_range(bench->vsync_fall - bench->vsync[last], 3 * 784 * 24 - 8, 3 * 784 * 24 + 8);
    advance(bench, FRAME / 2 - 60000); /* the last line is long over */
    assert_int_equal(bench->lines, 122);
    for (uint32_t line = 0; line < 122; line++) assert_int_equal(bench->lengths[line], 2 * 162);
    assert_true(bench->runts > 122); /* one after each line */
}

/* Grey levels that differ in every pixel of the output, one output pixel being 4x4 of the sensor. */
static void test_picture(void **state) {
    struct bench *bench = *state;
    static uint8_t photo[120 * 160];
    for (uint32_t i = 0; i < sizeof photo; i++) photo[i] = (uint8_t)(i * 37 + i / 160 * 11);
    sim_ov7670_show(&bench->camera, photo, 160, 120);
    configure_quarter(bench);
    advance(bench, 2 * FRAME - 60000);
    assert_int_equal(bench->lines, 122);
    for (uint32_t line = 2; line < 121;
         line++) /* the window begins ten rows early: garbage, then 120 lines */
        for (uint32_t x = 0; x < 160; x++) {
            /* rows line * 4 - 10 .. + 3 of the sensor: half of one photo row, half of the next */
            uint32_t above = photo[(line - 3 + (line == 2)) * 160 + x], below = photo[(line - 2) * 160 + x];
            uint32_t both = line == 2 ? below : (2 * above + 2 * below + 2) / 4;
            assert_in_range(bench->bytes[line][1 + 2 * x] + 1, both, both + 2);
            assert_int_equal(bench->bytes[line][2 + 2 * x], 128);
        }
}

static void test_colour_bar(void **state) {
    struct bench *bench = *state;
    configure_quarter(bench);
    assert_true(write_register(bench, SIM_OV7670_COM17, 0x08));
    advance(bench, 2 * FRAME - 60000);
    assert_int_equal(bench->lines, 122);
    for (uint32_t bar = 1; bar < 8; bar++) {
        const uint8_t *line = bench->bytes[60];
        assert_true(line[1 + 2 * (20 * bar + 10)] < line[1 + 2 * (20 * bar - 10)]);
    }
    assert_int_equal(bench->bytes[60][1 + 2 * 10], 255);
    assert_int_equal(bench->bytes[60][1 + 2 * 150], 0);
}

/* From too dark to within the window of AEB and AEW, in a few frames; and noise that differs by the seed. */
static void test_exposure_and_noise(void **state) {
    struct bench *bench = *state;
    static uint8_t photo[120 * 160];
    memset(photo, 200, sizeof photo);
    sim_ov7670_show(&bench->camera, photo, 160, 120);
    bench->camera.settings.exposure = SIM_EXPOSURE_AUTO;
    bench->camera.settings.noise = 32;
    configure_quarter(bench);
    advance(bench, FRAME - 60000);
    uint32_t dark = bench->bytes[60][101];
    advance(bench, 10 * (uint64_t)FRAME);
    uint32_t sum = 0, squares = 0;
    for (uint32_t x = 0; x < 160; x++) {
        uint32_t luma = bench->bytes[60][1 + 2 * x];
        sum += luma;
        squares += luma * luma;
    }
    assert_true(dark < 70);
    assert_in_range(sum / 160, 0x60, 0x78);
    double mean = sum / 160.0, variance = squares / 160.0 - mean * mean;
    assert_true(variance > 2 && variance < 7); /* a deviation of two grey levels */
}

static void shifted(void *context, uint64_t cycle, uint8_t outputs) {
    sim_display_light(context, cycle, (uint8_t)(~outputs & 0x7F));
}

static void test_shift_register(void **state) {
    struct bench *bench = *state;
    bench->parts = (struct sim_shift_register){.data = {SIM_PORT_D, 5},
                                               .clock = {SIM_PORT_D, 6},
                                               .latch = {SIM_PORT_D, 7},
                                               .changed = shifted,
                                               .context = &bench->display};
    sim_shift_register_attach(&bench->parts, bench->chip);
    poke(bench, PORT_D + CFGLR, 0x22244444);
    uint8_t wanted = (uint8_t)~0x6D; /* a 5 */
    for (int bit = 7; bit >= 0; bit--) {
        uint32_t data = (uint32_t)(wanted >> bit & 1) << 5;
        poke(bench, PORT_D + OUTDR, data);
        poke(bench, PORT_D + OUTDR, data | 1 << 6);
    }
    assert_int_not_equal(bench->display.lit, 0x6D);
    poke(bench, PORT_D + OUTDR, 1 << 7);
    assert_int_equal(bench->display.lit, 0x6D);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_registers),  TEST(test_no_clock_no_answer), TEST(test_frame_timing),   TEST(test_picture),
        TEST(test_colour_bar), TEST(test_exposure_and_noise), TEST(test_shift_register),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
