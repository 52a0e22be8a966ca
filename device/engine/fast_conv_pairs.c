/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"
#include "stage.h"

/* What is the same for all rows. */
struct walk {
    const struct dime_conv_stage *stage;
    const struct dime_layer *layer;
    uint32_t *sums;
    uint32_t right, down; /* bytes of the input from place to place and from row to row of the convolution */
    const int8_t *blank;  /* an output that saw a blank window, or NULL */
};

/* Pairs at columns 0, 2, 4 ...; the last of an odd number of columns begins one earlier. */
static void run_row(const struct walk *walk, const int8_t *input, int8_t *output) {
    uint32_t outputs = walk->layer->outputs, right = walk->right;
    for (uint32_t left = walk->layer->out_width; left > 1; left -= 2) {
        walk->stage->pair(input, walk->sums);
        walk->stage->finish(walk->sums, output, walk->layer);
        if (left != 3) {
            input += right;
            output += outputs;
        } else {
            left++;
        }
        input += right;
        output += outputs;
    }
}

typedef uint16_t __attribute__((may_alias)) two_bytes;

/* 1 where the windows of two by two outputs see nothing but 0 in the only channel. Only for pictures in which
   two bytes can be read at a time. */
static int is_blank(const struct dime_layer *layer, const int8_t *input) {
    uint32_t size = layer->kernel + layer->stride;
    if (layer->channels > 1 || ((size | layer->width | (uintptr_t)input) & 1)) return 0;
    for (uint32_t i = size; i > 0; i--, input += layer->width)
        for (const int8_t *at = input; at < input + size; at += 2)
            if (*(const two_bytes *)(const void *)at) return 0;
    return 1;
}

static void run_window(const struct walk *walk, const int8_t *input, int8_t *output) {
    walk->stage->pair(input, walk->sums);
    walk->stage->pair(input + walk->down, walk->sums + walk->layer->outputs);
    walk->stage->finish(walk->sums, output, walk->layer);
}

/* One row of `width` 2x2 windows. */
static void run_pooled_row(struct walk *walk, uint32_t width, const int8_t *input, int8_t *output) {
    uint32_t outputs = walk->layer->outputs;
    for (; width > 0; width--, output += outputs, input += 2 * walk->right) {
        int is_empty = is_blank(walk->layer, input);
        if (is_empty && walk->blank) {
            for (uint32_t m = 0; m < outputs; m++) output[m] = walk->blank[m];
            continue;
        }
        run_window(walk, input, output);
        if (is_empty) walk->blank = output;
    }
}

void dime_conv_pairs_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                         const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output) {
    uint32_t right = (uint32_t)first->stride * first->channels, down = right * first->width;
    struct walk walk = {stage, first, (uint32_t *)sums, right, down, NULL};
    uint32_t above = first == last ? down : 2 * down, row = (uint32_t)last->out_width * last->outputs;
    if (dime_conv_is_upward(input, output)) {
        for (uint32_t y = last->out_height; y > 1; y--, input += above) output += row;
        above = 0 - above;
        row = 0 - row;
    }
    for (uint32_t y = last->out_height; y > 0; y--, input += (int32_t)above, output += (int32_t)row) {
        if (first == last)
            run_row(&walk, input, output);
        else
            run_pooled_row(&walk, last->out_width, input, output);
    }
}
