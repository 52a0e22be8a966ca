/* SPDX-License-Identifier: MIT */
/* dime_resize against results of Pillow, which scripts/make_resize_golden.py has recorded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "data/resize.h"

static const char golden_path[] = "tests/data/resize_golden.bin";

struct golden {
    uint32_t height, width, target_height, target_width;
    const uint8_t *source, *target;
};

/* The next record; 0 at the end. */
static int next_golden(const uint8_t **cursor, const uint8_t *end, struct golden *golden) {
    uint32_t sizes[4];
    if (*cursor == end) return 0;
    assert_true(end - *cursor > 8);
    for (int i = 0; i < 4; i++) sizes[i] = (uint32_t)((*cursor)[2 * i] | (*cursor)[2 * i + 1] << 8);
    *golden = (struct golden){sizes[0], sizes[1], sizes[2], sizes[3], *cursor + 8, NULL};
    golden->target = golden->source + sizes[0] * sizes[1];
    *cursor = golden->target + sizes[2] * sizes[3];
    assert_true(*cursor <= end);
    return 1;
}

static void check_golden(const struct golden *g) {
    size_t size = (size_t)g->target_height * g->target_width;
    uint8_t *target = malloc(size);
    assert_non_null(target);
    assert_int_equal(dime_resize(g->source, g->height, g->width, target, g->target_height, g->target_width),
                     0);
    if (memcmp(target, g->target, size) != 0)
        print_error("%ux%u -> %ux%u:\n", g->width, g->height, g->target_width, g->target_height);
    assert_memory_equal(target, g->target, size);
    free(target);
}

static void equals_pillow(void **state) {
    (void)state;
    uint8_t *bytes;
    size_t size;
    assert_int_equal(dime_file_read(golden_path, 1 << 20, &bytes, &size), 0);
    const uint8_t *cursor = memchr(bytes, '\n', size);
    assert_non_null(cursor);
    cursor++;
    struct golden golden;
    int count = 0;
    for (; next_golden(&cursor, bytes + size, &golden); count++) check_golden(&golden);
    assert_int_equal(count, 33);
    free(bytes);
}

/* Many at once equal one at a time. */
static void many_equal_one_by_one(void **state) {
    (void)state;
    enum { N = 5, H = 28, W = 20, TH = 16, TW = 11 };
    static uint8_t source[N][H * W], together[N][TH * TW], alone[TH * TW];
    for (int n = 0; n < N; n++)
        for (int i = 0; i < H * W; i++) source[n][i] = (uint8_t)(i * (7 + n) ^ i >> 3);
    assert_int_equal(dime_resize_many(source[0], N, H, W, together[0], TH, TW), 0);
    for (int n = 0; n < N; n++) {
        assert_int_equal(dime_resize(source[n], H, W, alone, TH, TW), 0);
        assert_memory_equal(alone, together[n], sizeof alone);
    }
}

/* The accumulator's bound: white stays white, whatever the sizes. */
static void white_stays_white(void **state) {
    (void)state;
    static const uint32_t sides[][2] = {{4096, 1}, {1, 4096}, {4096, 4095}, {4095, 7}, {3, 4096}};
    uint8_t *source = malloc(4096), *target = malloc(4096);
    assert_true(source && target);
    memset(source, 255, 4096);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        uint32_t from = sides[i][0], to = sides[i][1];
        assert_int_equal(dime_resize(source, 1, from, target, 1, to), 0);
        for (uint32_t x = 0; x < to; x++) assert_int_equal(target[x], 255);
        assert_int_equal(dime_resize(source, from, 1, target, to, 1), 0);
        for (uint32_t y = 0; y < to; y++) assert_int_equal(target[y], 255);
    }
    free(source);
    free(target);
}

static void refuses_other_sides(void **state) {
    (void)state;
    static const uint32_t sides[][4] = {{0, 1, 1, 1}, {1, 4097, 1, 1}, {1, 1, 4097, 1}, {1, 1, 1, 0}};
    uint8_t pixel = 0;
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
        assert_int_equal(dime_resize(&pixel, sides[i][0], sides[i][1], &pixel, sides[i][2], sides[i][3]),
                         DIME_ERROR_UNSUPPORTED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_pillow),
        cmocka_unit_test(many_equal_one_by_one),
        cmocka_unit_test(white_stays_white),
        cmocka_unit_test(refuses_other_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
