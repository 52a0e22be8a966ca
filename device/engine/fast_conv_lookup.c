/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"
#include "stage.h"
#include "steps.h"

#if !defined __riscv
/* What fast_lookup_add.S does: rows of a window are M to the word. */
void dime_lookup_add(const struct dime_lookup *lookup, const int8_t *one, const int8_t *other,
                     uint32_t *sums) {
    uint32_t step = lookup->channels, row = 2 * step + lookup->down, count = lookup->bytes / 4;
    const uint32_t *word = lookup->words;
    for (uint32_t m = 0; m < count; m++) sums[m] = 0;
    for (uint32_t c = 0; c < step; c++, one++, other++, word += count / 2)
        for (uint32_t m = 0; m < count; m++)
            for (uint32_t i = 0; i < 3; i++) {
                uint32_t entry = word[m / 2] >> (2 + 15 * (m & 1) + 5 * i) & 31;
                for (uint32_t j = 0; j < 3; j++, entry /= 3) {
                    uint32_t at = i * row + j * step;
                    uint32_t both = (uint32_t)one[at] + ((uint32_t)other[at] << 16);
                    sums[m] += (entry % 3 - 1) * both;
                }
            }
}

static int8_t activation_of(const struct dime_layer *layer, uint32_t m, int32_t sum) {
    int32_t top = (1 << (layer->activation_bits - 1)) - 1;
    int32_t value = dime_affine_apply(sum, &layer->affine[m], layer->bias_shift);
    return (int8_t)(value < 0 ? 0 : value > top ? top : value);
}

/* What fast_conv_scale.S does. */
void dime_conv_scale_pair(const uint32_t *sums, int8_t *output, const struct dime_layer *layer) {
    for (uint32_t m = 0; m < layer->outputs; m++) {
        int32_t left = (int16_t)(sums[m] & 0xFFFF), both = (int32_t)(sums[m] - (uint32_t)left);
        output[m] = activation_of(layer, m, left);
        output[layer->outputs + m] = activation_of(layer, m, both >> 16);
    }
}
#endif

/* The top left of the window of place `place`. */
__attribute__((noinline)) static const int8_t *window_of(const struct dime_layer *layer, const int8_t *input,
                                                         uint32_t place) {
    uint32_t right = (uint32_t)layer->stride * layer->channels, down = right * layer->width;
    for (; place >= layer->out_width; place -= layer->out_width) input += down;
    for (; place > 0; place--) input += right;
    return input;
}

/* Places two by two, whatever their rows; the last two overlap those before where their number is odd. What
   can be had again is not kept: the tables are on the stack, too. */
void dime_conv_lookup_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                          const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output) {
    uint32_t left = dime_map_size(last);
    for (;; left -= 2) {
        if (left < 2) left = 2;
        uint32_t place = dime_conv_is_upward(input, output) ? left - 2 : dime_map_size(first) - left;
        dime_lookup_add(stage->lookup, window_of(first, input, place), window_of(first, input, place + 1),
                        (uint32_t *)sums);
        dime_conv_scale_pair((uint32_t *)sums, output + place * first->outputs, first);
        if (left == 2) return;
    }
}
