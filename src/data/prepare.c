/* SPDX-License-Identifier: MIT */
#include "data/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/resize.h"

#define FRAME 28 /* height and width of an MNIST picture */
#define BOX 20   /* longer side of the digit in it */
/* Grey level from which on a pixel is ink when the digit's bounding box is looked for. */
#define INK 128

struct grey {
    uint32_t height, width;
    uint8_t *pixels;
};

/* What the picture's grey levels say about paper and ink. */
struct levels {
    uint8_t darkest, brightest;
    uint8_t border;       /* median of the outermost rows and columns */
    uint8_t border_noise; /* nine of ten border pixels are at most this far from the median */
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while preparing a picture");
}

/* The least level that at least share/10 of the counted pixels do not exceed. */
static uint8_t quantile(const uint64_t counts[256], uint64_t total, uint64_t tenths) {
    uint64_t below = 0;
    for (uint32_t level = 0; level < 255; level++) {
        below += counts[level];
        if (below * 10 >= total * tenths) return (uint8_t)level;
    }
    return 255;
}

/* Calls for each border pixel once; a picture of a single row or column is all border. */
static uint64_t count_border(const struct grey *grey, uint64_t counts[256]) {
    uint64_t total = 0;
    memset(counts, 0, 256 * sizeof *counts);
    for (uint32_t y = 0; y < grey->height; y++) {
        const uint8_t *row = grey->pixels + (size_t)y * grey->width;
        uint32_t step = y == 0 || y == grey->height - 1 || grey->width == 1 ? 1 : grey->width - 1;
        for (uint32_t x = 0; x < grey->width; x += step, total++) counts[row[x]]++;
    }
    return total;
}

static uint8_t distance(uint32_t a, uint32_t b) {
    return (uint8_t)(a > b ? a - b : b - a);
}

static struct levels measure_levels(const struct grey *grey) {
    struct levels levels = {.darkest = 255};
    for (size_t i = 0; i < (size_t)grey->height * grey->width; i++) {
        if (grey->pixels[i] < levels.darkest) levels.darkest = grey->pixels[i];
        if (grey->pixels[i] > levels.brightest) levels.brightest = grey->pixels[i];
    }
    uint64_t counts[256], distances[256] = {0};
    uint64_t total = count_border(grey, counts);
    levels.border = quantile(counts, total, 5);
    for (uint32_t level = 0; level < 256; level++) distances[distance(level, levels.border)] += counts[level];
    levels.border_noise = quantile(distances, total, 9);
    return levels;
}

static int is_dark_on_light(const struct levels *levels, enum dime_polarity polarity) {
    if (polarity != DIME_POLARITY_AUTO) return polarity == DIME_POLARITY_INVERT;
    return 2 * levels->border > levels->darkest + levels->brightest;
}

static void invert(uint8_t *pixels, size_t count) {
    for (size_t i = 0; i < count; i++) pixels[i] = (uint8_t)(255 - pixels[i]);
}

/* Background and its noise become 0, the brightest ink 255. */
static void stretch(struct grey *grey, uint32_t floor, uint32_t brightest) {
    size_t count = (size_t)grey->height * grey->width;
    uint32_t range = brightest > floor ? brightest - floor : 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t above = grey->pixels[i] > floor ? grey->pixels[i] - floor : 0;
        grey->pixels[i] = (uint8_t)((above * 255 + range / 2) / range);
    }
}

/* Twice the usual noise is background; never so much that more than half of the range is lost. */
static void clean_background(struct grey *grey) {
    struct levels levels = measure_levels(grey);
    uint32_t floor = levels.border + 2u * levels.border_noise;
    uint32_t half = (levels.border + levels.brightest + 1u) / 2;
    stretch(grey, floor < half ? floor : half, levels.brightest);
}

struct box {
    uint32_t top, left, height, width;
};

/* The smallest box around all ink; of height 0 where there is none, because nothing is brighter than the
 * border. */
static struct box find_ink(const struct grey *grey) {
    uint32_t top = grey->height, bottom = 0, left = grey->width, right = 0;
    for (uint32_t y = 0; y < grey->height; y++) {
        for (uint32_t x = 0; x < grey->width; x++) {
            if (grey->pixels[(size_t)y * grey->width + x] < INK) continue;
            if (y < top) top = y;
            if (x < left) left = x;
            if (x > right) right = x;
            bottom = y;
        }
    }
    if (top == grey->height) return (struct box){0};
    return (struct box){top, left, bottom - top + 1, right - left + 1};
}

/* `side` of a box whose longer side becomes BOX, rounded, at least 1. */
static uint32_t fitted(uint32_t side, uint32_t longer) {
    uint32_t size = (side * BOX + longer / 2) / longer;
    return size > 0 ? size : 1;
}

/* The box, scaled to fit BOX x BOX. */
static int fit_digit(const struct grey *grey, struct box box, struct grey *digit) {
    uint32_t longer = box.height > box.width ? box.height : box.width;
    uint8_t *cut = malloc((size_t)box.height * box.width);
    if (!cut) return out_of_memory();
    for (uint32_t y = 0; y < box.height; y++)
        memcpy(cut + (size_t)y * box.width, grey->pixels + (size_t)(box.top + y) * grey->width + box.left,
               box.width);
    digit->height = fitted(box.height, longer);
    digit->width = fitted(box.width, longer);
    int code = dime_resize(cut, box.height, box.width, digit->pixels, digit->height, digit->width);
    free(cut);
    return code;
}

/* Where to begin so that `centre` (in 1/total pixels) falls on the frame's centre, without leaving the frame.
 */
static uint32_t placed(uint64_t moment, uint64_t total, uint32_t side) {
    uint64_t centre = total ? (moment + total / 2) / total : side / 2;
    uint64_t start = centre < FRAME / 2 ? FRAME / 2 - centre : 0;
    return start + side > FRAME ? FRAME - side : (uint32_t)start;
}

static void place_digit(const struct grey *digit, uint8_t frame[FRAME * FRAME]) {
    uint64_t total = 0, moment_y = 0, moment_x = 0;
    for (uint32_t y = 0; y < digit->height; y++) {
        for (uint32_t x = 0; x < digit->width; x++) {
            uint64_t mass = digit->pixels[y * digit->width + x];
            total += mass;
            moment_y += mass * y;
            moment_x += mass * x;
        }
    }
    uint32_t top = placed(moment_y, total, digit->height), left = placed(moment_x, total, digit->width);
    for (uint32_t y = 0; y < digit->height; y++)
        memcpy(frame + (top + y) * FRAME + left, digit->pixels + y * digit->width, digit->width);
}

/* Thin strokes fade when a large picture is reduced; the brightest pixel becomes 255 again. */
static void restore_ink(struct grey *digit) {
    stretch(digit, 0, measure_levels(digit).brightest);
}

static int make_frame(struct grey *grey, uint8_t frame[FRAME * FRAME], int *blank) {
    uint8_t pixels[BOX * BOX];
    struct grey digit = {0, 0, pixels};
    clean_background(grey);
    struct box box = find_ink(grey);
    *blank = box.height == 0;
    memset(frame, 0, FRAME * FRAME);
    if (*blank) return 0;
    int code = fit_digit(grey, box, &digit);
    if (code) return code;
    restore_ink(&digit);
    place_digit(&digit, frame);
    return 0;
}

static int to_input(struct grey *grey, uint32_t size, uint8_t *output, struct dime_prepared *prepared) {
    uint8_t frame[FRAME * FRAME];
    if (grey->height == grey->width && (grey->width == size || grey->width == FRAME))
        return dime_resize(grey->pixels, grey->height, grey->width, output, size, size);
    prepared->framed = 1;
    int code = make_frame(grey, frame, &prepared->blank);
    return code ? code : dime_resize(frame, FRAME, FRAME, output, size, size);
}

int dime_prepare(const uint8_t *pixels, uint32_t height, uint32_t width, enum dime_polarity polarity,
                 uint32_t size, uint8_t *output, struct dime_prepared *prepared) {
    size_t count = (size_t)height * width;
    struct grey grey = {height, width, malloc(count)};
    memset(prepared, 0, sizeof *prepared);
    if (!grey.pixels) return out_of_memory();
    memcpy(grey.pixels, pixels, count);
    struct levels levels = measure_levels(&grey);
    prepared->blank = levels.brightest - levels.darkest < DIME_BLANK_CONTRAST;
    prepared->inverted = is_dark_on_light(&levels, polarity);
    int code = 0;
    if (prepared->blank) {
        memset(output, 0, (size_t)size * size);
    } else {
        if (prepared->inverted) invert(grey.pixels, count);
        code = to_input(&grey, size, output, prepared);
    }
    free(grey.pixels);
    return code;
}
