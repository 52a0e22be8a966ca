/* SPDX-License-Identifier: MIT */
/* From a grey picture to the network's input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "data/dataset.h"
#include "data/resize.h"
#include "vision/vision.h"

#if defined(__SANITIZE_ADDRESS__)
enum { IMAGES = 100 };
#else
enum { IMAGES = 1000 };
#endif

#define MOST_SIZE 64

static struct dime_dataset_pair mnist;

/* A picture of the test: height x width, malloc'ed by the test. */
struct canvas {
    uint32_t width, height;
    uint8_t *pixels;
};

static struct canvas canvas_create(uint32_t width, uint32_t height, uint8_t tone) {
    struct canvas canvas = {width, height, malloc((size_t)width * height)};
    assert_non_null(canvas.pixels);
    memset(canvas.pixels, tone, (size_t)width * height);
    return canvas;
}

static void fill(struct canvas *canvas, uint32_t left, uint32_t top, uint32_t width, uint32_t height,
                 uint8_t tone) {
    for (uint32_t y = top; y < top + height; y++)
        memset(canvas->pixels + y * canvas->width + left, tone, width);
}

static enum dime_vision_finding look(const struct canvas *canvas, enum dime_vision_polarity polarity,
                                     uint32_t size, uint8_t *output, struct dime_vision_found *found) {
    uint8_t cells[DIME_VISION_CELLS];
    struct dime_vision vision;
    dime_vision_begin(&vision, canvas->width, canvas->height, cells, sizeof cells);
    dime_vision_add(&vision, canvas->pixels, canvas->width * canvas->height);
    assert_true(dime_vision_complete(&vision));
    return dime_vision_finish(&vision, polarity, size, output, found);
}

/* ---- the grid ---- */

static void test_grid(void **state) {
    (void)state;
    static const struct {
        uint32_t width, height, capacity, block, columns, rows;
    } cases[] = {
        {320, 240, 1200, 8, 40, 30},     {160, 120, 1200, 4, 40, 30},
        {28, 28, 1200, 1, 28, 28},       {320, 240, 1008, 9, 35, 26},
        {4096, 4096, 1200, 118, 34, 34}, {4096, 1, 1200, 84, 48, 1},
        {1, 4096, 1200, 17, 1, 240},     {1, 1, 1, 1, 1, 1},
        {640, 480, 1200, 16, 40, 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t columns, rows;
        uint32_t block =
            dime_vision_grid(cases[i].width, cases[i].height, cases[i].capacity, &columns, &rows);
        assert_int_equal(block, cases[i].block);
        assert_int_equal(columns, cases[i].columns);
        assert_int_equal(rows, cases[i].rows);
    }
}

/* A cell is the rounded mean of its pixels, however the pixels come. */
static void test_means(void **state) {
    (void)state;
    struct dime_random random = dime_random_stream(4, 0, 0);
    struct canvas canvas = canvas_create(100, 83, 0);
    uint8_t cells[300];
    for (uint32_t i = 0; i < 100 * 83; i++) canvas.pixels[i] = (uint8_t)dime_random_next(&random);
    for (uint32_t most = 1; most < 20000; most = most * 3 + 1) {
        struct dime_vision vision;
        dime_vision_begin(&vision, 100, 83, cells, sizeof cells);
        for (uint32_t at = 0; at < 100 * 83;) {
            uint32_t count = 1 + dime_random_below(&random, most);
            if (count > 100 * 83 - at) count = 100 * 83 - at;
            dime_vision_add(&vision, canvas.pixels + at, count);
            at += count;
        }
        assert_true(dime_vision_complete(&vision));
        assert_int_equal(vision.block, 6); /* 16 x 13 cells, 2 pixels left of them, 2 above */
        for (uint32_t row = 0; row < 13; row++) {
            for (uint32_t column = 0; column < 16; column++) {
                uint32_t sum = 0;
                for (uint32_t y = 0; y < 6; y++)
                    for (uint32_t x = 0; x < 6; x++)
                        sum += canvas.pixels[(2 + row * 6 + y) * 100 + 2 + column * 6 + x];
                assert_int_equal(cells[row * 16 + column], (sum + 18) / 36);
            }
        }
    }
    free(canvas.pixels);
}

/* ---- no digit ---- */

static void expect(const struct canvas *canvas, enum dime_vision_finding expected) {
    uint8_t output[MOST_SIZE * MOST_SIZE];
    for (uint32_t size = 14; size <= MOST_SIZE; size *= 2) {
        assert_int_equal(look(canvas, DIME_VISION_AUTO, size, output, NULL), expected);
        for (uint32_t i = 0; i < size * size; i++)
            if (expected != DIME_VISION_DIGIT) assert_int_equal(output[i], 0);
    }
}

static void test_no_digit(void **state) {
    (void)state;
    struct dime_random random = dime_random_stream(5, 0, 0);
    for (uint32_t tone = 0; tone < 256; tone += 51) {
        struct canvas canvas = canvas_create(320, 240, (uint8_t)tone);
        expect(&canvas, DIME_VISION_EMPTY);
        free(canvas.pixels);
    }
    struct canvas canvas = canvas_create(320, 240, 0);
    for (uint32_t i = 0; i < 320 * 240; i++)
        canvas.pixels[i] = (uint8_t)(60 + i % 320 / 4 + i / 320 / 4 + dime_random_below(&random, 30));
    expect(&canvas, DIME_VISION_EMPTY); /* a gradient with noise */
    memset(canvas.pixels, 200, 320 * 240);
    fill(&canvas, 100, 100, 20, 20, 20);
    expect(&canvas, DIME_VISION_SMALL);
    free(canvas.pixels);
    static const uint32_t sides[][2] = {{1, 1}, {1, 4096}, {4096, 1}, {2, 3}};
    for (size_t i = 0; i < 4; i++) {
        canvas = canvas_create(sides[i][0], sides[i][1], 77);
        expect(&canvas, DIME_VISION_EMPTY);
        free(canvas.pixels);
    }
}

/* ---- a digit ---- */

/* A pixel's place in 1/256 cells of ten pixels. */
static uint32_t at(uint32_t pixel) {
    return pixel * 256 / 10;
}

/* A bar of either polarity fills the box's height, its mass at the centre, wherever it stands. */
static void test_bar(void **state) {
    (void)state;
    uint8_t output[28 * 28];
    struct dime_vision_found found;
    for (uint32_t place = 0; place < 6; place++) {
        uint8_t paper = place % 2 ? 210 : 30, ink = place % 2 ? 60 : 220;
        struct canvas canvas = canvas_create(320, 240, paper);
        uint32_t left = 40 + place * 40, top = 30 + place * 8;
        fill(&canvas, left, top, 24, 120, ink);
        assert_int_equal(look(&canvas, DIME_VISION_AUTO, 28, output, &found), DIME_VISION_DIGIT);
        assert_int_equal(found.inverted, place % 2);
        assert_int_equal(found.kept, 0);
        assert_in_range(found.left, at(left) - 26, at(left) + 26);
        assert_in_range(found.bottom, at(top + 120) - 26, at(top + 120) + 26);
        assert_in_range(found.centre_x, at(left + 12) - 16, at(left + 12) + 16);
        assert_in_range(found.centre_y, at(top + 60) - 16, at(top + 60) + 16);
        for (uint32_t y = 0; y < 28; y++) {
            assert_true(output[y * 28 + 13] >= (y >= 5 && y < 23 ? 180 : 0));
            assert_true(output[y * 28 + 13] <= (y < 2 || y >= 26 ? 20 : 255));
            assert_true(output[y * 28 + 9] <= 20 && output[y * 28 + 18] <= 20);
        }
        free(canvas.pixels);
    }
}

/* Light from one side changes nothing much. */
static void test_uneven_light(void **state) {
    (void)state;
    uint8_t even[256], uneven[256];
    struct canvas canvas = canvas_create(320, 240, 200);
    fill(&canvas, 130, 60, 60, 20, 50);
    fill(&canvas, 170, 60, 20, 120, 50);
    assert_int_equal(look(&canvas, DIME_VISION_AUTO, 16, even, NULL), DIME_VISION_DIGIT);
    for (uint32_t y = 0; y < 240; y++)
        for (uint32_t x = 0; x < 320; x++) {
            uint8_t *pixel = &canvas.pixels[y * 320 + x];
            *pixel = (uint8_t)(*pixel * (320 + x + y) / 880); /* 36 to 100 % of the light */
        }
    assert_int_equal(look(&canvas, DIME_VISION_AUTO, 16, uneven, NULL), DIME_VISION_DIGIT);
    for (uint32_t i = 0; i < 256; i++) assert_in_range(uneven[i] + 40u, even[i], even[i] + 80u);
    free(canvas.pixels);
}

/* ---- MNIST ---- */

/* Pictures of MNIST pass almost unchanged, in either polarity: what comes out is what Pillow's resize, which
   the training set goes through, makes of them. */
static void test_mnist(void **state) {
    (void)state;
    uint8_t expected[256], output[256], inverse[784];
    uint32_t kept = 0, wrong_polarity = 0, differences = 0;
    for (uint32_t i = 0; i < IMAGES; i++) {
        uint8_t *pixels = mnist.test.pixels + (size_t)i * 784;
        for (uint32_t k = 0; k < 784; k++) inverse[k] = (uint8_t)(255 - pixels[k]);
        assert_int_equal(dime_resize(pixels, 28, 28, expected, 16, 16), 0);
        for (uint32_t dark = 0; dark < 2; dark++) {
            struct canvas canvas = {28, 28, dark ? inverse : pixels};
            struct dime_vision_found found;
            assert_int_equal(look(&canvas, DIME_VISION_AUTO, 16, output, &found), DIME_VISION_DIGIT);
            wrong_polarity += found.inverted != dark;
            kept += found.kept;
            for (uint32_t k = 0; k < 256; k++) differences += (uint32_t)abs(output[k] - expected[k]);
        }
    }
    assert_int_equal(wrong_polarity, 0);
    assert_true(kept >= IMAGES * 2 * 99 / 100);
    assert_true(differences < IMAGES * 2 * 256 / 2); /* half a grey level a pixel */
}

static int set_up(void **state) {
    (void)state;
    if (!dime_dataset_open("mnist", NULL, &mnist)) return 0;
    fprintf(stderr, "%s\n", dime_error_message());
    return -1;
}

static int tear_down(void **state) {
    (void)state;
    dime_dataset_close(&mnist);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid), cmocka_unit_test(test_means),        cmocka_unit_test(test_no_digit),
        cmocka_unit_test(test_bar),  cmocka_unit_test(test_uneven_light), cmocka_unit_test(test_mnist),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
