/* SPDX-License-Identifier: MIT */
/* From any grey picture to a network input. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "data/prepare.h"
#include "data/resize.h"

#define FRAME 28

/* A picture that holds a filled rectangle. */
struct canvas {
    uint32_t height, width;
    uint8_t *pixels;
};

static struct canvas new_canvas(uint32_t height, uint32_t width, uint8_t level) {
    struct canvas canvas = {height, width, malloc((size_t)height * width)};
    assert_non_null(canvas.pixels);
    memset(canvas.pixels, level, (size_t)height * width);
    return canvas;
}

static void fill(struct canvas *canvas, uint32_t top, uint32_t left, uint32_t height, uint32_t width,
                 uint8_t level) {
    for (uint32_t y = top; y < top + height; y++)
        memset(canvas->pixels + y * canvas->width + left, level, width);
}

static struct dime_prepared prepare(const struct canvas *canvas, enum dime_polarity polarity, uint32_t size,
                                    uint8_t *output) {
    struct dime_prepared prepared;
    assert_int_equal(
        dime_prepare(canvas->pixels, canvas->height, canvas->width, polarity, size, output, &prepared), 0);
    return prepared;
}

/* Asserts that the frame is light in a rectangle and dark elsewhere, save for the pixels at its edge, which
   device/vision may cover in part. */
static void assert_rectangle(const uint8_t *frame, uint32_t top, uint32_t left, uint32_t height,
                             uint32_t width) {
    for (uint32_t y = 0; y < FRAME; y++)
        for (uint32_t x = 0; x < FRAME; x++) {
            int inside = y > top && y + 2 < top + height && x > left && x + 2 < left + width;
            int outside = y + 1 < top || y > top + height || x + 1 < left || x > left + width;
            if (inside) assert_true(frame[y * FRAME + x] > 200);
            if (outside) assert_true(frame[y * FRAME + x] < 32);
        }
}

static void test_box_is_fitted_and_centred(void **state) {
    (void)state;
    uint8_t output[FRAME * FRAME];
    struct canvas canvas = new_canvas(200, 300, 0);
    fill(&canvas, 5, 180, 100, 40, 255);
    struct dime_prepared prepared = prepare(&canvas, DIME_POLARITY_AUTO, FRAME, output);
    assert_int_equal(prepared.framed, 1);
    assert_int_equal(prepared.inverted, 0);
    assert_int_equal(prepared.blank, 0);
    assert_rectangle(output, 4, 10, 20, 8);
    free(canvas.pixels);
}

/* The heavier end is drawn to the centre. */
static void test_centre_of_mass_decides(void **state) {
    (void)state;
    uint8_t output[FRAME * FRAME];
    struct canvas canvas = new_canvas(60, 60, 0);
    fill(&canvas, 10, 10, 40, 10, 255); /* a thick upright stroke ... */
    fill(&canvas, 28, 20, 2, 30, 255);  /* ... with a thin arm to the right */
    prepare(&canvas, DIME_POLARITY_AUTO, FRAME, output);
    uint32_t left = FRAME, right = 0;
    for (uint32_t i = 0; i < FRAME * FRAME; i++) {
        if (output[i] < 64) continue;
        if (i % FRAME < left) left = i % FRAME;
        if (i % FRAME > right) right = i % FRAME;
    }
    assert_in_range(right - left + 1, 19, 21);
    /* The box is 20 wide; its mass: 5 columns of 20 and 15 columns of 1, so the centre is column 3.3 -> 3.
       Then the box would begin at 14 - 3 = 11 and leave the frame: it is kept within. */
    assert_in_range(left, 7, 8);
    free(canvas.pixels);
}

static void test_polarity_is_found(void **state) {
    (void)state;
    uint8_t light[FRAME * FRAME], dark[FRAME * FRAME];
    struct canvas canvas = new_canvas(90, 70, 10);
    fill(&canvas, 20, 30, 40, 15, 240);
    fill(&canvas, 40, 10, 12, 30, 240);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_AUTO, FRAME, dark).inverted, 0);
    for (uint32_t i = 0; i < canvas.height * canvas.width; i++)
        canvas.pixels[i] = (uint8_t)(255 - canvas.pixels[i]);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_AUTO, FRAME, light).inverted, 1);
    assert_memory_equal(light, dark, sizeof light);
    free(canvas.pixels);
}

static void test_polarity_can_be_forced(void **state) {
    (void)state;
    uint8_t output[FRAME * FRAME];
    struct canvas canvas = new_canvas(FRAME, FRAME, 0);
    fill(&canvas, 10, 10, 5, 5, 200);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_INVERT, FRAME, output).inverted, 1);
    assert_int_equal(output[0], 255);
    assert_int_equal(output[12 * FRAME + 12], 55);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_KEEP, FRAME, output).inverted, 0);
    assert_memory_equal(output, canvas.pixels, sizeof output);
    free(canvas.pixels);
}

static void fill_random(struct canvas *canvas, uint64_t seed, uint32_t lowest, uint32_t levels) {
    struct dime_random random = dime_random_stream(seed, 5, 6);
    for (uint32_t i = 0; i < canvas->height * canvas->width; i++)
        canvas->pixels[i] = (uint8_t)(lowest + dime_random_below(&random, levels));
}

static void test_network_size_is_taken_as_it_is(void **state) {
    (void)state;
    uint8_t output[16 * 16];
    struct canvas canvas = new_canvas(16, 16, 0);
    fill_random(&canvas, 1, 0, 256);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_KEEP, 16, output).framed, 0);
    assert_memory_equal(output, canvas.pixels, sizeof output);
    free(canvas.pixels);
}

static void test_mnist_size_is_only_resized(void **state) {
    (void)state;
    uint8_t output[16 * 16], expected[16 * 16];
    struct canvas canvas = new_canvas(FRAME, FRAME, 0);
    fill_random(&canvas, 2, 0, 256);
    assert_int_equal(dime_resize(canvas.pixels, FRAME, FRAME, expected, 16, 16), 0);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_KEEP, 16, output).framed, 0);
    assert_memory_equal(output, expected, sizeof output);
    free(canvas.pixels);
}

/* Paper with a little noise on it becomes plain background, so the bounding box is the strokes' and the paper
   between them black. */
static void test_noisy_paper_is_cleaned(void **state) {
    (void)state;
    uint8_t output[FRAME * FRAME];
    struct canvas canvas = new_canvas(200, 200, 0);
    fill_random(&canvas, 3, 195, 12);
    fill(&canvas, 60, 60, 80, 20, 40); /* two posts */
    fill(&canvas, 60, 120, 80, 20, 40);
    struct dime_prepared prepared = prepare(&canvas, DIME_POLARITY_AUTO, FRAME, output);
    assert_int_equal(prepared.inverted, 1);
    for (uint32_t y = 0; y < FRAME; y++) {
        for (uint32_t x = 0; x < FRAME; x++) {
            uint8_t level = output[y * FRAME + x];
            int post = (x >= 5 && x < 7) || (x >= 21 && x < 23), between = x >= 11 && x < 17;
            if (y >= 6 && y < 22 && post) assert_true(level > 200);
            if (y < 2 || y >= 26 || between) assert_true(level < 32);
        }
    }
    free(canvas.pixels);
}

/* A thin line of a large picture fades when it is reduced; its ink is restored. */
static void test_thin_stroke_keeps_its_ink(void **state) {
    (void)state;
    uint8_t output[FRAME * FRAME];
    struct canvas canvas = new_canvas(400, 400, 255);
    fill(&canvas, 50, 50, 300, 3, 0);
    fill(&canvas, 347, 50, 3, 300, 0);
    prepare(&canvas, DIME_POLARITY_AUTO, FRAME, output);
    uint8_t brightest = 0;
    for (size_t i = 0; i < sizeof output; i++)
        if (output[i] > brightest) brightest = output[i];
    assert_true(brightest > 200);
    free(canvas.pixels);
}

static void test_blank_pictures(void **state) {
    (void)state;
    uint8_t output[16 * 16];
    for (uint32_t size = 1; size < 40; size += 9) {
        for (uint32_t level = 0; level < 256; level += 51) {
            struct canvas canvas = new_canvas(size, size + 3, (uint8_t)level);
            assert_int_equal(prepare(&canvas, DIME_POLARITY_AUTO, 16, output).blank, 1);
            free(canvas.pixels);
        }
    }
    struct canvas canvas = new_canvas(50, 50, 0);
    fill_random(&canvas, 4, 100, DIME_BLANK_CONTRAST);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_AUTO, 16, output).blank, 1);
    fill_random(&canvas, 4, 100, 4 * DIME_BLANK_CONTRAST);
    assert_int_equal(prepare(&canvas, DIME_POLARITY_AUTO, 16, output).blank, 0);
    free(canvas.pixels);
}

/* Extreme shapes and random content: no rule but that memory is respected and the answer is reproducible. */
static void test_any_shape(void **state) {
    (void)state;
    static const uint32_t shapes[][2] = {{1, 1},    {1, 2},   {2, 1},   {1, 4096}, {4096, 1},
                                         {3, 1000}, {29, 28}, {28, 16}, {7, 7},    {500, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        for (int polarity = DIME_POLARITY_AUTO; polarity <= DIME_POLARITY_KEEP; polarity++) {
            uint8_t first[16 * 16], second[16 * 16];
            struct canvas canvas = new_canvas(shapes[i][0], shapes[i][1], 0);
            fill_random(&canvas, i, 0, 256);
            prepare(&canvas, (enum dime_polarity)polarity, 16, first);
            prepare(&canvas, (enum dime_polarity)polarity, 16, second);
            assert_memory_equal(first, second, sizeof first);
            free(canvas.pixels);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box_is_fitted_and_centred),
        cmocka_unit_test(test_centre_of_mass_decides),
        cmocka_unit_test(test_polarity_is_found),
        cmocka_unit_test(test_polarity_can_be_forced),
        cmocka_unit_test(test_network_size_is_taken_as_it_is),
        cmocka_unit_test(test_mnist_size_is_only_resized),
        cmocka_unit_test(test_noisy_paper_is_cleaned),
        cmocka_unit_test(test_thin_stroke_keeps_its_ink),
        cmocka_unit_test(test_blank_pictures),
        cmocka_unit_test(test_any_shape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
