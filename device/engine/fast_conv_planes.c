/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"
#include "stage.h"
#include "steps.h"

static int8_t activation_of(const struct dime_layer *layer, uint32_t m, int32_t sum) {
    const struct dime_affine *affine = &layer->affine[m];
    int32_t top = (1 << (layer->activation_bits - 1)) - 1;
    if (sum + (int32_t)((uint32_t)(int32_t)affine->bias << layer->bias_shift) <= 0) return 0;
    int32_t value = dime_affine_apply(sum, affine, layer->bias_shift);
    return (int8_t)(value > top ? top : value);
}

static void run_place(const struct dime_planes *planes, const struct dime_layer *layer, const int8_t *input,
                      uint32_t *slices, int8_t *output) {
    uint32_t base = dime_planes_add(planes, input, slices) * planes->middle;
    dime_planes_transpose(planes, slices);
    for (uint32_t m = 0; m < layer->outputs; m++) {
        uint32_t value = dime_planes_value(planes, slices, m);
        output[m] = activation_of(layer, m, (int32_t)((value << planes->scale) - base));
    }
}

void dime_conv_planes_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                          const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output) {
    uint32_t right = (uint32_t)first->stride * first->channels, down = right * first->width;
    uint32_t row = (uint32_t)last->out_width * last->outputs;
    int upward = dime_conv_is_upward(input, output);
    for (uint32_t y = last->out_height; upward && y > 1; y--, input += down) output += row;
    for (uint32_t y = last->out_height; y > 0; y--) {
        for (uint32_t x = 0; x < last->out_width; x++)
            run_place(stage->planes, first, input + x * right, (uint32_t *)sums, output + x * first->outputs);
        input += upward ? -(int32_t)down : (int32_t)down;
        output += upward ? -(int32_t)row : (int32_t)row;
    }
}
