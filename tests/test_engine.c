/* SPDX-License-Identifier: MIT */
/* The engine against docs/quantization.md, written here a second time in the plainest way. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "engine/engine.h"
#include "model/formats.h"
#include "vision/encode_small.h"

static struct dime_random generator = {12345};

static uint32_t below(uint32_t bound) {
    return dime_random_below(&generator, bound);
}

/* ---- formats ---- */

static void check_values(const struct dime_format *format, const int *values, uint32_t count) {
    assert_int_equal(format->codes, count);
    for (uint32_t code = 0; code < count; code++) assert_int_equal(format->value(code), values[code]);
}

static void test_values_of_codes(void **state) {
    (void)state;
    check_values(&dime_format_binary, (int[]){-1, 1}, 2);
    check_values(&dime_format_binarysym, (int[]){-1, 1}, 2);
    check_values(&dime_format_ternary, (int[]){1, -1, 0}, 3);
    check_values(&dime_format_2bitsym, (int[]){1, 3, -1, -3}, 4);
    check_values(&dime_format_4bit, (int[]){0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1}, 16);
    check_values(&dime_format_4bitsym, (int[]){1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15},
                 16);
    check_values(&dime_format_fp130,
                 (int[]){1, 2, 4, 8, 16, 32, 64, 128, -1, -2, -4, -8, -16, -32, -64, -128}, 16);
    check_values(&dime_format_pot3, (int[]){0, 1, 2, 4, 0, -1, -2, -4}, 8);
    for (uint32_t code = 0; code < 32; code++) {
        int magnitude = 2 * (int)(code & 15) + 1;
        assert_int_equal(dime_format_5bitsym.value(code), code & 16 ? -magnitude : magnitude);
    }
    for (uint32_t code = 0; code < 256; code++) assert_int_equal(dime_format_8bit.value(code), (int8_t)code);
}

/* Levels as published, times 127 and rounded. */
static void test_nf4_levels(void **state) {
    (void)state;
    static const double published[16] = {-1.0,
                                         -0.6961928009986877,
                                         -0.5250730514526367,
                                         -0.39491748809814453,
                                         -0.28444138169288635,
                                         -0.18477343022823334,
                                         -0.09105003625154495,
                                         0.0,
                                         0.07958029955625534,
                                         0.16093020141124725,
                                         0.24611230194568634,
                                         0.33791524171829224,
                                         0.44070982933044434,
                                         0.5626170039176941,
                                         0.7229568362236023,
                                         1.0};
    for (uint32_t code = 0; code < 16; code++)
        assert_int_equal(dime_format_nf4.value(code), (int)lround(published[code] * 127));
}

static void test_largest_value(void **state) {
    (void)state;
    for (int id = DIME_FORMAT_NONE + 1; id < DIME_FORMAT_COUNT; id++) {
        const struct dime_format *format = dime_format_get((enum dime_format_id)id);
        int largest = 0;
        for (uint32_t code = 0; code < format->codes; code++)
            if (abs(format->value(code)) > largest) largest = abs(format->value(code));
        assert_int_equal(format->largest, largest);
    }
}

static uint8_t *random_codes(const struct dime_format *format, uint32_t inputs) {
    uint8_t *codes = malloc(inputs);
    for (uint32_t k = 0; k < inputs; k++) codes[k] = (uint8_t)below(format->codes);
    return codes;
}

static void check_row(const struct dime_format *format, uint32_t inputs, int extreme) {
    uint8_t *codes = random_codes(format, inputs);
    int8_t *activations = malloc(inputs);
    void *row = malloc(dime_format_row_bytes(format, inputs)); /* the sanitizers see a step beyond it */
    int64_t expected = 0;
    dime_format_pack(format, codes, inputs, row);
    for (uint32_t k = 0; k < inputs; k++) {
        activations[k] =
            (int8_t)(extreme ? (format->value(codes[k]) < 0 ? -128 : 127) : (int)below(256) - 128);
        assert_int_equal(dime_format_code(format, row, k), codes[k]);
        expected += format->value(codes[k]) * activations[k];
    }
    assert_int_equal(format->dot(row, activations, inputs), expected);
    free(codes);
    free(activations);
    free(row);
}

/* Every length up to beyond three words of the narrowest format, so that each way of ending a row occurs. */
static void test_pack_and_dot(void **state) {
    (void)state;
    for (int id = DIME_FORMAT_NONE + 1; id < DIME_FORMAT_COUNT; id++) {
        const struct dime_format *format = dime_format_get((enum dime_format_id)id);
        for (uint32_t inputs = 1; inputs <= 100; inputs++) check_row(format, inputs, inputs & 1);
        check_row(format, 784, 0);
        check_row(format, 784, 1);
    }
}

static void test_first_weight_is_topmost(void **state) {
    (void)state;
    uint32_t words[2] = {0};
    dime_format_pack(&dime_format_4bitsym, (uint8_t[]){0xF, 0x1}, 2, words);
    assert_int_equal(words[0], 0xF1000000);
    dime_format_pack(&dime_format_5bitsym, (uint8_t[]){31, 0, 0, 0, 0, 0, 0x15}, 7,
                     words); /* 30 bits, then 10|101 */
    assert_int_equal(words[0], 0xF8000002);
    assert_int_equal(words[1], 0xA0000000);
    uint16_t trits;
    dime_format_pack(&dime_format_ternary, (uint8_t[]){1, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 10, &trits);
    assert_int_equal(trits, (19683 * 65536 + 59048) / 59049);
}

/* All 3^10 words: ten trits survive the base-3 fraction. */
static void test_every_ternary_word(void **state) {
    (void)state;
    for (uint32_t number = 0; number < 59049; number++) {
        uint8_t codes[10];
        uint16_t word;
        for (uint32_t i = 0, rest = number; i < 10; i++, rest /= 3) codes[i] = (uint8_t)(rest % 3);
        dime_format_pack(&dime_format_ternary, codes, 10, &word);
        for (uint32_t i = 0; i < 10; i++)
            assert_int_equal(dime_format_code(&dime_format_ternary, &word, i), codes[i]);
    }
}

/* ---- requantization ---- */

static int64_t floor_shift(int64_t value, uint32_t shift) {
    int64_t divisor = INT64_C(1) << shift;
    return (value - ((value % divisor + divisor) % divisor)) / divisor;
}

static int64_t affine_reference(int32_t sum, const struct dime_affine *affine, uint32_t bias_shift) {
    int64_t biased = (int64_t)sum + (int64_t)affine->bias * (1 << bias_shift);
    int64_t rounding = affine->shift ? INT64_C(1) << (affine->shift - 1) : 0;
    return floor_shift(biased * affine->multiplier + rounding, affine->shift);
}

static int64_t shift_reference(int64_t largest, uint32_t bits) {
    int64_t shift = 0;
    while (largest >= 0 && (largest >> shift) > (1 << (bits - 1)) - 1) shift++;
    return shift;
}

static void requantize_reference(const struct dime_layer *layer, const int32_t *sums, int32_t *values,
                                 int8_t *activations) {
    int64_t largest = INT64_MIN, top = (1 << (layer->activation_bits - 1)) - 1, total = 0;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        values[m] = layer->affine ? (int32_t)affine_reference(sums[m], &layer->affine[m], layer->bias_shift)
                                  : sums[m];
        if (values[m] > largest) largest = values[m];
    }
    if (layer->requantize == DIME_REQUANTIZE_NONE) return;
    int64_t shift =
        layer->requantize == DIME_REQUANTIZE_SHIFT ? shift_reference(largest, layer->activation_bits) : 0;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        int64_t value = values[m] < 0 ? 0 : (values[m] + (shift ? INT64_C(1) << (shift - 1) : 0)) >> shift;
        activations[m] = (int8_t)(value > top ? top : value);
        total += activations[m];
    }
    for (uint32_t m = 0; layer->centre && m < layer->outputs; m++)
        activations[m] = (int8_t)(activations[m] - (total + layer->outputs / 2) / layer->outputs);
}

static void random_affine(struct dime_affine *affine, uint32_t count) {
    for (uint32_t m = 0; m < count; m++)
        affine[m] = (struct dime_affine){(int16_t)((int)below(65536) - 32768),
                                         (uint8_t)(below(20) ? 32 + below(32) : 0), (uint8_t)below(26)};
}

static void fill_sums(int32_t *sums, uint32_t count, uint32_t range) {
    for (uint32_t m = 0; m < count; m++) sums[m] = (int32_t)below(2 * range + 1) - (int32_t)range;
}

static void check_requantize(struct dime_layer *layer, uint32_t range) {
    int32_t sums[40], kept[40], values[40];
    int8_t activations[40], expected[40];
    fill_sums(sums, layer->outputs, range);
    memcpy(kept, sums, sizeof sums);
    requantize_reference(layer, kept, values, expected);
    dime_layer_requantize(layer, sums, activations);
    assert_memory_equal(sums, values, layer->outputs * sizeof *sums);
    if (layer->requantize != DIME_REQUANTIZE_NONE) assert_memory_equal(activations, expected, layer->outputs);
}

static void test_requantize(void **state) {
    (void)state;
    struct dime_affine affine[40];
    for (uint32_t trial = 0; trial < 20000; trial++) {
        struct dime_layer layer = {.outputs = (uint16_t)(1 + below(40)),
                                   .requantize = (uint8_t)below(3),
                                   .activation_bits = (uint8_t)(2 + below(7)),
                                   .centre = (uint8_t)below(2),
                                   .bias_shift = (uint8_t)below(10)};
        random_affine(affine, layer.outputs);
        if (below(2)) layer.affine = affine;
        check_requantize(&layer, 1u << below(25));
    }
}

/* The greatest sums that engine.h allows do not overflow (the sanitizers watch). */
static void test_requantize_bounds(void **state) {
    (void)state;
    for (uint32_t sign = 0; sign < 2; sign++) {
        for (uint8_t shift = 0; shift <= 25; shift++) {
            struct dime_affine affine = {(int16_t)(sign ? -32767 : 32767), 63, shift};
            struct dime_layer layer = {
                .outputs = 1, .affine = &affine, .requantize = 0, .activation_bits = 2, .bias_shift = 9};
            int32_t sum = sign ? -16777215 : 16777215, kept = sum, value;
            int8_t activation, expected;
            requantize_reference(&layer, &kept, &value, &expected);
            dime_layer_requantize(&layer, &sum, &activation);
            assert_int_equal(sum, value);
            assert_int_equal(activation, expected);
        }
    }
}

static void test_shift_norm(void **state) {
    (void)state;
    assert_int_equal(dime_shift_norm_shift(-5, 8), 0);
    assert_int_equal(dime_shift_norm_shift(0, 8), 0);
    assert_int_equal(dime_shift_norm_shift(127, 8), 0);
    assert_int_equal(dime_shift_norm_shift(128, 8), 1);
    assert_int_equal(dime_shift_norm_shift(255, 8), 1);
    assert_int_equal(dime_shift_norm_shift(256, 8), 2);
    assert_int_equal(dime_shift_norm_shift(7, 4), 0);
    assert_int_equal(dime_shift_norm_shift(8, 4), 1);
}

static void test_argmax_takes_the_first(void **state) {
    (void)state;
    assert_int_equal(dime_argmax((int32_t[]){-3, 7, 7, 2}, 4), 1);
    assert_int_equal(dime_argmax((int32_t[]){-3, -3}, 2), 0);
    assert_int_equal(dime_argmax((int32_t[]){1, 2, 3}, 3), 2);
}

/* A whole network by hand: 2 inputs, 2 hidden, 2 outputs. */
static void test_network(void **state) {
    (void)state;
    uint32_t first[2], second[2];
    dime_format_pack(&dime_format_4bitsym, (uint8_t[]){7, 0}, 2, &first[0]);  /* 15, 1 */
    dime_format_pack(&dime_format_4bitsym, (uint8_t[]){15, 1}, 2, &first[1]); /* -15, 3 */
    dime_format_pack(&dime_format_2bitsym, (uint8_t[]){0, 1}, 2, &second[0]); /* 1, 3 */
    dime_format_pack(&dime_format_2bitsym, (uint8_t[]){3, 2}, 2, &second[1]); /* -3, -1 */
    struct dime_layer layers[2] = {
        {.format = &dime_format_4bitsym, .weights = first, .inputs = 2, .outputs = 2, .activation_bits = 8},
        {.format = &dime_format_2bitsym,
         .weights = second,
         .inputs = 2,
         .outputs = 2,
         .requantize = DIME_REQUANTIZE_NONE,
         .activation_bits = 8}};
    struct dime_network network = {.layers = layers, .layer_count = 2, .widest = 2};
    int32_t sums[2];
    int8_t activations[2];
    /* 15*100 + 50 = 1550 -> shift 4 -> (1550 + 8) >> 4 = 97; -1500 + 150 -> 0 */
    assert_int_equal(dime_network_infer(&network, (int8_t[]){100, 50}, sums, activations), 0);
    assert_int_equal(activations[0], 97);
    assert_int_equal(activations[1], 0);
    assert_int_equal(sums[0], 97);
    assert_int_equal(sums[1], -291);
}

/* ---- input encoding ---- */

static void test_encode(void **state) {
    (void)state;
    uint8_t pixels[256];
    int8_t output[256];
    for (uint32_t i = 0; i < 256; i++) pixels[i] = (uint8_t)i;
    dime_encode(DIME_INPUT_UNSIGNED, 0, pixels, 256, output);
    for (uint32_t i = 0; i < 256; i++) assert_int_equal(output[i], i / 2);
    dime_encode(DIME_INPUT_UNSIGNED4, 0, pixels, 255, output);
    for (uint32_t i = 0; i < 255; i++) assert_int_equal(output[i], i / 16);
    dime_encode(DIME_INPUT_BINARY, 73, pixels, 256, output);
    for (uint32_t i = 0; i < 256; i++) assert_int_equal(output[i], i >= 73);
    dime_encode(DIME_INPUT_MEAN_SUBTRACTED, 0, pixels, 256, output);
    for (uint32_t i = 0; i < 256; i++) {
        double exact = ((double)i - 0.1307 * 255) * 127 / (255 - 0.1307 * 255);
        assert_int_equal(output[i], (int)floor(exact + 0.5));
    }
}

/* Every brightest pixel: the scale is the image's own, and the darkest image does not divide by zero. */
static void test_encode_scales_each_image(void **state) {
    (void)state;
    for (uint32_t top = 0; top < 256; top++) {
        uint8_t pixels[3] = {0, (uint8_t)top, (uint8_t)(top / 2)};
        double largest = fmax(fabs((double)top - 33.3285), 33.3285);
        int8_t output[3];
        dime_encode(DIME_INPUT_MEAN_SUBTRACTED, 0, pixels, 3, output);
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(output[i], (int)floor((pixels[i] - 33.3285) * 127 / largest + 0.5));
    }
}

/* The small encoder gives the same for every pair of darkest and brightest pixel, and every pixel between. */
static void test_encode_small(void **state) {
    (void)state;
    for (uint32_t least = 0; least < 256; least++)
        for (uint32_t most = least; most < 256; most++) {
            uint8_t pixels[256];
            int8_t expected[256], output[256];
            uint32_t count = most - least + 1;
            for (uint32_t i = 0; i < count; i++) pixels[i] = (uint8_t)(least + i);
            dime_encode(DIME_INPUT_MEAN_SUBTRACTED, 0, pixels, count, expected);
            dime_encode_small(DIME_INPUT_MEAN_SUBTRACTED, 0, pixels, count, output);
            assert_memory_equal(output, expected, count);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_of_codes),
        cmocka_unit_test(test_nf4_levels),
        cmocka_unit_test(test_largest_value),
        cmocka_unit_test(test_pack_and_dot),
        cmocka_unit_test(test_first_weight_is_topmost),
        cmocka_unit_test(test_every_ternary_word),
        cmocka_unit_test(test_requantize),
        cmocka_unit_test(test_requantize_bounds),
        cmocka_unit_test(test_shift_norm),
        cmocka_unit_test(test_argmax_takes_the_first),
        cmocka_unit_test(test_network),
        cmocka_unit_test(test_encode),
        cmocka_unit_test(test_encode_scales_each_image),
        cmocka_unit_test(test_encode_small),
    };
    return cmocka_run_group_tests_name("engine", tests, NULL, NULL);
}
