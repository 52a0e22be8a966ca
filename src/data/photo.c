/* SPDX-License-Identifier: MIT */
#include "data/photo.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define PI 3.14159265358979323846f
#define BLUR_REACH 3.0f /* standard deviations */

const struct dime_photo_settings dime_photo_usual = {
    .size = {0.35f, 0.75f},
    .margin = {0.06f, 0.06f},
    .paper = {140, 245},
    .ink = {0.05f, 0.45f},
    .pen = {0.3f, 0.65f},
    .tilt = {0, 12},
    .slant = {0, 6},
    .keystone = {0, 0.15f},
    .gradient = {0, 0.5f},
    .shadow = {0.15f, 0.45f},
    .penumbra = {0.05f, 0.3f},
    .blur = {0, 0.01f},
    .noise = {1, 10},
    .square = {0.06f, 0.14f},
    .line = {0.003f, 0.008f},
    .line_ink = {0.08f, 0.3f},
    .shadow_probability = 0.5f,
    .squares_probability = 0.4f,
    .board_probability = 0.1f,
};

const struct dime_photo_settings dime_photo_training = {
    .size = {0.35f, 0.75f},
    .margin = {0.06f, 0.06f},
    .paper = {140, 245},
    .ink = {0.05f, 0.45f},
    .pen = {0.3f, 0.65f},
    .tilt = {0, 20},
    .slant = {0, 15},
    .keystone = {0, 0.25f},
    .gradient = {0, 0.5f},
    .shadow = {0.15f, 0.45f},
    .penumbra = {0.05f, 0.3f},
    .blur = {0, 0.01f},
    .noise = {1, 10},
    .square = {0.06f, 0.14f},
    .line = {0.003f, 0.008f},
    .line_ink = {0.08f, 0.3f},
    .shadow_probability = 0.5f,
    .squares_probability = 0.4f,
    .board_probability = 0.1f,
};

const struct dime_photo_settings dime_photo_clean = {
    .size = {0.5f, 0.6f},
    .margin = {0.15f, 0.15f},
    .paper = {215, 235},
    .ink = {0.1f, 0.2f},
    .pen = {0.4f, 0.5f},
    .tilt = {0, 2},
    .gradient = {0.05f, 0.1f},
    .blur = {0.003f, 0.003f},
    .noise = {1.5f, 1.5f},
    .penumbra = {0.1f, 0.1f},
    .square = {0.1f, 0.1f},
    .line = {0.005f, 0.005f},
};

struct dime_photographer {
    struct dime_photo_settings settings;
    uint32_t source_height, source_width, height, width;
    float *ink;    /* (source_height + 4) x (source_width + 4): the digit, a margin of two pixels around it */
    float *light;  /* height x width: grey levels before noise */
    float *line;   /* of the longer side: blurring */
    float *kernel; /* of the blur, one half and the middle */
};

/* Half width of the blur's kernel that settings may ask for. */
static uint32_t most_reach(const struct dime_photographer *p) {
    return (uint32_t)(BLUR_REACH * p->settings.blur.most * (float)p->height) + 1;
}

int dime_photographer_create(struct dime_photographer **photographer, uint32_t source_height,
                             uint32_t source_width, uint32_t height, uint32_t width,
                             const struct dime_photo_settings *settings) {
    struct dime_photographer *p = calloc(1, sizeof *p);
    *photographer = p;
    if (p) {
        p->settings = *settings;
        p->source_height = source_height;
        p->source_width = source_width;
        p->height = height;
        p->width = width;
        p->ink = calloc((size_t)(source_height + 4) * (source_width + 4), sizeof *p->ink);
        p->light = malloc((size_t)height * width * sizeof *p->light);
        p->line = malloc((height > width ? height : width) * sizeof *p->line);
        p->kernel = malloc((most_reach(p) + 1) * sizeof *p->kernel);
        if (p->ink && p->light && p->line && p->kernel) return 0;
    }
    dime_photographer_free(p);
    *photographer = NULL;
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for camera pictures");
}

void dime_photographer_free(struct dime_photographer *p) {
    if (!p) return;
    free(p->ink);
    free(p->light);
    free(p->line);
    free(p->kernel);
    free(p);
}

static float draw(struct dime_random *random, struct dime_photo_range range) {
    return dime_random_range(random, range.least, range.most);
}

static float draw_sign(struct dime_random *random) {
    return dime_random_unit(random) < 0.5f ? -1.0f : 1.0f;
}

static float clamp(float value, float low, float high) {
    value = value < low ? low : value;
    return value > high ? high : value;
}

/* 0 below -1/2, 1 above 1/2, smooth between. */
static float ramp(float value) {
    float t = clamp(value + 0.5f, 0, 1);
    return t * t * (3 - 2 * t);
}

/* ---- the digit ---- */

/* Pixels of the digit's box; empty where right <= left. */
struct box {
    uint32_t left, top, right, bottom;
};

static struct box find_box(const struct dime_photographer *p, const uint8_t *digit) {
    struct box box = {p->source_width, p->source_height, 0, 0};
    for (uint32_t y = 0; y < p->source_height; y++) {
        for (uint32_t x = 0; x < p->source_width; x++) {
            if (!digit[y * p->source_width + x]) continue;
            if (x < box.left) box.left = x;
            if (x + 1 > box.right) box.right = x + 1;
            if (y < box.top) box.top = y;
            box.bottom = y + 1;
        }
    }
    return box;
}

static void copy_digit(struct dime_photographer *p, const uint8_t *digit) {
    uint32_t stride = p->source_width + 4;
    for (uint32_t y = 0; y < p->source_height; y++)
        for (uint32_t x = 0; x < p->source_width; x++)
            p->ink[(y + 2) * stride + x + 2] = (float)digit[y * p->source_width + x] / 255;
}

/* Cubic B-spline weights: smooth between the pixels, so that outlines have no corners of pixels. */
static void spline(float t, float weight[4]) {
    float u = 1 - t;
    weight[0] = u * u * u / 6;
    weight[1] = (3 * t * t * t - 6 * t * t + 4) / 6;
    weight[2] = (3 * u * u * u - 6 * u * u + 4) / 6;
    weight[3] = t * t * t / 6;
}

/* The digit at a place in its pixels (0: the left edge of the first), 0..1. */
static float digit_at(const struct dime_photographer *p, float x, float y) {
    x += 1.5f; /* the first pixel's middle is at 2 in `ink`, at 0.5 outside */
    y += 1.5f;
    if (!(x >= 1 && y >= 1 && x < (float)(p->source_width + 2) && y < (float)(p->source_height + 2)))
        return 0;
    uint32_t column = (uint32_t)x, row = (uint32_t)y, stride = p->source_width + 4;
    float across[4], down[4], sum = 0;
    spline(x - (float)column, across);
    spline(y - (float)row, down);
    const float *ink = p->ink + (size_t)(row - 1) * stride + column - 1;
    for (uint32_t j = 0; j < 4; j++, ink += stride)
        sum += down[j] * (across[0] * ink[0] + across[1] * ink[1] + across[2] * ink[2] + across[3] * ink[3]);
    return sum;
}

/* ---- the scene ---- */

/* Everything about one picture. Lengths in pixels of the picture. */
struct scene {
    /* From a point of the picture, relative to the digit's middle, to the digit's pixels: a turn and shear
       divided by a distance. */
    float middle_x, middle_y;     /* of the digit on the picture */
    float source_x, source_y;     /* of the digit in its own pixels */
    float xx, xy, yx, yy, wx, wy; /* source = middle + (xx x + xy y, yx x + yy y) / (1 + wx x + wy y) */
    float pen, sharpness;         /* outline, and how fast ink grows across it, per level */
    float paper, ink;             /* brightness 0..1 of the paper in full light, share that ink returns */
    int inverted;
    float square, line, line_ink, square_x, square_y; /* in the digit's pixels; square 0: plain paper */
    float light_x, light_y, dark;                 /* direction of the gradient, light missing at its end */
    float shadow, edge_x, edge_y, edge, penumbra; /* shadow 0: none; its edge is a line */
    float blur, noise;
};

static void draw_shape(const struct dime_photographer *p, struct dime_random *random, struct box box,
                       struct scene *scene) {
    const struct dime_photo_settings *s = &p->settings;
    float height = (float)p->height, width = (float)p->width;
    float across = (float)(box.right - box.left), down = (float)(box.bottom - box.top);
    float zoom = (across > down ? across : down) / (draw(random, s->size) * height);
    float angle = draw(random, s->tilt) * draw_sign(random) * (PI / 180);
    float shear = tanf(draw(random, s->slant) * draw_sign(random) * (PI / 180));
    float c = cosf(angle) * zoom, d = sinf(angle) * zoom;
    scene->xx = c + shear * d;
    scene->xy = -d + shear * c;
    scene->yx = d;
    scene->yy = c;
    float away = draw(random, s->keystone) / height, toward = dime_random_range(random, 0, 2 * PI);
    scene->wx = away * cosf(toward);
    scene->wy = away * sinf(toward);
    scene->source_x = (float)(box.left + box.right) / 2;
    scene->source_y = (float)(box.top + box.bottom) / 2;
    /* Half sides of the box around the turned digit. */
    float cosine = fabsf(c) / (zoom * zoom), sine = (fabsf(d) + fabsf(shear) * zoom) / (zoom * zoom);
    float half_x = (across * cosine + down * sine) / 2, half_y = (across * sine + down * cosine) / 2;
    float margin = draw(random, s->margin) * height;
    float free_x = width / 2 - half_x - margin, free_y = height / 2 - half_y - margin;
    scene->middle_x = width / 2 + (free_x > 0 ? dime_random_range(random, -free_x, free_x) : 0);
    scene->middle_y = height / 2 + (free_y > 0 ? dime_random_range(random, -free_y, free_y) : 0);
    scene->pen = draw(random, s->pen);
    scene->sharpness = 2 / zoom / 3; /* the outline's slope is about 1/3 a pixel of the digit */
}

static void draw_paper(const struct dime_photographer *p, struct dime_random *random, float zoom,
                       struct scene *scene) {
    const struct dime_photo_settings *s = &p->settings;
    float height = (float)p->height;
    scene->paper = draw(random, s->paper) / 255;
    scene->ink = draw(random, s->ink);
    scene->inverted = dime_random_unit(random) < s->board_probability;
    float square = draw(random, s->square) * height * zoom;
    scene->line = draw(random, s->line) * height * zoom;
    scene->line_ink = draw(random, s->line_ink);
    scene->square_x = dime_random_range(random, 0, square);
    scene->square_y = dime_random_range(random, 0, square);
    scene->square = dime_random_unit(random) < s->squares_probability ? square : 0;
}

static void draw_light(const struct dime_photographer *p, struct dime_random *random, struct scene *scene) {
    const struct dime_photo_settings *s = &p->settings;
    float height = (float)p->height, width = (float)p->width;
    float toward = dime_random_range(random, 0, 2 * PI), reach;
    scene->dark = draw(random, s->gradient);
    scene->light_x = cosf(toward);
    scene->light_y = sinf(toward);
    reach = fabsf(scene->light_x) * width + fabsf(scene->light_y) * height;
    scene->light_x /= reach;
    scene->light_y /= reach;
    toward = dime_random_range(random, 0, 2 * PI);
    scene->shadow = draw(random, s->shadow);
    scene->edge_x = cosf(toward);
    scene->edge_y = sinf(toward);
    scene->edge = dime_random_range(random, -0.4f, 0.4f) * height;
    scene->penumbra = draw(random, s->penumbra) * height;
    if (dime_random_unit(random) >= s->shadow_probability) scene->shadow = 0;
    scene->blur = draw(random, s->blur) * height;
    scene->noise = draw(random, s->noise) * height / 240;
}

/* ---- one point of it ---- */

static float distance_to_line(float place, float square) {
    float rest = place - floorf(place / square) * square;
    return fabsf(rest < square / 2 ? rest : square - rest);
}

/* Share of a pixel that the paper's lines cover. `pixel`: its side in the digit's pixels. */
static float line_cover(const struct scene *scene, float x, float y, float pixel) {
    float across = distance_to_line(x + scene->square_x, scene->square);
    float down = distance_to_line(y + scene->square_y, scene->square);
    float nearest = across < down ? across : down;
    float whole = scene->line > pixel ? 1 : scene->line / pixel; /* a line thinner than a pixel */
    float width = scene->line > pixel ? scene->line : pixel;
    return whole * clamp((width - nearest * 2) / pixel / 2 + 0.5f, 0, 1);
}

/* Share of the light that the surface returns, 0..1. */
static float surface(const struct dime_photographer *p, const struct scene *scene, float x, float y,
                     int written) {
    float from_x = x - scene->middle_x, from_y = y - scene->middle_y;
    float depth = 1 / (1 + scene->wx * from_x + scene->wy * from_y);
    float at_x = scene->source_x + (scene->xx * from_x + scene->xy * from_y) * depth;
    float at_y = scene->source_y + (scene->yx * from_x + scene->yy * from_y) * depth;
    float paper = scene->paper, cover = 0;
    if (scene->square > 0)
        paper *= 1 - scene->line_ink * line_cover(scene, at_x, at_y, hypotf(scene->xx, scene->yx));
    if (written) cover = ramp((digit_at(p, at_x, at_y) - scene->pen) * scene->sharpness);
    float ink = scene->inverted ? paper : scene->ink * scene->paper;
    float ground = scene->inverted ? scene->ink * paper : paper;
    return ground + cover * (ink - ground);
}

static float light_at(const struct dime_photographer *p, const struct scene *scene, float x, float y) {
    float from_x = x - (float)p->width / 2, from_y = y - (float)p->height / 2;
    float light = 1 - scene->dark * (0.5f + scene->light_x * from_x + scene->light_y * from_y);
    if (scene->shadow > 0) {
        float beyond = scene->edge_x * from_x + scene->edge_y * from_y - scene->edge;
        light *= 1 - scene->shadow * ramp(beyond / scene->penumbra);
    }
    return light;
}

static void expose(struct dime_photographer *p, const struct scene *scene, int written) {
    float *light = p->light;
    for (uint32_t y = 0; y < p->height; y++) {
        for (uint32_t x = 0; x < p->width; x++) {
            float at_x = (float)x + 0.5f, at_y = (float)y + 0.5f;
            *light++ = 255 * light_at(p, scene, at_x, at_y) * surface(p, scene, at_x, at_y, written);
        }
    }
}

/* ---- lens and sensor ---- */

static void blur_line(struct dime_photographer *p, float *line, uint32_t count, uint32_t stride,
                      int32_t reach) {
    for (uint32_t i = 0; i < count; i++) p->line[i] = line[i * stride];
    for (int32_t i = 0; i < (int32_t)count; i++) {
        float sum = p->kernel[0] * p->line[i];
        for (int32_t k = 1; k <= reach; k++) {
            int32_t before = i < k ? 0 : i - k, after = i + k < (int32_t)count ? i + k : (int32_t)count - 1;
            sum += p->kernel[k] * (p->line[before] + p->line[after]);
        }
        line[(uint32_t)i * stride] = sum;
    }
}

static void blur(struct dime_photographer *p, float deviation) {
    int32_t reach = (int32_t)(BLUR_REACH * deviation);
    if (reach < 1) return;
    float sum = 0;
    for (int32_t k = 0; k <= reach; k++) {
        p->kernel[k] = expf(-(float)(k * k) / (2 * deviation * deviation));
        sum += k ? 2 * p->kernel[k] : p->kernel[k];
    }
    for (int32_t k = 0; k <= reach; k++) p->kernel[k] /= sum;
    for (uint32_t y = 0; y < p->height; y++)
        blur_line(p, p->light + (size_t)y * p->width, p->width, 1, reach);
    for (uint32_t x = 0; x < p->width; x++) blur_line(p, p->light + x, p->height, p->width, reach);
}

/* Four sums of two 16-bit draws: near enough to a normal distribution, of standard deviation 1. */
static float draw_normal(struct dime_random *random) {
    uint64_t bits = dime_random_next(random);
    float sum = 0;
    for (uint32_t i = 0; i < 4; i++, bits >>= 16) sum += (float)(bits & 0xFFFF) * 0x1p-16f;
    return (sum - 2) * 1.7320508f;
}

static void develop(const struct dime_photographer *p, struct dime_random *random, float noise,
                    uint8_t *picture) {
    for (size_t i = 0; i < (size_t)p->height * p->width; i++)
        picture[i] = (uint8_t)clamp(p->light[i] + noise * draw_normal(random) + 0.5f, 0, 255);
}

void dime_photograph(struct dime_photographer *p, const uint8_t *digit, struct dime_random random,
                     uint8_t *picture) {
    struct box box = find_box(p, digit), whole = {0, 0, p->source_width, p->source_height};
    int written = box.right > box.left;
    struct scene scene = {0};
    copy_digit(p, digit);
    draw_shape(p, &random, written ? box : whole, &scene);
    draw_paper(p, &random, hypotf(scene.xx, scene.yx), &scene);
    draw_light(p, &random, &scene);
    expose(p, &scene, written);
    blur(p, scene.blur);
    develop(p, &random, scene.noise, picture);
}
