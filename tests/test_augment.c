/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/augment.h"
#include "data/picture_kernels.h"
#include "data/resize.h"

enum { SIZE = 28, PIXELS = SIZE * SIZE };

static struct dime_augmenter *make(struct dime_augment_settings settings) {
    struct dime_augmenter *augmenter;
    if (settings.elastic_sigma == 0) settings.elastic_sigma = 4;
    assert_int_equal(dime_augmenter_create(&augmenter, SIZE, SIZE, SIZE, &settings), 0);
    return augmenter;
}

/* A soft blob away from the middle: distortion moves it, interpolation keeps its weight. */
static void draw_blob(uint8_t *picture, double x0, double y0) {
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++)
            picture[y * SIZE + x] = (uint8_t)(250 * exp(-((x - x0) * (x - x0) + (y - y0) * (y - y0)) / 8));
}

/* A bright square of 16 x 16 pixels in the middle. */
static void draw_square(uint8_t *picture) {
    for (int i = 0; i < PIXELS; i++) {
        int x = i % SIZE, y = i / SIZE;
        picture[i] = x >= 6 && x < 22 && y >= 6 && y < 22 ? 200 : 0;
    }
}

struct moments {
    double mass, x, y;
};

static struct moments measure(const uint8_t *picture) {
    struct moments m = {0};
    for (int i = 0; i < PIXELS; i++) {
        m.mass += picture[i];
        m.x += picture[i] * (double)(i % SIZE);
        m.y += picture[i] * (double)(i / SIZE);
    }
    m.x /= m.mass;
    m.y /= m.mass;
    return m;
}

static void test_no_distortion_is_identity(void **state) {
    (void)state;
    uint8_t source[PIXELS], target[PIXELS + DIME_AUGMENT_ROOM];
    struct dime_augmenter *augmenter = make((struct dime_augment_settings){0});
    for (int i = 0; i < PIXELS; i++) source[i] = (uint8_t)(i * 37);
    dime_augment(augmenter, source, dime_random_stream(1, 2, 3), target);
    assert_memory_equal(source, target, PIXELS);
    dime_augmenter_free(augmenter);
}

static void test_same_stream_same_picture(void **state) {
    (void)state;
    uint8_t source[PIXELS], first[PIXELS + DIME_AUGMENT_ROOM], second[PIXELS + DIME_AUGMENT_ROOM];
    struct dime_augmenter *augmenter =
        make((struct dime_augment_settings){10, 10, 0.1f, 0.1f, 5, 0, 0.5f, 40, 4});
    draw_blob(source, 16, 10);
    dime_augment(augmenter, source, dime_random_stream(1, 2, 3), first);
    dime_augment(augmenter, source, dime_random_stream(1, 2, 4), second);
    assert_memory_not_equal(first, second, PIXELS);
    dime_augment(augmenter, source, dime_random_stream(1, 2, 3), second);
    assert_memory_equal(first, second, PIXELS);
    dime_augmenter_free(augmenter);
}

/* Angles of the blob about the middle: uniform, twice, within +-10 degrees each. */
static void test_rotation_angles(void **state) {
    (void)state;
    uint8_t source[PIXELS], target[PIXELS + DIME_AUGMENT_ROOM];
    struct dime_augmenter *augmenter = make((struct dime_augment_settings){.rotation1 = 10, .rotation2 = 10});
    double sum = 0, square = 0, largest = 0;
    draw_blob(source, 13.5 + 8, 13.5);
    for (uint64_t i = 0; i < 3000; i++) {
        dime_augment(augmenter, source, dime_random_stream(1, 2, i), target);
        struct moments m = measure(target);
        double angle = atan2(m.y - 13.5, m.x - 13.5) * 180 / 3.14159265358979;
        sum += angle;
        square += angle * angle;
        largest = fmax(largest, fabs(angle));
        assert_float_equal(hypot(m.x - 13.5, m.y - 13.5), 8, 0.15);
    }
    assert_true(largest < 20.5 && largest > 17);
    assert_float_equal(sum / 3000, 0, 0.6);
    assert_float_equal(sqrt(square / 3000), sqrt(200.0 / 3), 0.5);
    dime_augmenter_free(augmenter);
}

static void test_translation_and_scale(void **state) {
    (void)state;
    uint8_t source[PIXELS], target[PIXELS + DIME_AUGMENT_ROOM];
    struct dime_augmenter *shift = make((struct dime_augment_settings){.translation = 0.1f});
    struct dime_augmenter *zoom = make((struct dime_augment_settings){.scale = 0.1f});
    double far = 0, least = 9, most = 0;
    draw_square(source);
    double mass = measure(source).mass;
    for (uint64_t i = 0; i < 1000; i++) {
        dime_augment(shift, source, dime_random_stream(1, 2, i), target);
        struct moments m = measure(target);
        far = fmax(far, fmax(fabs(m.x - 13.5), fabs(m.y - 13.5)));
        dime_augment(zoom, source, dime_random_stream(1, 2, i), target);
        least = fmin(least, measure(target).mass / mass);
        most = fmax(most, measure(target).mass / mass);
    }
    assert_float_equal(far, 3, 0.02);      /* 2.8 pixels, to the nearest */
    assert_float_equal(least, 0.81, 0.05); /* area goes with the square of the scale */
    assert_float_equal(most, 1.21, 0.07);
    dime_augmenter_free(shift);
    dime_augmenter_free(zoom);
}

/* Displacement by the elastic field: torchvision's ElasticTransform(40, 4) has a deviation of
   40 / 2 / sqrt(3) / (2 * 4 * sqrt(pi)) = 0.814 pixels along each axis. */
static void test_elastic_deviation(void **state) {
    (void)state;
    uint8_t source[PIXELS], target[PIXELS + DIME_AUGMENT_ROOM];
    struct dime_augmenter *augmenter =
        make((struct dime_augment_settings){.elastic_probability = 1, .elastic_alpha = 40});
    double square = 0;
    draw_blob(source, 13.5, 13.5);
    for (uint64_t i = 0; i < 4000; i++) {
        dime_augment(augmenter, source, dime_random_stream(1, 2, i), target);
        struct moments m = measure(target);
        square += (m.x - 13.5) * (m.x - 13.5) + (m.y - 13.5) * (m.y - 13.5);
    }
    /* the blob's own width averages the field a little */
    assert_true(sqrt(square / 8000) > 0.65 && sqrt(square / 8000) < 0.88);
    dime_augmenter_free(augmenter);
}

static void test_elastic_probability(void **state) {
    (void)state;
    uint8_t source[PIXELS], target[PIXELS + DIME_AUGMENT_ROOM];
    struct dime_augmenter *augmenter =
        make((struct dime_augment_settings){.elastic_probability = 0.25f, .elastic_alpha = 40});
    int changed = 0;
    draw_blob(source, 13.5, 13.5);
    for (uint64_t i = 0; i < 2000; i++) {
        dime_augment(augmenter, source, dime_random_stream(1, 2, i), target);
        changed += memcmp(source, target, PIXELS) != 0;
    }
    assert_in_range(changed, 420, 580);
    dime_augmenter_free(augmenter);
}

/* The wildest settings on pictures of every shape stay within memory (the sanitizers watch). */
static void check_extremes(int bilinear) {
    struct dime_augment_settings wild = {180, 180, 1, 0.99f, 60, bilinear, 1, 1000, 1};
    for (uint32_t height = 1; height <= 40; height += 13) {
        for (uint32_t width = 1; width <= 40; width += 13) {
            struct dime_augmenter *augmenter;
            uint32_t size = 1 + (height + 3 * width) % 37;
            uint8_t source[40 * 40], *target = malloc(size * size + DIME_AUGMENT_ROOM);
            memset(source, 255, sizeof source);
            assert_int_equal(dime_augmenter_create(&augmenter, height, width, size, &wild), 0);
            for (uint64_t i = 0; i < 50; i++)
                dime_augment(augmenter, source, dime_random_stream(9, 9, i), target);
            dime_augmenter_free(augmenter);
            free(target);
        }
    }
}

static void test_extremes(void **state) {
    (void)state;
    check_extremes(0);
    check_extremes(1);
}

/* A shift by whole pixels needs no interpolation; one by half a pixel is the mean of two neighbours. */
static void test_interpolation(void **state) {
    (void)state;
    uint8_t source[PIXELS], nearest[PIXELS + DIME_AUGMENT_ROOM], between[PIXELS + DIME_AUGMENT_ROOM];
    struct dime_augmenter *plain = make((struct dime_augment_settings){.translation = 0.1f});
    struct dime_augmenter *smooth = make((struct dime_augment_settings){.translation = 0.1f, .bilinear = 1});
    draw_square(source);
    for (uint64_t i = 0; i < 200; i++) {
        int grey = 0;
        dime_augment(plain, source, dime_random_stream(1, 2, i), nearest);
        dime_augment(smooth, source, dime_random_stream(1, 2, i), between);
        for (int p = 0; p < PIXELS; p++) {
            assert_true(nearest[p] == 0 || nearest[p] == 200);
            grey += between[p] > 0 && between[p] < 200;
        }
        assert_in_range(grey, 1, 4 * 17);
        assert_float_equal(measure(between).mass, measure(source).mass, 100);
    }
    dime_augmenter_free(plain);
    dime_augmenter_free(smooth);
}

/* Without distortion, a smaller target is close to what dime_resize makes: the same triangle, but centred on
   whole pixels. */
static void test_reduction(void **state) {
    (void)state;
    uint8_t source[PIXELS], expected[16 * 16], target[16 * 16 + DIME_AUGMENT_ROOM];
    struct dime_augment_settings none = {.elastic_sigma = 4, .bilinear = 1};
    struct dime_augmenter *augmenter;
    double difference = 0, mass = 0;
    assert_int_equal(dime_augmenter_create(&augmenter, SIZE, SIZE, 16, &none), 0);
    for (int i = 0; i < 20; i++) {
        draw_blob(source, 8 + 0.6 * i, 19 - 0.5 * i);
        assert_int_equal(dime_resize(source, SIZE, SIZE, expected, 16, 16), 0);
        dime_augment(augmenter, source, dime_random_stream(1, 2, (uint64_t)i), target);
        for (int p = 0; p < 256; p++) {
            difference += abs(target[p] - expected[p]);
            mass += expected[p];
        }
    }
    assert_true(difference < 0.12 * mass);
    dime_augmenter_free(augmenter);
}

/* The filter by its definition, on noise, in every variant. */
static void test_smoothing(void **state) {
    (void)state;
    enum { SIDE = 41, ROOM = 16, STRIDE = DIME_FRAME_MARGIN + SIDE + 64 };
    static uint8_t memory[3][(SIDE + 2 * ROOM) * STRIDE];
    struct dime_framed framed[3];
    struct dime_smoothing down = {2, {100, 50, 28}}, across = {1, {138, 59}};
    struct dime_random random = dime_random_stream(5, 5, 5);
    for (int f = 0; f < 3; f++) framed[f] = (struct dime_framed){SIDE, SIDE, STRIDE, ROOM, memory[f]};
    for (uint32_t i = 0; i < SIDE * SIDE; i++)
        dime_framed_row(&framed[0], i / SIDE)[i % SIDE] = (uint8_t)dime_random_below(&random, 256);
    for (uint32_t v = 0; v < DIME_INSTRUCTIONS_COUNT; v++) {
        const struct dime_picture_kernels *kernels = dime_picture_kernels_variant(v);
        if (!kernels) continue;
        kernels->smooth(&framed[0], &down, &across, &framed[1], &framed[2]);
        for (uint32_t y = 0; y < SIDE; y++) {
            for (uint32_t x = 0; x < SIDE; x++) {
                uint32_t column[3], sum;
                for (uint32_t t = 0; t < 3; t++) { /* columns x - 1 .. x + 1 of the middle picture */
                    const uint8_t *at = dime_framed_row(&framed[0], y) + x - 1 + t;
                    sum = 100u * at[0] + 50u * (at[-STRIDE] + at[STRIDE]) +
                          28u * (at[-2 * STRIDE] + at[2 * STRIDE]);
                    column[t] = x + t < 1 || x + t > SIDE ? 0 : (sum + 128) >> 8;
                }
                sum = (138 * column[1] + 59 * (column[0] + column[2]) + 128) >> 8;
                assert_int_equal(dime_framed_row(&framed[2], y)[x], sum);
            }
        }
    }
}

/* Every variant's augmented pictures are the same, at every size. */
static void test_variants_agree(void **state) {
    (void)state;
    static const char *const names[] = {"generic", "avx2", "avx512", "avx512vnni"};
    uint8_t source[PIXELS], target[DIME_INSTRUCTIONS_COUNT][40 * 40 + DIME_AUGMENT_ROOM];
    draw_blob(source, 15, 12);
    for (uint32_t trial = 0; trial < 80; trial++) {
        uint32_t size = 1 + trial % 40;
        struct dime_augment_settings settings = {10, 10, 0.1f, 0.1f, 5, trial & 1, 0.5f, 40, 4};
        for (uint32_t v = 0; v < DIME_INSTRUCTIONS_COUNT; v++) {
            struct dime_augmenter *augmenter;
            setenv("DIME_KERNELS", names[v], 1);
            assert_int_equal(dime_augmenter_create(&augmenter, SIZE, SIZE, size, &settings), 0);
            dime_augment(augmenter, source, dime_random_stream(1, 2, trial), target[v]);
            dime_augmenter_free(augmenter);
            assert_memory_equal(target[0], target[v], size * size);
        }
    }
    unsetenv("DIME_KERNELS");
}

/* Against dime_encode on the device, for every brightest pixel, and at sizes that do not fill a vector. */
static void test_encoding(void **state) {
    (void)state;
    struct dime_random random = dime_random_stream(6, 6, 6);
    for (uint32_t v = 0; v < DIME_INSTRUCTIONS_COUNT; v++) {
        const struct dime_picture_kernels *kernels = dime_picture_kernels_variant(v);
        if (!kernels) continue;
        for (uint32_t trial = 0; trial < 3000; trial++) {
            enum dime_input_encoding encoding = (enum dime_input_encoding)(trial % 4);
            uint32_t count = 1 + dime_random_below(&random, 300), top = 1 + trial % 256;
            uint8_t *pixels = malloc(count);
            int8_t *expected = malloc(count), *encoded = malloc(count);
            float *floats = malloc(dime_pad(count) * sizeof *floats);
            for (uint32_t i = 0; i < count; i++) pixels[i] = (uint8_t)dime_random_below(&random, top);
            dime_encode(encoding, 73, pixels, count, expected);
            kernels->encode(encoding, 73, pixels, count, encoded);
            kernels->encode_floats(encoding, 73, pixels, count, floats);
            assert_memory_equal(encoded, expected, count);
            for (uint32_t i = 0; i < dime_pad(count); i++)
                assert_true(floats[i] == (i < count ? expected[i] : 0));
            free(pixels);
            free(expected);
            free(encoded);
            free(floats);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_distortion_is_identity),
        cmocka_unit_test(test_same_stream_same_picture),
        cmocka_unit_test(test_rotation_angles),
        cmocka_unit_test(test_translation_and_scale),
        cmocka_unit_test(test_elastic_deviation),
        cmocka_unit_test(test_elastic_probability),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_interpolation),
        cmocka_unit_test(test_reduction),
        cmocka_unit_test(test_smoothing),
        cmocka_unit_test(test_variants_agree),
        cmocka_unit_test(test_encoding),
    };
    return cmocka_run_group_tests_name("augment", tests, NULL, NULL);
}
