/* SPDX-License-Identifier: MIT */
#include "fast_conv.h"
#include "stage.h"

/* Pairs at columns 0, 2, 4 ...; the last of an odd number of columns begins one earlier. */
static void run_row(const struct dime_conv_stage *stage, const struct dime_layer *layer, const int8_t *input,
                    uint32_t *sums, int8_t *output) {
    uint32_t last = layer->out_width - 2u;
    for (uint32_t x = 0;; x += 2) {
        if (x > last) x = last;
        stage->pair(input + x * layer->stride, sums);
        stage->finish(sums, output + x);
        if (x == last) return;
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

/* Copies one place of each channel. */
static void copy_place(const struct dime_layer *pool, const int8_t *from, int8_t *to) {
    uint32_t size = dime_map_size(pool);
    for (uint32_t m = pool->outputs; m > 0; m--, from += size, to += size) *to = *from;
}

/* One row of 2x2 windows. blank: an output place that saw a blank window, or NULL; returns it. */
static const int8_t *run_pooled_row(const struct dime_conv_stage *stage, const struct dime_layer *layer,
                                    const struct dime_layer *pool, const int8_t *input, uint32_t *sums,
                                    int8_t *output, const int8_t *blank) {
    uint32_t down = (uint32_t)layer->stride * layer->width;
    for (uint32_t x = pool->out_width; x > 0; x--, output++, input += 2 * layer->stride) {
        int is_empty = is_blank(layer, input);
        if (is_empty && blank) {
            copy_place(pool, blank, output);
            continue;
        }
        stage->pair(input, sums);
        stage->pair(input + down, sums + layer->outputs);
        stage->finish(sums, output);
        if (is_empty) blank = output;
    }
    return blank;
}

void dime_conv_pairs_run(const struct dime_conv_stage *stage, const struct dime_layer *first,
                         const struct dime_layer *last, const int8_t *input, int32_t *sums, int8_t *output) {
    uint32_t down = (uint32_t)first->stride * first->width;
    const int8_t *blank = NULL;
    for (uint32_t y = last->out_height; y > 0; y--, output += last->out_width) {
        if (first == last)
            run_row(stage, first, input, (uint32_t *)sums, output);
        else
            blank = run_pooled_row(stage, first, last, input, (uint32_t *)sums, output, blank);
        input += first == last ? down : 2 * down;
    }
}
