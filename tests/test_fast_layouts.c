/* SPDX-License-Identifier: MIT */
/* The kernels of planes and of look-ups as a PC runs them, against sums weight by weight. On the chip
   tests/test_fast_conv.c compares them with the reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "engine/fast_conv.h"
#include "engine/fast_planes.h"

enum { MOST = 4096 };

static uint32_t draw(struct dime_random *random, uint32_t below) {
    return dime_random_below(random, below);
}

/* One layer of `outputs` in two planes: u = 0 .. 3, w = 2 u - 3; the last 16 outputs or fewer in halves. */
static void check_planes(uint32_t inputs, uint32_t outputs, int32_t most, uint64_t seed) {
    static uint32_t rows[MOST], sums[512];
    static int8_t x[512];
    static uint8_t u[MOST * 8], places[16];
    struct dime_random random = dime_random_stream(seed, 1, 2);
    uint32_t sets = (outputs + 31) / 32, has_halves = outputs - 32 * (sets - 1) <= 16;
    uint32_t words = 2 * sets - has_halves;
    memset(rows, 0, sizeof rows);
    for (uint32_t i = 0; i < words; i++) places[i] = (uint8_t)(i / 2 * DIME_PLANES_MORE_BITS + i % 2);
    for (uint32_t k = 0; k < inputs; k++) {
        x[k] = (int8_t)(draw(&random, 2) ? draw(&random, (uint32_t)most + 1) : 0);
        for (uint32_t m = 0; m < outputs; m++) {
            uint32_t set = m / 32, in_halves = has_halves && set == sets - 1;
            uint32_t value = u[k * outputs + m] = (uint8_t)draw(&random, 4);
            uint32_t *row = rows + k * words + 2 * set;
            row[0] |= (value & 1) << m % 32;
            if (in_halves)
                row[0] |= value >> 1 << (m % 32 + 16);
            else
                row[1] |= value >> 1 << m % 32;
        }
    }
    struct dime_fast_planes fast = {{dime_planes_run, dime_fast_finish_none},
                                    {.words = rows,
                                     .places = places,
                                     .stride = (uint16_t)(4 * words),
                                     .run = (uint16_t)inputs,
                                     .slices = (uint16_t)(sets * DIME_PLANES_MORE_BITS),
                                     .runs = 1,
                                     .scale = 1,
                                     .middle = 3,
                                     .bits = DIME_PLANES_MORE_BITS,
                                     .halves = (uint8_t)has_halves}};
    struct dime_layer layer = {.fast = &fast.fast, .inputs = (uint16_t)inputs, .outputs = (uint16_t)outputs};
    dime_planes_run(&layer, x, (int32_t *)sums, NULL);
    for (uint32_t m = 0; m < outputs; m++) {
        int32_t sum = 0;
        for (uint32_t k = 0; k < inputs; k++) sum += (2 * (int32_t)u[k * outputs + m] - 3) * x[k];
        assert_int_equal((int32_t)sums[m], sum);
    }
}

static void test_planes(void **state) {
    (void)state;
    static const uint32_t outputs[] = {1, 10, 16, 17, 32, 33, 48, 64, 80};
    for (uint32_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        check_planes(300, outputs[i], 127, i);
        check_planes(7, outputs[i], 1, 100 + i);
    }
}

/* Two places of a row in `channels` channels of a map `width` wide. */
static void check_lookup(uint32_t channels, uint32_t outputs, uint32_t width, uint64_t seed) {
    static uint32_t words[MOST], sums[256];
    static int8_t map[MOST];
    static int8_t w[MOST * 8];
    struct dime_random random = dime_random_stream(seed, 3, 4);
    uint32_t pairs = (outputs + 1) / 2;
    memset(words, 0, sizeof words);
    for (uint32_t i = 0; i < 3 * width * channels; i++) map[i] = (int8_t)((int32_t)draw(&random, 255) - 127);
    for (uint32_t c = 0; c < channels; c++)
        for (uint32_t m = 0; m < 2 * pairs; m++)
            for (uint32_t k = 0, power = 1; k < 9; k++) {
                int8_t *weight = &w[(m * channels + c) * 9 + k];
                power = k % 3 ? 3 * power : 1;
                *weight = (int8_t)((int32_t)draw(&random, 3) - 1);
                words[c * pairs + m / 2] += (uint32_t)(*weight + 1) * power
                                            << (2 + 15 * (m & 1) + 5 * (k / 3));
            }
    struct dime_lookup lookup = {.words = words,
                                 .channels = (uint16_t)channels,
                                 .bytes = (uint16_t)(8 * pairs),
                                 .down = (uint16_t)((width - 2) * channels)};
    dime_lookup_add(&lookup, map, map + channels, sums);
    for (uint32_t m = 0; m < outputs; m++) {
        int32_t left = 0, right = 0;
        for (uint32_t c = 0; c < channels; c++)
            for (uint32_t k = 0; k < 9; k++) {
                uint32_t at = (k / 3 * width + k % 3) * channels + c;
                left += w[(m * channels + c) * 9 + k] * map[at];
                right += w[(m * channels + c) * 9 + k] * map[at + channels];
            }
        assert_int_equal(sums[m], (uint32_t)left + ((uint32_t)right << 16));
    }
}

static void test_lookup(void **state) {
    (void)state;
    check_lookup(1, 1, 4, 1);
    check_lookup(3, 7, 5, 2);
    check_lookup(12, 32, 7, 3);
    check_lookup(8, 48, 9, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_planes), cmocka_unit_test(test_lookup)};
    return cmocka_run_group_tests_name("planes and look-ups", tests, NULL, NULL);
}
