/* SPDX-License-Identifier: MIT */
#include "data/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PI 3.14159265358979323846f

/* The elastic field is a cubic B-spline over random control points, `spacing` pixels apart. A cubic B-spline
   has the variance spacing^2 / 3, so spacing = sqrt(3) sigma is as smooth as noise blurred with sigma, at a
   fraction of the work. */
struct spline {
    uint32_t controls; /* along one axis */
    uint32_t *first;   /* of the four controls that reach a pixel */
    float *weight;     /* 4 for each pixel */
};

struct dime_augmenter {
    struct dime_augment_settings settings;
    uint32_t height, width, stride;
    uint8_t *padded; /* (height + 3) x stride: one pixel of background before, two behind */
    struct spline across, down;
    float *control;             /* down.controls x across.controls */
    float *rows;                /* down.controls x width: interpolated along x */
    float *shift_x, *shift_y;   /* height x width, pixels */
    int32_t *place;             /* of one row, width each: indices into `padded` ... */
    float *across_at, *down_at; /* ... and coordinates there */
};

static int spline_create(struct spline *spline, uint32_t length, float sigma) {
    float spacing = sqrtf(3) * sigma;
    spline->controls = (uint32_t)((float)(length - 1) / spacing) + 4;
    spline->first = malloc(length * sizeof *spline->first);
    spline->weight = malloc(4 * length * sizeof *spline->weight);
    if (!spline->first || !spline->weight) return DIME_ERROR_MEMORY;
    for (uint32_t i = 0; i < length; i++) {
        float position = (float)i / spacing, t = position - floorf(position), u = 1 - t;
        float *weight = spline->weight + 4 * i;
        spline->first[i] = (uint32_t)position;
        weight[0] = u * u * u / 6;
        weight[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
        weight[2] = (3 * u * u * u - 6 * u * u + 4) / 6;
        weight[3] = t * t * t / 6;
    }
    return 0;
}

static int allocate(struct dime_augmenter *a) {
    if (spline_create(&a->across, a->width, a->settings.elastic_sigma)) return DIME_ERROR_MEMORY;
    if (spline_create(&a->down, a->height, a->settings.elastic_sigma)) return DIME_ERROR_MEMORY;
    size_t pixels = (size_t)a->height * a->width;
    a->padded = calloc((size_t)(a->height + 3) * a->stride, 1);
    a->control = malloc((size_t)a->across.controls * a->down.controls * sizeof *a->control);
    a->rows = malloc((size_t)a->down.controls * a->width * sizeof *a->rows);
    a->shift_x = calloc(2 * pixels, sizeof *a->shift_x);
    a->shift_y = a->shift_x + pixels;
    a->place = malloc(a->width * sizeof *a->place);
    a->across_at = malloc(2 * a->width * sizeof *a->across_at);
    a->down_at = a->across_at + a->width;
    int complete = a->padded && a->control && a->rows && a->shift_x && a->place && a->across_at;
    return complete ? 0 : DIME_ERROR_MEMORY;
}

int dime_augmenter_create(struct dime_augmenter **augmenter, uint32_t height, uint32_t width,
                          const struct dime_augment_settings *settings) {
    struct dime_augmenter *a = calloc(1, sizeof *a);
    *augmenter = a;
    if (a) {
        a->settings = *settings;
        a->height = height;
        a->width = width;
        a->stride = width + 3;
        if (!allocate(a)) return 0;
    }
    dime_augmenter_free(a);
    *augmenter = NULL;
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for augmentation");
}

void dime_augmenter_free(struct dime_augmenter *a) {
    if (!a) return;
    free(a->across.first);
    free(a->across.weight);
    free(a->down.first);
    free(a->down.weight);
    free(a->padded);
    free(a->control);
    free(a->rows);
    free(a->shift_x);
    free(a->place);
    free(a->across_at);
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
    for (uint32_t i = 0; i < controls; i++) a->control[i] = dime_random_range(random, -size, size);
    for (uint32_t j = 0; j < a->down.controls; j++) {
        for (uint32_t x = 0; x < a->width; x++) {
            const float *c = a->control + j * a->across.controls + a->across.first[x];
            const float *w = a->across.weight + 4 * x;
            a->rows[j * a->width + x] = w[0] * c[0] + w[1] * c[1] + w[2] * c[2] + w[3] * c[3];
        }
    }
    for (uint32_t y = 0; y < a->height; y++) {
        const float *r = a->rows + (size_t)a->down.first[y] * a->width, *w = a->down.weight + 4 * y;
        float *line = field + (size_t)y * a->width;
        for (uint32_t x = 0; x < a->width; x++)
            line[x] = w[0] * r[x] + w[1] * r[x + a->width] + w[2] * r[x + 2 * a->width] +
                      w[3] * r[x + 3 * a->width];
    }
}

/* Source position of target pixel (x, y): xx x + xy y + x0, yx x + yy y + y0. */
struct affine_map {
    float xx, xy, x0, yx, yy, y0;
};

static struct affine_map draw_map(const struct dime_augmenter *a, struct dime_random *random) {
    const struct dime_augment_settings *s = &a->settings;
    float degrees = dime_random_range(random, -s->rotation1, s->rotation1);
    degrees += dime_random_range(random, -s->rotation2, s->rotation2);
    float shift_x = dime_random_range(random, -s->translation, s->translation) * (float)a->width;
    float shift_y = dime_random_range(random, -s->translation, s->translation) * (float)a->height;
    float zoom = 1 / dime_random_range(random, 1 - s->scale, 1 + s->scale);
    float shear = tanf(dime_random_range(random, -s->shear, s->shear) * (PI / 180));
    float c = cosf(degrees * (PI / 180)) * zoom, d = sinf(degrees * (PI / 180)) * zoom;
    struct affine_map map = {c, c * shear - d, 0, d, d * shear + c, 0};
    float middle_x = (float)(a->width - 1) / 2, middle_y = (float)(a->height - 1) / 2;
    map.x0 = middle_x + shift_x - map.xx * middle_x - map.xy * middle_y;
    map.y0 = middle_y + shift_y - map.yx * middle_x - map.yy * middle_y;
    return map;
}

static float clamp(float value, float top) {
    value = value < 0 ? 0 : value;
    return value > top ? top : value;
}

/* Where the samples of one target row lie: coordinates in `padded`, within its picture and one pixel around.
 */
static void place_row(struct dime_augmenter *a, const struct affine_map *map, uint32_t y, int elastic) {
    float start_x = map->xy * (float)y + map->x0 + 1, start_y = map->yy * (float)y + map->y0 + 1;
    float right = (float)(a->width + 1), bottom = (float)(a->height + 1), bend = elastic ? 1 : 0;
    const float *shift_x = a->shift_x + (elastic ? (size_t)y * a->width : 0);
    const float *shift_y = a->shift_y + (elastic ? (size_t)y * a->width : 0);
    float *restrict across = a->across_at, *restrict down = a->down_at;
    for (uint32_t x = 0; x < a->width; x++) {
        across[x] = clamp(start_x + map->xx * (float)(int32_t)x + bend * shift_x[x], right);
        down[x] = clamp(start_y + map->yx * (float)(int32_t)x + bend * shift_y[x], bottom);
    }
}

static void sample_nearest(struct dime_augmenter *a, uint8_t *restrict target) {
    int32_t stride = (int32_t)a->stride, *restrict place = a->place;
    for (uint32_t x = 0; x < a->width; x++)
        place[x] = (int32_t)(a->down_at[x] + 0.5f) * stride + (int32_t)(a->across_at[x] + 0.5f);
    for (uint32_t x = 0; x < a->width; x++) target[x] = a->padded[place[x]];
}

static void sample_bilinear(struct dime_augmenter *a, uint8_t *restrict target) {
    int32_t stride = (int32_t)a->stride, *restrict place = a->place;
    float *restrict across = a->across_at, *restrict down = a->down_at;
    for (uint32_t x = 0; x < a->width; x++) {
        int32_t column = (int32_t)across[x], row = (int32_t)down[x];
        place[x] = row * stride + column;
        across[x] -= (float)column;
        down[x] -= (float)row;
    }
    for (uint32_t x = 0; x < a->width; x++) {
        const uint8_t *upper = a->padded + place[x], *lower = upper + stride;
        float top = (float)upper[0] + across[x] * (float)(upper[1] - upper[0]);
        float bottom = (float)lower[0] + across[x] * (float)(lower[1] - lower[0]);
        target[x] = (uint8_t)(int32_t)(top + down[x] * (bottom - top) + 0.5f);
    }
}

void dime_augment(struct dime_augmenter *a, const uint8_t *source, struct dime_random random,
                  uint8_t *target) {
    for (uint32_t y = 0; y < a->height; y++)
        memcpy(a->padded + (y + 1) * a->stride + 1, source + (size_t)y * a->width, a->width);
    struct affine_map map = draw_map(a, &random);
    int elastic = dime_random_unit(&random) < a->settings.elastic_probability;
    if (elastic) {
        elastic_field(a, &random, a->shift_x);
        elastic_field(a, &random, a->shift_y);
    }
    void (*sample)(struct dime_augmenter *, uint8_t *) =
        a->settings.bilinear ? sample_bilinear : sample_nearest;
    for (uint32_t y = 0; y < a->height; y++) {
        place_row(a, &map, y, elastic);
        sample(a, target + (size_t)y * a->width);
    }
}
