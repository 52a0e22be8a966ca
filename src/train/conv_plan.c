/* SPDX-License-Identifier: MIT */
/* Which pixels each tap of a convolution meets. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "train/conv_kernels.h"

static int list_create(struct dime_conv_list *list, uint32_t count, size_t items) {
    list->count = count;
    list->start = calloc(count + 1, sizeof *list->start);
    list->items = malloc((items + 1) * sizeof *list->items);
    list->runs = malloc((count + 1) * sizeof *list->runs);
    return list->start && list->items && list->runs ? 0 : DIME_ERROR_MEMORY;
}

static void list_free(struct dime_conv_list *list) {
    free(list->start);
    free(list->items);
    free(list->runs);
}

/* Input pixel that tap (row, column) meets for output pixel (y, x), or -1 in the border. */
static int64_t met_pixel(const struct dime_conv_shape *s, uint32_t out, uint32_t tap) {
    int64_t y = (int64_t)(out / s->out_width) * s->stride + tap / s->kernel - s->padding;
    int64_t x = (int64_t)(out % s->out_width) * s->stride + tap % s->kernel - s->padding;
    return y < 0 || x < 0 || y >= s->height || x >= s->width ? -1 : y * s->width + x;
}

/* row_of: 0 the list goes by output pixel, 1 by input pixel, 2 by tap. Pairs come in the order of output
   pixels, then taps. */
static void list_fill(struct dime_conv_list *list, const struct dime_conv_shape *s, int row_of) {
    uint32_t pixels = s->out_height * s->out_width, taps = s->kernel * s->kernel;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t out = 0; out < pixels; out++) {
            for (uint32_t tap = 0; tap < taps; tap++) {
                int64_t in = met_pixel(s, out, tap);
                if (in < 0) continue;
                uint32_t row = row_of == 0 ? out : row_of == 1 ? (uint32_t)in : tap;
                struct dime_conv_tap item = {row_of == 2 ? out : tap, row_of == 1 ? out : (uint32_t)in};
                if (pass == 0)
                    list->start[row + 1]++;
                else
                    list->items[list->start[row]++] = item;
            }
        }
        for (uint32_t row = 0; pass == 0 && row < list->count; row++)
            list->start[row + 1] += list->start[row];
    }
    memmove(list->start + 1, list->start,
            list->count * sizeof *list->start); /* filling moved each to its end */
    list->start[0] = 0;
}

/* The taps that one pixel meets, a rectangle of the kernel; a pixel meets a tap each, side by side as they
 * are. */
static struct dime_conv_run run_of_one(const struct dime_conv_list *list, uint32_t pixel) {
    const struct dime_conv_tap *tap = list->items + list->start[pixel];
    uint32_t count = list->start[pixel + 1] - list->start[pixel];
    struct dime_conv_run run = {pixel, 1, 0, 0};
    while (run.taps < count && tap[run.taps].tap / 3 == tap[0].tap / 3) run.taps++;
    run.rows = run.taps ? count / run.taps : 0;
    return run;
}

/* The pixel behind meets the same taps, all one pixel further. */
static int goes_on(const struct dime_conv_list *list, uint32_t pixel) {
    const struct dime_conv_tap *tap = list->items + list->start[pixel];
    const struct dime_conv_tap *next = list->items + list->start[pixel + 1];
    uint32_t count = list->start[pixel + 1] - list->start[pixel];
    if (list->start[pixel + 2] - list->start[pixel + 1] != count) return 0;
    for (uint32_t i = 0; i < count; i++)
        if (next[i].tap != tap[i].tap || next[i].pixel != tap[i].pixel + 1) return 0;
    return 1;
}

static void find_runs(struct dime_conv_list *list) {
    for (uint32_t pixel = 0; pixel < list->count; pixel++) {
        struct dime_conv_run *run = &list->runs[list->run_count++];
        *run = run_of_one(list, pixel);
        for (; pixel + 1 < list->count && goes_on(list, pixel); pixel++) run->count++;
    }
}

int dime_conv_plan_create(struct dime_conv_plan *plan, const struct dime_conv_shape *shape) {
    uint32_t taps = shape->kernel * shape->kernel, in = shape->height * shape->width;
    uint32_t out = shape->out_height * shape->out_width;
    size_t items = (size_t)out * taps;
    memset(plan, 0, sizeof *plan);
    plan->shape = *shape;
    if (list_create(&plan->forward, out, items) || list_create(&plan->backward, in, items) ||
        list_create(&plan->weights, taps, items)) {
        dime_conv_plan_free(plan);
        return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a convolution");
    }
    list_fill(&plan->forward, shape, 0);
    list_fill(&plan->backward, shape, 1);
    list_fill(&plan->weights, shape, 2);
    plan->backward.taps_fall = 1;
    if (shape->kernel == 3) find_runs(&plan->forward);
    if (shape->kernel == 3 && shape->stride == 1) /* with longer strides a pixel misses taps in between */
        find_runs(&plan->backward);
    if (shape->kernel == 3 && shape->stride == 1 && shape->padding <= 2) {
        plan->forward.sweep = (struct dime_conv_sweep){shape->out_height, shape->out_width, shape->height,
                                                       shape->width, shape->padding};
        plan->backward.sweep = (struct dime_conv_sweep){shape->height, shape->width, shape->out_height,
                                                        shape->out_width, 2 - shape->padding};
    }
    return 0;
}

void dime_conv_plan_free(struct dime_conv_plan *plan) {
    list_free(&plan->forward);
    list_free(&plan->backward);
    list_free(&plan->weights);
    memset(plan, 0, sizeof *plan);
}
