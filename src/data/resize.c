/* SPDX-License-Identifier: MIT */
#include "data/resize.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/picture_kernels.h"

/* An 8-bit sample times a coefficient of this precision leaves two bits of head room in 32 bits. */
enum { PRECISION_BITS = 32 - 8 - 2, MOST_SIDE = 4096 };

/* How one axis is filtered: target sample i is the sum over t of coefficients[i * taps + t] *
   source[first[i] + t]. Every window has the same number of taps and lies inside the source: where the filter
   reaches less far, the window is moved inwards and its spare coefficients are 0. */
struct axis {
    uint32_t target;
    uint32_t taps;
    int32_t *first;
    int32_t *coefficients;
    int32_t *by_tap;
};

/* The part of the source, begin .. end-1, that the triangle around `centre` can touch. */
struct span {
    uint32_t begin, end;
};

static struct span filter_span(double centre, double support, uint32_t source) {
    double low = centre - support + 0.5, high = centre + support + 0.5;
    struct span span = {low > 0 ? (uint32_t)low : 0, (uint32_t)high};
    if (span.end > source) span.end = source;
    return span;
}

static double triangle(double x) {
    if (x < 0) x = -x;
    return x < 1 ? 1 - x : 0;
}

/* Where target sample i lies in the source. Results depend on every rounding of these doubles: volatile, here
   and below, keeps a compiler from fusing the product with a later sum (FMA). */
static double sample_centre(uint32_t i, double scale) {
    volatile double centre = (i + 0.5) * scale;
    return centre;
}

/* Normalised triangle weights of one target sample, turned into fixed point rounded to nearest. */
static void fill_window(int32_t *coefficients, double *weights, struct span span, double centre,
                        double inverse) {
    double sum = 0;
    for (uint32_t i = span.begin; i < span.end; i++) {
        volatile double distance = ((double)i - centre + 0.5) * inverse;
        double weight = triangle(distance);
        weights[i - span.begin] = weight;
        sum += weight;
    }
    for (uint32_t i = 0; i < span.end - span.begin; i++) {
        double weight = sum != 0 ? weights[i] / sum : weights[i];
        coefficients[i] = (int32_t)(0.5 + weight * (1 << PRECISION_BITS));
    }
}

static void axis_free(struct axis *axis) {
    free(axis->first);
    free(axis->coefficients);
    free(axis->by_tap);
    *axis = (struct axis){0};
}

static void axis_fill(struct axis *axis, uint32_t source, double scale, double stretch, double *weights) {
    for (uint32_t i = 0; i < axis->target; i++) {
        double centre = sample_centre(i, scale);
        struct span span = filter_span(centre, stretch, source);
        uint32_t latest = source - axis->taps;
        uint32_t first = span.begin < latest ? span.begin : latest;
        int32_t *window = axis->coefficients + (size_t)i * axis->taps;
        axis->first[i] = (int32_t)first;
        fill_window(window + (span.begin - first), weights, span, centre, 1.0 / stretch);
        for (uint32_t t = 0; t < axis->taps; t++)
            axis->by_tap[(size_t)t * dime_pad(axis->target) + i] = window[t];
    }
}

static int axis_create(struct axis *axis, uint32_t source, uint32_t target) {
    double scale = (double)source / target;
    double stretch = scale < 1 ? 1 : scale; /* the triangle is as wide as a target sample when reducing */
    axis->target = target;
    axis->taps = 1;
    for (uint32_t i = 0; i < target; i++) {
        struct span span = filter_span(sample_centre(i, scale), stretch, source);
        if (span.end - span.begin > axis->taps) axis->taps = span.end - span.begin;
    }
    size_t wide = dime_pad(target);
    axis->first = calloc(wide, sizeof *axis->first);
    axis->by_tap = calloc((axis->taps + 3) / 4 * 4 * wide, sizeof *axis->by_tap);
    axis->coefficients = calloc((size_t)target * axis->taps, sizeof *axis->coefficients);
    double *weights = calloc(axis->taps, sizeof *weights);
    int failed = !axis->first || !axis->coefficients || !axis->by_tap || !weights;
    if (!failed) axis_fill(axis, source, scale, stretch, weights);
    free(weights);
    if (!failed) return 0;
    axis_free(axis);
    dime_error_set(DIME_ERROR_MEMORY, "resize: out of memory");
    return DIME_ERROR_MEMORY;
}

/* Bound of an accumulator: coefficients are >= 0 and sum to at most 2^22 + taps / 2 with taps <= 4096, so
   255 * sum + 2^21 < 2^30 and the shifted result is at most 255: neither overflow nor clipping can happen. */
static struct dime_filter filter_of(const struct axis *axis) {
    return (struct dime_filter){.target = axis->target,
                                .wide = dime_pad(axis->target),
                                .taps = axis->taps,
                                .words = (axis->taps + 3) / 4,
                                .first = axis->first,
                                .coefficients = axis->coefficients,
                                .by_tap = axis->by_tap,
                                .rounding = 1 << (PRECISION_BITS - 1),
                                .precision = PRECISION_BITS};
}

static int resize_all(const struct axis *across, const struct axis *down, const uint8_t *source,
                      uint32_t count, uint32_t height, uint32_t width, uint8_t *target) {
    const struct dime_picture_kernels *kernels = dime_picture_kernels_get();
    struct dime_filter filter_across = filter_of(across), filter_down = filter_of(down);
    uint8_t *middle = malloc((size_t)height * filter_across.wide);
    uint8_t *row = calloc(width + 4, 1); /* a word is read whole, weighted 0 behind the row */
    int failed = !middle || !row;
    for (uint32_t n = 0; n < count && !failed; n++) {
        kernels->resize(&filter_across, &filter_down, source, height, width, row, middle, target);
        source += (size_t)height * width;
        target += (size_t)across->target * down->target;
    }
    free(middle);
    free(row);
    return failed ? dime_error_set(DIME_ERROR_MEMORY, "resize: out of memory") : 0;
}

static int is_side(uint32_t side) {
    return side >= 1 && side <= MOST_SIDE;
}

int dime_resize_many(const uint8_t *source, uint32_t count, uint32_t height, uint32_t width, uint8_t *target,
                     uint32_t target_height, uint32_t target_width) {
    if (!is_side(height) || !is_side(width) || !is_side(target_height) || !is_side(target_width))
        return dime_error_set(DIME_ERROR_UNSUPPORTED, "resize: %ux%u to %ux%u pixels, sides are 1..%d", width,
                              height, target_width, target_height, MOST_SIDE);
    if (height == target_height && width == target_width) {
        memcpy(target, source, (size_t)count * height * width);
        return 0;
    }
    struct axis across, down;
    int code = axis_create(&across, width, target_width);
    if (code) return code;
    code = axis_create(&down, height, target_height);
    if (!code) {
        code = resize_all(&across, &down, source, count, height, width, target);
        axis_free(&down);
    }
    axis_free(&across);
    return code;
}

int dime_resize(const uint8_t *source, uint32_t height, uint32_t width, uint8_t *target,
                uint32_t target_height, uint32_t target_width) {
    return dime_resize_many(source, 1, height, width, target, target_height, target_width);
}
