/* SPDX-License-Identifier: MIT */
#include "data/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/aligned.h"
#include "base/error.h"
#include "data/picture_kernels.h"

#define PI 3.14159265358979323846f

/* The elastic field is a cubic B-spline over random control points, `spacing` pixels apart. A cubic B-spline
   has the variance spacing^2 / 3, so spacing = sqrt(3) sigma is as smooth as noise blurred with sigma, at a
   fraction of the work. */
struct dime_augmenter {
    struct dime_augment_settings settings;
    const struct dime_picture_kernels *kernels;
    uint32_t height, width, size, wide; /* of the source; of the target, and padded */
    struct dime_framed source, middle, smoothed;
    uint8_t *prepared; /* one picture */
    uint16_t *pairs;   /* scratch of the warp */
    struct dime_smoothing down_smoothing, across_smoothing;
    float *x_at, *y_at; /* wide: where in the source the target's samples lie */
    struct dime_spline across, down;
    float *control;           /* down.controls x across.controls */
    float *rows;              /* down.controls x wide: interpolated along x */
    float *shift_x, *shift_y; /* size x wide, pixels of the source */
};

static float *place_samples(uint32_t length, uint32_t size, uint32_t wide) {
    float *at = dime_aligned_zeros(wide, sizeof *at), pixels = (float)length / (float)size;
    for (uint32_t i = 0; at && i < size; i++) at[i] = ((float)i + 0.5f) * pixels - 0.5f;
    return at;
}

/* Weight of `tap` in a triangle of half-width `reach`, centre 1. */
static float triangle(uint32_t tap, float reach) {
    float weight = 1 - (float)tap / reach;
    return weight > 0 ? weight : 0;
}

/* Variance in pixels^2 of the triangle on whole pixels. */
static float triangle_variance(float reach) {
    float sum = 1, square = 0;
    for (uint32_t tap = 1; tap < DIME_MOST_TAPS; tap++) {
        sum += 2 * triangle(tap, reach);
        square += 2 * triangle(tap, reach) * (float)(tap * tap);
    }
    return square / sum;
}

/* dime_resize reduces with a triangle as wide as a target pixel, which has the variance stretch^2 / 6.
   Sampling between pixels is one of variance 1/6; smoothing adds what is missing. */
static struct dime_smoothing make_smoothing(uint32_t length, uint32_t size) {
    struct dime_smoothing smoothing = {.weight = {256}};
    float stretch = (float)length / (float)size, wanted = (stretch * stretch - 1) / 6, sum = 1;
    float low = 1, high = DIME_MOST_TAPS;
    if (stretch <= 1) return smoothing;
    for (uint32_t i = 0; i < 30; i++) {
        float middle = (low + high) / 2;
        if (triangle_variance(middle) < wanted)
            low = middle;
        else
            high = middle;
    }
    for (uint32_t tap = 1; tap < DIME_MOST_TAPS; tap++) sum += 2 * triangle(tap, low);
    for (uint32_t tap = 1; tap < DIME_MOST_TAPS; tap++) {
        smoothing.weight[tap] = (uint16_t)(256 / sum * triangle(tap, low) + 0.5f);
        smoothing.weight[0] = (uint16_t)(smoothing.weight[0] - 2 * smoothing.weight[tap]);
        if (smoothing.weight[tap]) smoothing.reach = tap;
    }
    return smoothing;
}

static int frame_create(struct dime_framed *framed, uint32_t height, uint32_t width) {
    framed->height = height;
    framed->width = width;
    framed->above = DIME_MOST_TAPS;
    framed->stride =
        DIME_FRAME_MARGIN + width + 64; /* a block of 32 begins at the last pixel at the latest */
    framed->pixels = calloc((size_t)(height + 2 * framed->above), framed->stride);
    return framed->pixels ? 0 : DIME_ERROR_MEMORY;
}

static int spline_create(struct dime_spline *spline, uint32_t length, uint32_t size, uint32_t wide,
                         const float *at, float sigma) {
    float spacing = sqrtf(3) * sigma;
    spline->controls = (uint32_t)((float)length / spacing) + 4;
    spline->first = dime_aligned_zeros(wide, sizeof *spline->first);
    spline->basis = dime_aligned_zeros((size_t)spline->controls * wide, sizeof *spline->basis);
    if (!spline->first || !spline->basis) return DIME_ERROR_MEMORY;
    for (uint32_t i = 0; i < size; i++) {
        float position = (at[i] + 0.5f) / spacing, t = position - floorf(position), u = 1 - t;
        float *basis = spline->basis + (size_t)(uint32_t)position * wide + i;
        spline->first[i] = (uint32_t)position;
        basis[0] = u * u * u / 6;
        basis[wide] = (3 * t * t * t - 6 * t * t + 4) / 6;
        basis[2 * (size_t)wide] = (3 * u * u * u - 6 * u * u + 4) / 6;
        basis[3 * (size_t)wide] = t * t * t / 6;
    }
    return 0;
}

static int create_field(struct dime_augmenter *a) {
    float sigma = a->settings.elastic_sigma;
    if (spline_create(&a->across, a->width, a->size, a->wide, a->x_at, sigma)) return DIME_ERROR_MEMORY;
    if (spline_create(&a->down, a->height, a->size, a->wide, a->y_at, sigma)) return DIME_ERROR_MEMORY;
    a->control = dime_aligned_zeros((size_t)a->across.controls * a->down.controls, sizeof *a->control);
    a->rows = dime_aligned_zeros((size_t)a->down.controls * a->wide, sizeof *a->rows);
    a->shift_x = dime_aligned_zeros(2 * (size_t)a->size * a->wide, sizeof *a->shift_x);
    a->shift_y = a->shift_x + (size_t)a->size * a->wide;
    return a->control && a->rows && a->shift_x ? 0 : DIME_ERROR_MEMORY;
}

/* A pixel of background left and right; whole words, so that rows begin alike. */
static uint32_t prepared_stride(const struct dime_augmenter *a) {
    return (a->width + 2 + 3) / 4 * 4;
}

static int allocate(struct dime_augmenter *a) {
    a->x_at = place_samples(a->width, a->size, a->wide);
    a->y_at = place_samples(a->height, a->size, a->wide);
    if (!a->x_at || !a->y_at) return DIME_ERROR_MEMORY;
    a->across_smoothing = make_smoothing(a->width, a->size);
    a->down_smoothing = make_smoothing(a->height, a->size);
    int code = frame_create(&a->source, a->height, a->width);
    if (!code) code = frame_create(&a->middle, a->height, a->width);
    if (!code) code = frame_create(&a->smoothed, a->height, a->width);
    a->prepared = dime_aligned_zeros(1, dime_augment_prepared_bytes(a));
    a->pairs = dime_aligned_zeros(dime_ready_pairs(a->height, prepared_stride(a)), sizeof *a->pairs);
    if (!a->prepared || !a->pairs) code = DIME_ERROR_MEMORY;
    if (!code && a->settings.elastic_probability > 0) code = create_field(a);
    return code;
}

int dime_augmenter_create(struct dime_augmenter **augmenter, uint32_t height, uint32_t width, uint32_t size,
                          const struct dime_augment_settings *settings) {
    struct dime_augmenter *a = calloc(1, sizeof *a);
    *augmenter = a;
    if (a) {
        a->settings = *settings;
        a->kernels = dime_picture_kernels_get();
        a->height = height;
        a->width = width;
        a->size = size;
        a->wide = dime_pad(size);
        if (!allocate(a)) return 0;
    }
    dime_augmenter_free(a);
    *augmenter = NULL;
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for augmentation");
}

static void spline_free(struct dime_spline *spline) {
    free(spline->first);
    free(spline->basis);
}

void dime_augmenter_free(struct dime_augmenter *a) {
    if (!a) return;
    spline_free(&a->across);
    spline_free(&a->down);
    free(a->source.pixels);
    free(a->middle.pixels);
    free(a->smoothed.pixels);
    free(a->prepared);
    free(a->pairs);
    free(a->x_at);
    free(a->y_at);
    free(a->control);
    free(a->rows);
    free(a->shift_x);
    free(a);
}

/* Standard deviations match: uniform noise blurred with sigma has 1/sqrt(3) / (2 sigma sqrt(pi)), a cubic
   B-spline field over uniform controls of size c has c/sqrt(3) * 151/315 (its squared weights add up to
   151/315 along each axis on average). */
static float control_size(const struct dime_augment_settings *settings) {
    return settings->elastic_alpha / (4 * settings->elastic_sigma * sqrtf(PI)) * (315.0f / 151.0f);
}

static void elastic_field(struct dime_augmenter *a, struct dime_random *random, float *field) {
    float size = control_size(&a->settings);
    uint32_t controls = a->across.controls * a->down.controls;
    a->kernels->draw(random, size, controls, a->control);
    a->kernels->spline_across(&a->across, a->control, a->down.controls, a->wide, a->rows);
    a->kernels->spline_down(&a->down, a->rows, a->size, a->wide, field);
}

/* Where in the source a place of the undistorted source comes from: rotation, zoom and shear about its
   middle, and a shift. */
static struct dime_warp draw_map(const struct dime_augmenter *a, struct dime_random *random) {
    const struct dime_augment_settings *s = &a->settings;
    float degrees = dime_random_range(random, -s->rotation1, s->rotation1);
    degrees += dime_random_range(random, -s->rotation2, s->rotation2);
    float shift_x = dime_random_range(random, -s->translation, s->translation) * (float)a->width;
    float shift_y = dime_random_range(random, -s->translation, s->translation) * (float)a->height;
    float zoom = 1 / dime_random_range(random, 1 - s->scale, 1 + s->scale);
    float shear = tanf(dime_random_range(random, -s->shear, s->shear) * (PI / 180));
    float c = cosf(degrees * (PI / 180)) * zoom, d = sinf(degrees * (PI / 180)) * zoom;
    struct dime_warp map = {.xx = c, .xy = c * shear - d, .yx = d, .yy = d * shear + c};
    float middle_x = (float)(a->width - 1) / 2, middle_y = (float)(a->height - 1) / 2;
    map.x0 = middle_x + shift_x - map.xx * middle_x - map.xy * middle_y;
    map.y0 = middle_y + shift_y - map.yx * middle_x - map.yy * middle_y;
    return map;
}

/* Copies the picture into its frame and takes away what the target cannot show. */
static const struct dime_framed *smooth_source(struct dime_augmenter *a, const uint8_t *source) {
    a->kernels->frame(source, &a->source);
    if (a->across_smoothing.reach == 0 && a->down_smoothing.reach == 0) return &a->source;
    a->kernels->smooth(&a->source, &a->down_smoothing, &a->across_smoothing, &a->middle, &a->smoothed);
    return &a->smoothed;
}

size_t dime_augment_prepared_bytes(const struct dime_augmenter *a) {
    size_t bytes = (size_t)(a->height + 3) * prepared_stride(a) + 4;
    return (bytes + 63) / 64 * 64;
}

void dime_augment_prepare(struct dime_augmenter *a, const uint8_t *source, uint8_t *prepared) {
    const struct dime_framed *smooth = smooth_source(a, source);
    size_t stride = prepared_stride(a);
    memset(prepared, 0, dime_augment_prepared_bytes(a));
    for (uint32_t y = 0; y < a->height; y++)
        memcpy(prepared + (y + 1) * stride + 1, dime_framed_row(smooth, y), a->width);
}

void dime_augment_prepared(struct dime_augmenter *a, const uint8_t *prepared, const uint8_t *soon,
                           struct dime_random random, uint8_t *target) {
    struct dime_ready ready = {a->height, a->width, prepared_stride(a), prepared};
    struct dime_warp warp = draw_map(a, &random);
    warp.size = a->size;
    warp.wide = a->wide;
    warp.x_at = a->x_at;
    warp.y_at = a->y_at;
    warp.pairs = a->pairs;
    warp.soon = soon;
    warp.soon_bytes = soon ? dime_augment_prepared_bytes(a) : 0;
    warp.bilinear = a->settings.bilinear || a->across_smoothing.reach || a->down_smoothing.reach;
    if (dime_random_unit(&random) < a->settings.elastic_probability) {
        elastic_field(a, &random, a->shift_x);
        elastic_field(a, &random, a->shift_y);
        warp.shift_x = a->shift_x;
        warp.shift_y = a->shift_y;
    }
    a->kernels->warp(&warp, &ready, target);
}

void dime_augment(struct dime_augmenter *a, const uint8_t *source, struct dime_random random,
                  uint8_t *target) {
    dime_augment_prepare(a, source, a->prepared);
    dime_augment_prepared(a, a->prepared, NULL, random, target);
}
