/* SPDX-License-Identifier: MIT */
/* The loops in which pictures become network inputs, once for each instruction set; all give the same bits.
 */
#ifndef DIME_DATA_PICTURE_KERNELS_H
#define DIME_DATA_PICTURE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "base/processor.h"
#include "base/random.h"
#include "vision/encode.h"

/* A picture with background around it: MARGIN pixels before each row, and room for whole vectors behind. */
struct dime_framed {
    uint32_t height, width, stride;
    uint32_t above;  /* rows of background before the first and behind the last row */
    uint8_t *pixels; /* (height + 2 above) x stride */
};
#define DIME_FRAME_MARGIN 16u

static inline uint8_t *dime_framed_row(const struct dime_framed *picture, uint32_t y) {
    return picture->pixels + (size_t)(picture->above + y) * picture->stride + DIME_FRAME_MARGIN;
}

/* A picture that samples are taken from: `corner` is the background pixel above and left of the first one.
   One row of background lies above, two below; a pixel of background left, one right of each row, and four
   bytes may be read from any of them. */
struct dime_ready {
    uint32_t height, width, stride; /* stride: width + 2 or more */
    const uint8_t *corner;
};

/* Weights of a symmetric filter in 1/256, centre first; they add up to 256 when the others count twice. */
#define DIME_MOST_TAPS 16u
struct dime_smoothing {
    uint32_t reach; /* pixels to either side; 0: none */
    uint16_t weight[DIME_MOST_TAPS];
};

/* Room for each pixel of such a picture beside the one below it. */
static inline size_t dime_ready_pairs(uint32_t height, uint32_t stride) {
    return ((size_t)height + 2) * stride + 2;
}

/* One target picture: size x size samples of a ready picture. Sample (x, y) lies at u = x_at[x], v = y_at[y]
   of the picture, and there at (xx u + xy v + x0, yx u + yy v + y0) plus the shift; what lies outside is 0.
 */
struct dime_warp {
    uint32_t size, wide; /* wide: size padded */
    const float *x_at;   /* wide */
    const float *y_at;   /* size */
    float xx, xy, x0, yx, yy, y0;
    const float *shift_x, *shift_y; /* size x wide, or NULL */
    int bilinear;
    uint16_t *pairs;     /* bilinear: scratch, dime_ready_pairs() of them */
    const uint8_t *soon; /* memory that is wanted soon: asked for a cache line a row, so that none waits */
    size_t soon_bytes;
};

/* A cubic B-spline over random control points, along one axis. */
struct dime_spline {
    uint32_t controls;
    uint32_t *first; /* of the four controls that reach a sample */
    float *basis;    /* controls x wide: what a control adds to each sample */
};

/* How one axis is filtered when a picture is resized, see resize.c. Coefficients in fixed point, at least 0;
   those of a target sample add up to no more than lets 255 times their sum stay below 2^30. */
struct dime_filter {
    uint32_t target, wide;       /* samples; padded */
    uint32_t taps, words;        /* of each sample; the same in fours, rounded up */
    const int32_t *first;        /* wide: its first source sample */
    const int32_t *coefficients; /* target x taps */
    const int32_t *by_tap;       /* 4 words x wide: the same with the samples innermost, 0 beyond taps */
    int32_t rounding;
    uint32_t precision; /* bits behind the point */
};

struct dime_picture_kernels {
    /* Filters height x width pixels along the rows into `middle` (height x across->wide), a row of the source
       through `row`, which has room for width + 4 bytes; then down the columns into target. */
    void (*resize)(const struct dime_filter *across, const struct dime_filter *down, const uint8_t *source,
                   uint32_t height, uint32_t width, uint8_t *row, uint8_t *middle, uint8_t *target);
    /* Copies a picture of height x width pixels into its frame. */
    void (*frame)(const uint8_t *source, const struct dime_framed *to);
    /* to = from, smoothed down the columns, then along the rows; pixels outside `from` are background.
       `middle` is of the same shape as both. */
    void (*smooth)(const struct dime_framed *from, const struct dime_smoothing *down,
                   const struct dime_smoothing *across, const struct dime_framed *middle,
                   const struct dime_framed *to);
    /* target: size x size grey levels and DIME_LANES bytes of room behind them. */
    void (*warp)(const struct dime_warp *warp, const struct dime_ready *source, uint8_t *target);
    /* out[i] = dime_random_range(random, -size, size), one after another. */
    void (*draw)(struct dime_random *random, float size, uint32_t count, float *out);
    /* rows (count x wide): `count` rows of across->controls control points interpolated at the samples. */
    void (*spline_across)(const struct dime_spline *across, const float *control, uint32_t count,
                          uint32_t wide, float *rows);
    /* field (size x wide) from rows (down->controls x wide). */
    void (*spline_down)(const struct dime_spline *down, const float *rows, uint32_t size, uint32_t wide,
                        float *field);
    /* What dime_encode computes, as bytes or as floats. The floats are padded with zeros to a multiple of
       DIME_LANES. Output may be where the pixels are. */
    void (*encode)(enum dime_input_encoding encoding, uint32_t threshold, const uint8_t *pixels,
                   uint32_t count, int8_t *output);
    void (*encode_floats)(enum dime_input_encoding encoding, uint32_t threshold, const uint8_t *pixels,
                          uint32_t count, float *output);
};

const struct dime_picture_kernels *dime_picture_kernels_get(void);
const struct dime_picture_kernels *dime_picture_kernels_variant(uint32_t index);

#endif
