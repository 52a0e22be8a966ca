/* SPDX-License-Identifier: MIT */
/* Body of every variant of the convolution kernels. The including file defines: vec, VEC_WIDTH, vec_load,
   vec_store, vec_all, vec_fma, CONV_ROWS and CONV_VECTORS (the block of sums of a pixel held in registers, at
   most 12 rows), CONV_RUN (neighbouring pixels of one channel), CONV_SQUARE (channels of a block of 4 rows of
   sums of weights, at least 2), KERNELS_NAME, KERNELS_SYMBOL. */
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
ALWAYS void add_up4(vec sum[4][PARTS], int adds, float *out) {
    quad a = quad_of(sum[0]), b = quad_of(sum[1]), c = quad_of(sum[2]), d = quad_of(sum[3]);
    quad ab = SHUFFLE(a, b, 0, 4, 1, 5) + SHUFFLE(a, b, 2, 6, 3, 7);
    quad cd = SHUFFLE(c, d, 0, 4, 1, 5) + SHUFFLE(c, d, 2, 6, 3, 7);
    quad all = SHUFFLE(ab, cd, 0, 1, 4, 5) + SHUFFLE(ab, cd, 2, 3, 6, 7);
    if (adds) {
        quad there;
        memcpy(&there, out, sizeof there);
        all += there;
    }
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
        if (rows == 1) out[0] = (w->adds ? out[0] : 0) + add_up(total[c][0]);
        UNROLL for (uint32_t r = 0; r + 4 <= rows; r += 4) add_up4(&total[c][r], w->adds, out + r);
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

#define TAPS 9 /* of the kernel that most networks have */

/* `count` neighbouring sums of a run, whose rows of taps begin at a, b and c. factor: of its first tap. */
ALWAYS void run_block(const float *a, const float *b, const float *c, const vec *factor, size_t lanes,
                      float *out, const uint32_t count, const uint32_t rows, const uint32_t taps) {
    vec sum[CONV_RUN];
    UNROLL for (uint32_t i = 0; i < count; i++) sum[i] = vec_all(0);
    UNROLL for (uint32_t r = 0; r < rows; r++) {
        const float *in = r == 0 ? a : r == 1 ? b : c;
        vec x[CONV_RUN + 2];
        UNROLL for (uint32_t i = 0; i < count + taps - 1; i++) x[i] = vec_load(in + i * lanes);
        UNROLL for (uint32_t t = 0; t < taps; t++) UNROLL for (uint32_t i = 0; i < count; i++) sum[i] =
            vec_fma(factor[3 * r + t], x[i + t], sum[i]);
    }
    UNROLL for (uint32_t i = 0; i < count; i++) vec_store(out + i * lanes, sum[i]);
}

/* Sixteen lanes of a run. */
ALWAYS void run_lanes(const float *a, const float *b, const float *c, const vec *factor, size_t lanes,
                      float *out, uint32_t count, const uint32_t rows, const uint32_t taps) {
    for (; count >= CONV_RUN; count -= CONV_RUN, out += CONV_RUN * lanes) {
        run_block(a, b, c, factor, lanes, out, CONV_RUN, rows, taps);
        a += CONV_RUN * lanes;
        b += CONV_RUN * lanes;
        c += CONV_RUN * lanes;
    }
    for (; count; count--, a += lanes, b += lanes, c += lanes, out += lanes)
        run_block(a, b, c, factor, lanes, out, 1, rows, taps);
}

ALWAYS void run_sums(const struct dime_conv_gather *g, const struct dime_conv_run *run, const vec *factors,
                     const float *in, float *out, const uint32_t rows, const uint32_t taps) {
    const struct dime_conv_tap *tap = g->list->items + g->list->start[run->pixel];
    const vec *factor = factors + (g->list->taps_fall ? TAPS - 1 - tap->tap : tap->tap);
    size_t lanes = g->lanes;
    const float *a = in + tap[0].pixel * lanes, *b = a, *c = a;
    if (rows > 1) b = in + tap[taps].pixel * lanes;
    if (rows > 2) c = in + tap[2 * taps].pixel * lanes;
    out += run->pixel * lanes;
    for (size_t lane = 0; lane < lanes; lane += VEC_WIDTH)
        run_lanes(a + lane, b + lane, c + lane, factor, lanes, out + lane, run->count, rows, taps);
}

static void no_taps(const struct dime_conv_gather *g, const struct dime_conv_run *run, float *out) {
    memset(out + (size_t)run->pixel * g->lanes, 0, (size_t)run->count * g->lanes * sizeof *out);
}

/* A kernel of three by three. */
static void depthwise_runs(const struct dime_conv_gather *g, const float *w, const float *in, float *out) {
    vec factors[TAPS];
    for (uint32_t t = 0; t < TAPS; t++)
        factors[g->list->taps_fall ? TAPS - 1 - t : t] = vec_all(w[t * g->weight_tap]);
    for (uint32_t i = 0; i < g->list->run_count; i++) {
        const struct dime_conv_run *run = g->list->runs + i;
        switch (4 * run->rows + run->taps) {
#define RUN(r, t)                                                                                            \
    case 4 * (r) + (t):                                                                                      \
        run_sums(g, run, factors, in, out, r, t);                                                            \
        break
            RUN(1, 1);
            RUN(1, 2);
            RUN(1, 3);
            RUN(2, 1);
            RUN(2, 2);
            RUN(2, 3);
            RUN(3, 1);
            RUN(3, 2);
            RUN(3, 3);
#undef RUN
        default:
            no_taps(g, run, out);
            break;
        }
    }
}

/* ---- the same, swept over whole rows ---- */

/* `count` neighbouring sums, the first of which miss `left` columns, the last `right`; `in` is the first
   column that is there, in the first of `rows` rows. All counts are constants at each call, here and below.
 */
ALWAYS void sweep_block(const float *in, size_t pitch, const vec *factor, size_t lanes, float *out,
                        const uint32_t count, const uint32_t rows, const uint32_t left,
                        const uint32_t right) {
    vec sum[CONV_RUN];
    UNROLL for (uint32_t i = 0; i < count; i++) sum[i] = vec_all(0);
    UNROLL for (uint32_t r = 0; r < rows; r++, in += pitch) {
        vec x[CONV_RUN + 2];
        UNROLL for (uint32_t j = left; j < count + 2 - right; j++) x[j] = vec_load(in + (j - left) * lanes);
        UNROLL for (uint32_t t = 0; t < 3; t++)
            UNROLL for (uint32_t i = 0; i < count; i++) if (i + t >= left && i + t < count + 2 - right)
                sum[i] = vec_fma(factor[3 * r + t], x[i + t], sum[i]);
    }
    UNROLL for (uint32_t i = 0; i < count; i++) vec_store(out + i * lanes, sum[i]);
}

/* A row of at least count + border sums, count > border. Where blocks do not fill it, some sums are made
   twice. */
ALWAYS void sweep_row(const struct dime_conv_sweep *s, const float *in, size_t pitch, const vec *factor,
                      size_t lanes, float *out, const uint32_t count, const uint32_t rows,
                      const uint32_t border) {
    uint32_t x = 0, last = s->width - count;
    if (border) sweep_block(in, pitch, factor, lanes, out, count, rows, border, 0);
    if (border) x = count;
    for (; x < last; x += count) {
        uint32_t place = x < last - border ? x : last - border;
        sweep_block(in + (place - border) * lanes, pitch, factor, lanes, out + place * lanes, count, rows, 0,
                    0);
    }
    sweep_block(in + (last - border) * lanes, pitch, factor, lanes, out + last * lanes, count, rows, 0,
                border);
}

ALWAYS void sweep_lanes(const struct dime_conv_sweep *s, const vec *factors, const float *in, size_t lanes,
                        float *out, const uint32_t count, const uint32_t border) {
    size_t pitch = s->in_width * lanes;
    for (int32_t y = 0; y < (int32_t)s->height; y++, out += s->width * lanes) {
        int32_t first = y - (int32_t)border, end = first + 3;
        const vec *factor = factors + (first < 0 ? -3 * first : 0);
        if (first < 0) first = 0;
        if (end > (int32_t)s->in_height) end = (int32_t)s->in_height;
        const float *row = in + (uint32_t)first * pitch;
        if (end - first == 3)
            sweep_row(s, row, pitch, factor, lanes, out, count, 3, border);
        else if (end - first == 2)
            sweep_row(s, row, pitch, factor, lanes, out, count, 2, border);
        else
            sweep_row(s, row, pitch, factor, lanes, out, count, 1, border);
    }
}

ALWAYS void sweep(const struct dime_conv_gather *g, const float *w, const float *in, float *out,
                  const uint32_t count, const uint32_t border) {
    vec factors[TAPS];
    for (uint32_t t = 0; t < TAPS; t++)
        factors[g->list->taps_fall ? TAPS - 1 - t : t] = vec_all(w[t * g->weight_tap]);
    for (uint32_t lane = 0; lane < g->lanes; lane += VEC_WIDTH)
        sweep_lanes(&g->list->sweep, factors, in + lane, g->lanes, out + lane, count, border);
}

#define NARROW (CONV_RUN < 4 ? CONV_RUN : 4) /* sums of a block where rows are short */

/* 0: the map is left to the runs. */
static int sweep_channel(const struct dime_conv_gather *g, const float *w, const float *in, float *out) {
    uint32_t width = g->list->sweep.width, border = g->list->sweep.border;
    if (width < NARROW + border || NARROW <= border) return 0;
    int wide = width >= CONV_RUN + border;
    if (border == 0 && wide)
        sweep(g, w, in, out, CONV_RUN, 0);
    else if (border == 0)
        sweep(g, w, in, out, NARROW, 0);
    else if (border == 1 && wide)
        sweep(g, w, in, out, CONV_RUN, 1);
    else if (border == 1)
        sweep(g, w, in, out, NARROW, 1);
    else if (wide)
        sweep(g, w, in, out, CONV_RUN, 2);
    else
        sweep(g, w, in, out, NARROW, 2);
    return 1;
}

/* A pixel with any taps. */
static void depthwise_pixel(const struct dime_conv_gather *g, const float *w, const float *in, float *out,
                            uint32_t pixel) {
    for (uint32_t lane = 0; lane < g->lanes; lane += VEC_WIDTH) {
        vec sum = vec_all(0);
        for (uint32_t i = g->list->start[pixel]; i < g->list->start[pixel + 1]; i++) {
            const struct dime_conv_tap *tap = g->list->items + i;
            sum = vec_fma(vec_all(w[tap->tap * g->weight_tap]),
                          vec_load(in + (size_t)tap->pixel * g->lanes + lane), sum);
        }
        vec_store(out + (size_t)pixel * g->lanes + lane, sum);
    }
}

static void depthwise_channel(const struct dime_conv_gather *g, const float *w, const float *in, float *out) {
    if (sweep_channel(g, w, in, out)) return;
    if (g->list->run_count)
        depthwise_runs(g, w, in, out);
    else
        for (uint32_t pixel = 0; pixel < g->list->count; pixel++) depthwise_pixel(g, w, in, out, pixel);
}

static void depthwise(const struct dime_conv_gather *g) {
    for (uint32_t c = 0; c < g->channels; c++)
        depthwise_channel(g, g->weights + c, g->in + c * g->in_plane, g->out + c * g->out_plane);
}

/* Adds what `count` neighbouring pixels have to say of the nine taps. */
ALWAYS void add_block(const float *a, const float *b, const float *c, const float *gradient, size_t lanes,
                      vec *sum, const uint32_t count) {
    vec slope[CONV_RUN];
    UNROLL for (uint32_t i = 0; i < count; i++) slope[i] = vec_load(gradient + i * lanes);
    UNROLL for (uint32_t r = 0; r < 3; r++) {
        const float *in = r == 0 ? a : r == 1 ? b : c;
        vec x[CONV_RUN + 2];
        UNROLL for (uint32_t i = 0; i < count + 2; i++) x[i] = vec_load(in + i * lanes);
        UNROLL for (uint32_t i = 0; i < count; i++) UNROLL for (uint32_t t = 0; t < 3; t++) sum[3 * r + t] =
            vec_fma(slope[i], x[i + t], sum[3 * r + t]);
    }
}

/* The last pixels of a run, fewer than a block has: each number of them a constant. */
#define REST(n)                                                                                              \
    case n:                                                                                                  \
        if (n < CONV_RUN) add_block(a, b, c, gradient, lanes, sum, n % CONV_RUN);                            \
        break
ALWAYS void add_run(const float *a, const float *b, const float *c, const float *gradient, size_t lanes,
                    uint32_t count, vec *sum) {
    for (; count >= CONV_RUN; count -= CONV_RUN, gradient += CONV_RUN * lanes) {
        add_block(a, b, c, gradient, lanes, sum, CONV_RUN);
        a += CONV_RUN * lanes;
        b += CONV_RUN * lanes;
        c += CONV_RUN * lanes;
    }
    switch (count) {
        REST(1);
        REST(2);
        REST(3);
        REST(4);
        REST(5);
        REST(6);
#undef REST
    default:
        break;
    }
}

/* Sums of part i of the nine taps of one channel over the pixels that meet them all. Every variant goes
   through the lanes of a run, and through its pixels within them. */
static void depthwise_sums(const struct dime_conv_weights *w, const float *in, const float *gradient,
                           vec total[TAPS][PARTS], uint32_t part) {
    const struct dime_conv_list *list = &w->plan->forward;
    size_t lanes = w->lanes;
    vec sum[TAPS];
    UNROLL for (uint32_t t = 0; t < TAPS; t++) sum[t] = vec_all(0);
    for (uint32_t i = 0; i < list->run_count; i++) {
        const struct dime_conv_run *run = list->runs + i;
        const struct dime_conv_tap *tap = list->items + list->start[run->pixel];
        if (run->rows * run->taps != TAPS) continue;
        for (size_t lane = part * VEC_WIDTH; lane < lanes; lane += DIME_LANES)
            add_run(in + tap[0].pixel * lanes + lane, in + tap[3].pixel * lanes + lane,
                    in + tap[6].pixel * lanes + lane, gradient + run->pixel * lanes + lane, lanes, run->count,
                    sum);
    }
    UNROLL for (uint32_t t = 0; t < TAPS; t++) total[t][part] = sum[t];
}

ALWAYS void add_pixel(const struct dime_conv_weights *w, const float *in, const float *gradient,
                      uint32_t pixel, vec total[TAPS][PARTS]) {
    const struct dime_conv_list *list = &w->plan->forward;
    for (uint32_t t = list->start[pixel]; t < list->start[pixel + 1]; t++) {
        struct dime_conv_tap tap = list->items[t];
        for (uint32_t lane = 0; lane < w->lanes; lane += VEC_WIDTH) {
            vec *sum = &total[tap.tap][lane / VEC_WIDTH % PARTS];
            *sum = vec_fma(vec_load(gradient + (size_t)pixel * w->lanes + lane),
                           vec_load(in + (size_t)tap.pixel * w->lanes + lane), *sum);
        }
    }
}

/* Adds the pixels at the border, which miss some taps. */
static void depthwise_border_sums(const struct dime_conv_weights *w, const float *in, const float *gradient,
                                  vec total[TAPS][PARTS]) {
    const struct dime_conv_list *list = &w->plan->forward;
    for (uint32_t i = 0; i < list->run_count; i++)
        for (uint32_t p = 0; list->runs[i].rows * list->runs[i].taps != TAPS && p < list->runs[i].count; p++)
            add_pixel(w, in, gradient, list->runs[i].pixel + p, total);
}

/* The nine taps between one channel of the input and one of the output. */
static void nine_taps(const struct dime_conv_weights *w, const float *in, const float *gradient,
                      float *weights) {
    vec total[TAPS][PARTS];
    for (uint32_t i = 0; i < PARTS; i++) depthwise_sums(w, in, gradient, total, i);
    depthwise_border_sums(w, in, gradient, total);
    for (uint32_t t = 0; t < TAPS; t++) {
        float *to = weights + t * w->weight_tap;
        *to = (w->adds ? *to : 0) + add_up(total[t]);
    }
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
