/* SPDX-License-Identifier: MIT */
#include "data/prepare.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/resize.h"

#define FRAME 28 /* height and width of an MNIST picture */

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

/* A picture that is taken as it is. */
static int take_as_it_is(struct grey *grey, enum dime_polarity polarity, uint32_t size, uint8_t *output,
                         struct dime_prepared *prepared) {
    struct levels levels = measure_levels(grey);
    prepared->blank = levels.brightest - levels.darkest < DIME_BLANK_CONTRAST;
    prepared->finding = prepared->blank ? DIME_VISION_EMPTY : DIME_VISION_DIGIT;
    prepared->inverted = is_dark_on_light(&levels, polarity);
    if (prepared->blank) {
        memset(output, 0, (size_t)size * size);
        return 0;
    }
    if (prepared->inverted) invert(grey->pixels, (size_t)grey->height * grey->width);
    return dime_resize(grey->pixels, grey->height, grey->width, output, size, size);
}

static void look(const uint8_t *pixels, uint32_t height, uint32_t width, enum dime_polarity polarity,
                 uint32_t size, uint8_t *output, struct dime_prepared *prepared) {
    static const enum dime_vision_polarity same[] = {
        [DIME_POLARITY_AUTO] = DIME_VISION_AUTO,
        [DIME_POLARITY_INVERT] = DIME_VISION_DARK_ON_LIGHT,
        [DIME_POLARITY_KEEP] = DIME_VISION_LIGHT_ON_DARK,
    };
    uint8_t cells[DIME_VISION_CELLS];
    struct dime_vision vision;
    struct dime_vision_found found;
    dime_vision_begin(&vision, width, height, cells, sizeof cells);
    dime_vision_add(&vision, pixels, height * width);
    prepared->finding = dime_vision_finish(&vision, same[polarity], size, output, &found);
    prepared->blank = prepared->finding != DIME_VISION_DIGIT;
    prepared->inverted = found.inverted;
    prepared->framed = 1;
}

int dime_prepare(const uint8_t *pixels, uint32_t height, uint32_t width, enum dime_polarity polarity,
                 uint32_t size, uint8_t *output, struct dime_prepared *prepared) {
    memset(prepared, 0, sizeof *prepared);
    if (height != width || (width != size && width != FRAME)) {
        look(pixels, height, width, polarity, size, output, prepared);
        return 0;
    }
    struct grey grey = {height, width, malloc((size_t)height * width)};
    if (!grey.pixels) return out_of_memory();
    memcpy(grey.pixels, pixels, (size_t)height * width);
    int code = take_as_it_is(&grey, polarity, size, output, prepared);
    free(grey.pixels);
    return code;
}
