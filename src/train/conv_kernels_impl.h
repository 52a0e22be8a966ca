/* SPDX-License-Identifier: MIT */
/* Body of every variant of the convolution kernels. The including file defines: vec, VEC_WIDTH, vec_load,
   vec_store, vec_all, vec_fma, CONV_ROWS and CONV_VECTORS (the block of sums of a pixel held in registers, at
   most 12 rows), CONV_SQUARE (channels of a block of 4 rows of sums of weights, at least 2), KERNELS_NAME,
   KERNELS_SYMBOL. */
#include <string.h>

#include "engine/engine.h"
#include "train/conv_kernels.h"
#include "train/kernels.h"

#define ALWAYS static inline __attribute__((always_inline))
#ifdef __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

/* ---- gather: `rows` outputs x `vectors` vectors of one pixel; both constants at each call ---- */

ALWAYS void gather_block(const struct dime_conv_gather *g, uint32_t pixel, uint32_t row, uint32_t lane,
                         const uint32_t rows, const uint32_t vectors) {
    vec sum[12][CONV_VECTORS];
    UNROLL for (uint32_t r = 0; r < rows; r++) UNROLL for (uint32_t v = 0; v < vectors; v++) sum[r][v] =
        vec_all(0);
    const struct dime_conv_tap *tap = g->list->items + g->list->start[pixel];
    const struct dime_conv_tap *end = g->list->items + g->list->start[pixel + 1];
    for (; tap < end; tap++) {
        const float *w = g->weights + tap->tap * g->weight_tap + row;
        const float *in = g->in + (size_t)tap->pixel * g->lanes + lane;
        for (uint32_t c = 0; c < g->channels; c++, w += g->weight_channel, in += g->in_plane) {
            vec x[CONV_VECTORS];
            UNROLL for (uint32_t v = 0; v < vectors; v++) x[v] = vec_load(in + v * VEC_WIDTH);
            UNROLL for (uint32_t r = 0; r < rows; r++) {
                vec factor = vec_all(w[r]);
                UNROLL for (uint32_t v = 0; v < vectors; v++) sum[r][v] = vec_fma(factor, x[v], sum[r][v]);
            }
        }
    }
    float *out = g->out + row * g->out_plane + (size_t)pixel * g->lanes + lane;
    UNROLL for (uint32_t r = 0; r < rows; r++) UNROLL for (uint32_t v = 0; v < vectors; v++)
        vec_store(out + r * g->out_plane + v * VEC_WIDTH, sum[r][v]);
}

ALWAYS void gather_lanes(const struct dime_conv_gather *g, uint32_t pixel, uint32_t row,
                         const uint32_t rows) {
    uint32_t lane = 0;
    for (; lane + CONV_VECTORS * VEC_WIDTH <= g->lanes; lane += CONV_VECTORS * VEC_WIDTH)
        gather_block(g, pixel, row, lane, rows, CONV_VECTORS);
    for (; lane < g->lanes; lane += VEC_WIDTH) gather_block(g, pixel, row, lane, rows, 1);
}

// NOLINTBEGIN(bugprone-branch-clone): where registers hold 8 rows, two branches are one
static void gather_pixels(const struct dime_conv_gather *g, uint32_t row, uint32_t rows) {
    for (uint32_t pixel = 0; pixel < g->list->count; pixel++) {
        if (rows == CONV_ROWS)
            gather_lanes(g, pixel, row, CONV_ROWS);
        else if (rows == 8)
            gather_lanes(g, pixel, row, CONV_ROWS < 8 ? CONV_ROWS : 8);
        else if (rows == 4)
            gather_lanes(g, pixel, row, 4);
        else
            gather_lanes(g, pixel, row, 1);
    }
}
// NOLINTEND(bugprone-branch-clone)

/* Rows of the next block: as many as registers hold, but rather 8 + 8 than 12 + 4. */
static uint32_t next_rows(uint32_t left) {
    if (left >= CONV_ROWS && left != 16) return CONV_ROWS;
    if (CONV_ROWS > 8 && left >= 8) return 8;
    return left >= CONV_ROWS ? CONV_ROWS : left >= 4 ? 4 : 1;
}

static void gather(const struct dime_conv_gather *g) {
    for (uint32_t row = 0, rows; row < g->rows; row += rows) {
        rows = next_rows(g->rows - row);
        gather_pixels(g, row, rows);
    }
}

/* ---- gradient of the weights: `rows` x `channels` sums over the pairs of one tap ---- */

#define PARTS (DIME_LANES / VEC_WIDTH) /* vectors that make up the lanes of a sum */

/* Half of the lanes of a sum, and half of those: four numbers. */
typedef float quad __attribute__((vector_size(16)));
ALWAYS quad quad_of(const vec sum[PARTS]) {
    float lane[DIME_LANES];
    quad q[4];
    UNROLL for (uint32_t i = 0; i < PARTS; i++) vec_store(lane + i * VEC_WIDTH, sum[i]);
    memcpy(q, lane, sizeof q);
    return (q[0] + q[2]) + (q[1] + q[3]);
}

#ifdef __clang__
#define SHUFFLE(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#else
typedef int quad_places __attribute__((vector_size(16)));
#define SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (quad_places){i, j, k, l})
#endif

/* Four sums at a time: the lanes of each are added (l, l + 8), (l, l + 4), (l, l + 2), (l, l + 1), the same
   in every variant. */
ALWAYS void add_up4(vec sum[4][PARTS], float *out) {
    quad a = quad_of(sum[0]), b = quad_of(sum[1]), c = quad_of(sum[2]), d = quad_of(sum[3]);
    quad ab = SHUFFLE(a, b, 0, 4, 1, 5) + SHUFFLE(a, b, 2, 6, 3, 7);
    quad cd = SHUFFLE(c, d, 0, 4, 1, 5) + SHUFFLE(c, d, 2, 6, 3, 7);
    quad all = SHUFFLE(ab, cd, 0, 1, 4, 5) + SHUFFLE(ab, cd, 2, 3, 6, 7);
    memcpy(out, &all, sizeof all);
}

ALWAYS float add_up(const vec *sum) {
    quad a = quad_of(sum);
    return (a[0] + a[2]) + (a[1] + a[3]);
}

/* Part i of each sum of a block. */
ALWAYS void weights_part(const struct dime_conv_weights *w, uint32_t tap, const float *gradient,
                         const float *in, const uint32_t rows, const uint32_t channels, const uint32_t i,
                         vec total[CONV_SQUARE][4][PARTS]) {
    vec sum[CONV_SQUARE][4];
    UNROLL for (uint32_t c = 0; c < channels; c++) UNROLL for (uint32_t r = 0; r < rows; r++) sum[c][r] =
        vec_all(0);
    const struct dime_conv_tap *pair = w->plan->weights.items + w->plan->weights.start[tap];
    const struct dime_conv_tap *end = w->plan->weights.items + w->plan->weights.start[tap + 1];
    for (; pair < end; pair++) {
        const float *g = gradient + (size_t)pair->tap * w->lanes, *x = in + (size_t)pair->pixel * w->lanes;
        for (uint32_t lane = i * VEC_WIDTH; lane < w->lanes; lane += DIME_LANES) {
            vec slope[4];
            UNROLL for (uint32_t r = 0; r < rows; r++) slope[r] = vec_load(g + r * w->gradient_plane + lane);
            UNROLL for (uint32_t c = 0; c < channels; c++) {
                vec input = vec_load(x + c * w->in_plane + lane);
                UNROLL for (uint32_t r = 0; r < rows; r++) sum[c][r] = vec_fma(slope[r], input, sum[c][r]);
            }
        }
    }
    UNROLL for (uint32_t c = 0; c < channels; c++) UNROLL for (uint32_t r = 0; r < rows; r++) total[c][r][i] =
        sum[c][r];
}

/* rows: a multiple of 4, or 1 */
ALWAYS void weights_block(const struct dime_conv_weights *w, uint32_t tap, uint32_t row, uint32_t channel,
                          const uint32_t rows, const uint32_t channels) {
    vec total[CONV_SQUARE][4][PARTS];
    const float *gradient = w->gradient + row * w->gradient_plane, *in = w->in + channel * w->in_plane;
    UNROLL for (uint32_t i = 0; i < PARTS; i++) weights_part(w, tap, gradient, in, rows, channels, i, total);
    float *out = w->weights + tap * w->weight_tap + channel * w->weight_channel + row;
    UNROLL for (uint32_t c = 0; c < channels; c++, out += w->weight_channel) {
        if (rows == 1) out[0] = add_up(total[c][0]);
        UNROLL for (uint32_t r = 0; r + 4 <= rows; r += 4) add_up4(&total[c][r], out + r);
    }
}

ALWAYS void weights_taps(const struct dime_conv_weights *w, uint32_t row, const uint32_t rows) {
    for (uint32_t tap = 0; tap < w->plan->weights.count; tap++) {
        uint32_t channel = 0;
        for (; channel + CONV_SQUARE <= w->channels; channel += CONV_SQUARE)
            weights_block(w, tap, row, channel, rows, CONV_SQUARE);
        for (; channel + 2 <= w->channels; channel += 2) weights_block(w, tap, row, channel, rows, 2);
        for (; channel < w->channels; channel++) weights_block(w, tap, row, channel, rows, 1);
    }
}

/* ---- depthwise ---- */

#define TAPS 9 /* of the kernel whose factors stay in registers */

ALWAYS void depthwise_pixel(const struct dime_conv_gather *g, const float *in, float *out,
                            const struct dime_conv_tap *tap, const vec *factor) {
    for (uint32_t lane = 0; lane < g->lanes; lane += VEC_WIDTH) {
        vec sum = vec_all(0);
        UNROLL for (uint32_t t = 0; t < TAPS; t++) sum =
            vec_fma(factor[t], vec_load(in + (size_t)tap[t].pixel * g->lanes + lane), sum);
        vec_store(out + lane, sum);
    }
}

static void depthwise_border(const struct dime_conv_gather *g, const float *w, const float *in, float *out,
                             const struct dime_conv_tap *tap, uint32_t taps) {
    for (uint32_t lane = 0; lane < g->lanes; lane += VEC_WIDTH) {
        vec sum = vec_all(0);
        for (uint32_t t = 0; t < taps; t++)
            sum = vec_fma(vec_all(w[tap[t].tap * g->weight_tap]),
                          vec_load(in + (size_t)tap[t].pixel * g->lanes + lane), sum);
        vec_store(out + lane, sum);
    }
}

/* The taps that a pixel meets are a rectangle of the kernel, so first and last say which nine they are. */
static void depthwise(const struct dime_conv_gather *g) {
    for (uint32_t c = 0; c < g->channels; c++) {
        const float *w = g->weights + c, *in = g->in + c * g->in_plane;
        float *out = g->out + c * g->out_plane;
        const struct dime_conv_tap *known = NULL;
        vec factor[TAPS];
        for (uint32_t pixel = 0; pixel < g->list->count; pixel++, out += g->lanes) {
            const struct dime_conv_tap *tap = g->list->items + g->list->start[pixel];
            uint32_t taps = g->list->start[pixel + 1] - g->list->start[pixel];
            if (taps != TAPS) {
                depthwise_border(g, w, in, out, tap, taps);
                continue;
            }
            if (!known || known[0].tap != tap[0].tap || known[TAPS - 1].tap != tap[TAPS - 1].tap)
                for (uint32_t t = 0; t < TAPS; t++) factor[t] = vec_all(w[tap[t].tap * g->weight_tap]);
            known = tap;
            depthwise_pixel(g, in, out, tap, factor);
        }
    }
}

/* Sums of part i of the nine taps of one channel over the pixels that meet them all. */
static void depthwise_sums(const struct dime_conv_weights *w, const float *in, const float *gradient,
                           vec total[TAPS][PARTS], uint32_t i) {
    const struct dime_conv_list *list = &w->plan->forward;
    vec sum[TAPS];
    UNROLL for (uint32_t t = 0; t < TAPS; t++) sum[t] = vec_all(0);
    for (uint32_t pixel = 0; pixel < list->count; pixel++) {
        const struct dime_conv_tap *tap = list->items + list->start[pixel];
        if (list->start[pixel + 1] - list->start[pixel] != TAPS) continue;
        for (uint32_t lane = i * VEC_WIDTH; lane < w->lanes; lane += DIME_LANES) {
            vec slope = vec_load(gradient + (size_t)pixel * w->lanes + lane);
            UNROLL for (uint32_t t = 0; t < TAPS; t++) sum[t] =
                vec_fma(slope, vec_load(in + (size_t)tap[t].pixel * w->lanes + lane), sum[t]);
        }
    }
    for (uint32_t t = 0; t < TAPS; t++) total[t][i] = sum[t];
}

/* Adds the pixels at the border, which miss some taps. */
static void depthwise_border_sums(const struct dime_conv_weights *w, const float *in, const float *gradient,
                                  vec total[TAPS][PARTS]) {
    const struct dime_conv_list *list = &w->plan->forward;
    for (uint32_t pixel = 0; pixel < list->count; pixel++) {
        uint32_t first = list->start[pixel], last = list->start[pixel + 1];
        for (uint32_t t = first; last - first < TAPS && t < last; t++) {
            struct dime_conv_tap tap = list->items[t];
            for (uint32_t lane = 0; lane < w->lanes; lane += VEC_WIDTH) {
                vec *sum = &total[tap.tap][lane / VEC_WIDTH % PARTS];
                *sum = vec_fma(vec_load(gradient + (size_t)pixel * w->lanes + lane),
                               vec_load(in + (size_t)tap.pixel * w->lanes + lane), *sum);
            }
        }
    }
}

/* The nine taps between one channel of the input and one of the output. */
static void nine_taps(const struct dime_conv_weights *w, const float *in, const float *gradient,
                      float *weights) {
    vec total[TAPS][PARTS];
    for (uint32_t i = 0; i < PARTS; i++) depthwise_sums(w, in, gradient, total, i);
    depthwise_border_sums(w, in, gradient, total);
    for (uint32_t t = 0; t < TAPS; t++) weights[t * w->weight_tap] = add_up(total[t]);
}

/* Any kernel: one sum at a time. */
static void depthwise_taps(const struct dime_conv_weights *w, uint32_t c) {
    struct dime_conv_weights one = *w;
    one.rows = one.channels = 1;
    one.in += c * w->in_plane;
    one.gradient += c * w->gradient_plane;
    one.weights += c;
    weights_taps(&one, 0, 1);
}

static void depthwise_gradient(const struct dime_conv_weights *w) {
    for (uint32_t c = 0; c < w->channels; c++) {
        if (w->plan->weights.count == TAPS)
            nine_taps(w, w->in + c * w->in_plane, w->gradient + c * w->gradient_plane, w->weights + c);
        else
            depthwise_taps(w, c);
    }
}

static void weight_gradient(const struct dime_conv_weights *w) {
    uint32_t row = 0;
    if (w->channels == 1 && w->plan->weights.count == TAPS) {
        for (; row < w->rows; row++)
            nine_taps(w, w->in, w->gradient + row * w->gradient_plane, w->weights + row);
        return;
    }
    for (; row + 4 <= w->rows; row += 4) weights_taps(w, row, 4);
    for (; row < w->rows; row++) weights_taps(w, row, 1);
}

#include "train/map_kernels_impl.h"

const struct dime_conv_kernels KERNELS_SYMBOL = {
    .name = KERNELS_NAME,
    .gather = gather,
    .weight_gradient = weight_gradient,
    .depthwise = depthwise,
    .depthwise_gradient = depthwise_gradient,
    .statistics = statistics,
    .activate = activate,
    .activate_real = activate_real,
    .norm_gradient = norm_gradient,
    .widen = widen,
    .widen_gradient = widen_gradient,
    .exact_channel = exact_channel,
    .widen_exact = widen_exact,
    .pool_largest_exact = pool_largest_exact,
    .pool_largest = pool_largest,
    .pool_largest_gradient = pool_largest_gradient,
};
