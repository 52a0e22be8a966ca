/* SPDX-License-Identifier: MIT */
/* The backward pass through convolution and pooling against finite differences of the trainer's own forward
   pass. Float networks (QuantType None) have slopes everywhere but in kinks; what quantization adds is
   straight-through, tested in test_gradients.c, and for maps by a layer that can be computed both ways. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "train/network.h"

#define IMAGES 19 /* some lanes hold no image */
#define CLASSES 5

static struct dime_random generator = {31};

static double loss_of(struct dime_network_state *network, struct dime_chunk *chunk) {
    assert_int_equal(dime_network_refresh(network), 0);
    dime_chunk_forward(network, chunk, 1);
    return chunk->loss;
}

static double slope(struct dime_network_state *network, struct dime_chunk *chunk, float *parameter,
                    float step) {
    float kept = *parameter;
    *parameter = kept + step;
    double above = loss_of(network, chunk), up = *parameter;
    *parameter = kept - step;
    double below = loss_of(network, chunk), down = *parameter;
    *parameter = kept;
    return (above - below) / (up - down);
}

/* Within a kink of ReLU or of a maximum the two differ; few parameters sit at one, so a few misses are let
 * pass.
 */
struct tally {
    uint32_t checked, missed;
    double largest;
};

static void compare(struct tally *tally, double computed, double expected, double size) {
    tally->checked++;
    tally->missed += fabs(computed - expected) > 0.03 * size + 0.003;
    tally->largest = fmax(tally->largest, fabs(expected));
}

static void check_layer(struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                        const float *gradient, struct tally *tally) {
    struct dime_train_layer *layer = &network->layers[index];
    double scale = dime_weight_gradient_scale(network, index), size = 0;
    for (size_t i = 0; i < layer->weight.count; i++) size = fmax(size, fabs(gradient[i] * scale));
    for (uint32_t k = 0; k < layer->inputs; k += 1 + layer->inputs / 20) {
        for (uint32_t m = 0; m < layer->outputs; m++) {
            size_t at = (size_t)k * layer->padded_outputs + m;
            compare(tally, gradient[at] * scale, slope(network, chunk, &layer->weight.value[at], 3e-4f),
                    size);
        }
    }
}

static void check_norm(struct dime_network_state *network, struct dime_chunk *chunk, uint32_t index,
                       const float *gain, const float *offset, struct tally *tally) {
    struct dime_train_layer *layer = &network->layers[index];
    for (uint32_t m = 0; layer->mean && m < layer->outputs; m++) {
        double by_gain = slope(network, chunk, &layer->gain.value[m], 3e-4f);
        double by_offset = slope(network, chunk, &layer->offset.value[m], 3e-4f);
        compare(tally, gain[m], by_gain, fmax(fabs(by_gain), 1));
        compare(tally, offset[m], by_offset, fmax(fabs(by_offset), 1));
    }
}

static void fill(const struct dime_network_state *network, struct dime_chunk *chunk) {
    chunk->count = IMAGES;
    for (uint32_t n = 0; n < IMAGES; n++) {
        chunk->labels[n] = (uint8_t)dime_random_below(&generator, CLASSES);
        for (uint32_t k = 0; k < network->inputs; k++)
            chunk->layers[0].input[n * network->padded_inputs + k] =
                (float)dime_random_below(&generator, 255) - 127;
    }
}

static void shake_norms(struct dime_network_state *network) {
    for (uint32_t l = 0; l + 1 < network->layer_count; l++) {
        struct dime_train_layer *layer = &network->layers[l];
        for (uint32_t m = 0; layer->mean && m < layer->outputs; m++) {
            layer->gain.value[m] = dime_random_range(&generator, 0.5f, 2);
            layer->offset.value[m] = dime_random_range(&generator, -0.5f, 1);
        }
    }
}

static void check(const char *text) {
    struct dime_config config;
    struct dime_network_state network;
    struct dime_chunk chunk, kept;
    if (dime_config_parse("test", text, strlen(text), &config)) fail_msg("%s", dime_error_message());
    assert_int_equal(dime_network_create(&network, &config, CLASSES), 0);
    assert_int_equal(dime_chunk_create(&chunk, &network, 1), 0);
    assert_int_equal(dime_chunk_create(&kept, &network, 1), 0);
    shake_norms(&network);
    fill(&network, &chunk);
    generator.state += 1;
    kept.count = chunk.count;
    memcpy(kept.labels, chunk.labels, sizeof chunk.labels);
    memcpy(kept.layers[0].input, chunk.layers[0].input,
           (size_t)IMAGES * network.padded_inputs * sizeof(float));
    assert_int_equal(dime_network_refresh(&network), 0);
    dime_chunk_forward(&network, &kept, 1);
    dime_chunk_backward(&network, &kept);
    for (uint32_t l = 0; l < network.layer_count; l++) {
        struct tally tally = {0};
        if (!network.layers[l].weight.count) continue;
        check_layer(&network, &chunk, l, kept.layers[l].weight_gradient, &tally);
        check_norm(&network, &chunk, l, kept.layers[l].gain_gradient, kept.layers[l].offset_gradient, &tally);
        if (tally.largest < 1e-2 || tally.missed > tally.checked / 20)
            fail_msg("%s\nlayer %u: %u of %u gradients differ, the largest slope is %g", text, l,
                     tally.missed, tally.checked, tally.largest);
    }
    dime_chunk_free(&chunk);
    dime_chunk_free(&kept);
    dime_network_free(&network);
}

static void test_batch_norm(void **state) {
    (void)state;
    check("QuantType: None\ninput_size: 8\nNormType: BatchNorm\nlayers: [{type: conv2d, outputs: 5}, "
          "{type: maxpool}, {type: conv2d, outputs: 6, kernel: 2}, {outputs: 7}, {}]");
    check("QuantType: None\ninput_size: 9\nNormType: BatchNorm\nlayers: [{type: conv2d, outputs: 4, padding: "
          "1, "
          "stride: 2}, {type: depthwise, padding: 1}, {type: avgpool, size: 3, stride: 2}, {}]");
}

static void test_shift_norm(void **state) {
    (void)state;
    check("QuantType: None\ninput_size: 8\nNormType: RMS\nlayers: [{type: conv2d, outputs: 5}, {type: "
          "maxpool}, "
          "{type: conv2d, outputs: 6, kernel: 2}, {}]");
    check("QuantType: None\ninput_size: 8\nNormType: Lin\nlayers: [{type: conv2d, outputs: 5}, "
          "{type: depthwise}, {}]");
    check("QuantType: None\ninput_size: 8\nNormType: LayerNorm\nlayers: [{type: conv2d, outputs: 5}, "
          "{type: avgpool}, {outputs: 7}, {}]");
}

static void test_wide(void **state) {
    (void)state;
    check("QuantType: None\ninput_size: 10\nlayers: [{type: conv2d, outputs: 5, NormType: None}, "
          "{type: depthwise, NormType: None}, {type: maxpool}, {outputs: 8}, {}]");
}

/* ---- quantized maps of one pixel are a fully connected layer ---- */

/* A network of two layers, of which the first is looked at. */
struct first_layer {
    struct dime_network_state network;
    struct dime_chunk chunk;
};

static void create_first(struct first_layer *first, const char *layer) {
    struct dime_config config;
    char text[300];
    snprintf(text, sizeof text,
             "QuantType: 8bit\ninput_size: 4\nNormType: BatchNorm\nactivation_clip: 0.75\nlayers: [%s, {}]",
             layer);
    if (dime_config_parse("test", text, strlen(text), &config)) fail_msg("%s", dime_error_message());
    assert_int_equal(dime_network_create(&first->network, &config, CLASSES), 0);
    assert_int_equal(dime_chunk_create(&first->chunk, &first->network, 1), 0);
}

/* The same parameters and pictures. */
static void copy_first(const struct first_layer *from, struct first_layer *to) {
    for (uint32_t l = 0; l < 2; l++) {
        const struct dime_train_layer *a = &from->network.layers[l];
        struct dime_train_layer *b = &to->network.layers[l];
        assert_int_equal(a->weight.count, b->weight.count);
        memcpy(b->weight.value, a->weight.value, a->weight.count * sizeof(float));
        memcpy(b->clip.value, a->clip.value, a->clip.count * sizeof(float));
        memcpy(b->gain.value, a->gain.value, a->gain.count * sizeof(float));
        memcpy(b->offset.value, a->offset.value, a->offset.count * sizeof(float));
    }
    to->chunk.count = from->chunk.count;
    memcpy(to->chunk.labels, from->chunk.labels, sizeof from->chunk.labels);
    memcpy(to->chunk.layers[0].input, from->chunk.layers[0].input,
           (size_t)IMAGES * from->network.padded_inputs * sizeof(float));
}

static void run_first(struct first_layer *first) {
    assert_int_equal(dime_network_refresh(&first->network), 0);
    dime_chunk_forward(&first->network, &first->chunk, 1);
    dime_chunk_backward(&first->network, &first->chunk);
}

static void free_first(struct first_layer *first) {
    dime_chunk_free(&first->chunk);
    dime_network_free(&first->network);
}

static void expect_alike(const char *what, const float *maps, const float *rows, size_t count) {
    double size = 0;
    for (size_t i = 0; i < count; i++) size = fmax(size, fabs((double)rows[i]));
    assert_true(size > 0);
    for (size_t i = 0; i < count; i++)
        if (fabs((double)maps[i] - (double)rows[i]) > 2e-3 * size)
            fail_msg("%s %zu: %g by maps, %g fully connected", what, i, (double)maps[i], (double)rows[i]);
}

/* How many activations of the layer are clipped. */
static uint32_t count_clipped(const struct first_layer *first) {
    const struct dime_train_layer *layer = &first->network.layers[0];
    uint32_t clipped = 0;
    for (uint32_t n = 0; n < IMAGES; n++)
        for (uint32_t m = 0; m < layer->outputs; m++)
            clipped += first->chunk.layers[1].input[n * first->network.layers[1].padded_inputs + m] == 127;
    return clipped;
}

/* Rounding, clipping and ghost statistics included, which the finite differences above leave out. */
static void test_maps_of_one_pixel(void **state) {
    (void)state;
    struct first_layer maps, rows;
    create_first(&maps, "{type: conv2d, outputs: 6, kernel: 4}");
    create_first(&rows, "{outputs: 6}");
    shake_norms(&rows.network);
    fill(&rows.network, &rows.chunk);
    copy_first(&rows, &maps);
    run_first(&maps);
    run_first(&rows);
    assert_in_range(count_clipped(&rows), IMAGES / 2, 5 * IMAGES);
    const struct dime_train_layer *layer = &rows.network.layers[0];
    const struct dime_chunk_layer *a = &maps.chunk.layers[0], *b = &rows.chunk.layers[0];
    expect_alike("weight", a->weight_gradient, b->weight_gradient,
                 (size_t)layer->inputs * layer->padded_outputs);
    expect_alike("gain", a->gain_gradient, b->gain_gradient, layer->outputs);
    expect_alike("offset", a->offset_gradient, b->offset_gradient, layer->outputs);
    assert_true(maps.chunk.loss == rows.chunk.loss);
    free_first(&maps);
    free_first(&rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_shift_norm),
        cmocka_unit_test(test_wide),
        cmocka_unit_test(test_maps_of_one_pixel),
    };
    return cmocka_run_group_tests_name("map_gradients", tests, NULL, NULL);
}
