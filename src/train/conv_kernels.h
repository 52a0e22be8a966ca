/* SPDX-License-Identifier: MIT */
/* The loops of convolutions, once for each instruction set, chosen with the other training kernels. Images
   lie innermost: a map is C channels x H*W pixels x L lanes, an image a lane, L a multiple of DIME_LANES;
   `plane` is the distance between channels. So every vector holds one pixel of many images, whatever the
   number of channels, and borders, strides and odd widths cost nothing. Which pixels a tap of the kernel
   meets is listed once, in a plan. All variants with a fused multiply-add give the same bits. */
#ifndef DIME_TRAIN_CONV_KERNELS_H
#define DIME_TRAIN_CONV_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* A convolution or a pooling window: same kernel and stride in both directions. */
struct dime_conv_shape {
    uint32_t height, width;         /* of the input */
    uint32_t out_height, out_width; /* of the output */
    uint32_t kernel, stride, padding;
};

#define DIME_CONV_MOST_TAPS 256 /* kernels are at most 16 x 16 */

/* Tap (row * kernel + column) of a kernel and the pixel that it meets. */
struct dime_conv_tap {
    uint32_t tap, pixel;
};

/* Neighbouring pixels that meet the same taps of a kernel of three by three, each pixel's one further than
   those of the pixel before: `rows` rows of `taps` taps side by side, 1..3 each; 0: no tap at all. */
struct dime_conv_run {
    uint32_t pixel, count;
    uint32_t rows, taps;
};

/* A kernel of three by three with stride 1 seen as a sweep over whole rows: pixel (y, x) meets rows y -
   border
   .. y - border + 2 and columns x - border .. x - border + 2 of the map that is read, as far as they are in
   it; the last pixel of a row misses as many columns as the first. */
struct dime_conv_sweep {
    uint32_t height, width;       /* of the map that is written; 0: no sweep */
    uint32_t in_height, in_width; /* of the map that is read */
    uint32_t border;              /* 0..2 */
};

/* Lists in compressed rows: the taps of pixel p are items[start[p]] .. items[start[p + 1] - 1]. */
struct dime_conv_list {
    uint32_t count; /* of rows */
    uint32_t *start;
    struct dime_conv_tap *items;
    uint32_t run_count; /* of kernels of three, else 0; they cover all pixels */
    int taps_fall;      /* 1 in `backward`: the pixels of a run's taps rise, and the taps fall */
    struct dime_conv_run *runs;
    struct dime_conv_sweep sweep;
};

struct dime_conv_plan {
    struct dime_conv_shape shape;
    struct dime_conv_list forward;  /* for each output pixel: taps and the input pixels they meet */
    struct dime_conv_list backward; /* for each input pixel: taps and the output pixels they serve */
    struct dime_conv_list weights;  /* for each tap: output pixel (as `tap`) and input pixel (as `pixel`) */
};

/* Errors: MEMORY. */
int dime_conv_plan_create(struct dime_conv_plan *plan, const struct dime_conv_shape *shape);
void dime_conv_plan_free(struct dime_conv_plan *plan);

/* out[r][p] = sum over taps t of pixel p in `list`, over channels c, of weight(t.tap, c, r) * in[c][t.pixel];
   weight(t, c, r) = weights[t * weight_tap + c * weight_channel + r]. Forward pass with plan->forward,
   gradient of the input with plan->backward and the matrix the other way round. */
struct dime_conv_gather {
    const struct dime_conv_list *list;
    uint32_t lanes, channels, rows;
    const float *weights;
    size_t weight_tap, weight_channel;
    const float *in;
    size_t in_plane;
    float *out;
    size_t out_plane;
};

/* weight(t, c, r) = sum over pairs of tap t, over lanes, of in[c][pair.pixel] * gradient[r][pair.tap], stored
   where dime_conv_gather reads it. A sum runs in DIME_LANES lanes that are added pairwise at the end. */
struct dime_conv_weights {
    int adds; /* 1: to what is there, 0: in its place */
    const struct dime_conv_plan *plan;
    uint32_t lanes, channels, rows;
    const float *in;
    size_t in_plane;
    const float *gradient;
    size_t gradient_plane;
    float *weights;
    size_t weight_tap, weight_channel;
};

/* One channel of a map. */
struct dime_map {
    uint32_t pixels, lanes, images; /* the first `images` lanes hold one each */
    const float *mask;              /* lanes: 1 where there is an image, otherwise 0 */
};

/* What an activation leaves beside its values; begin with {0}. */
struct dime_map_activity {
    float highest;   /* 0 if none is positive */
    uint32_t active; /* values above 0 */
};

/* y = clamp(((sum + bias) * multiplier + rounding) >> shift, 0, top) */
struct dime_map_affine {
    int32_t bias, multiplier, rounding, shift, top;
};

/* Batch normalisation of one channel, as lines over its integer sums s: normal = scale * s + centre, real
   output = slope * s + offset. Gradients pass where 0 < real < range, times per_unit; `back` is d normal / d
   z times the gain. */
struct dime_map_norm {
    float scale, centre, slope, offset, range, per_unit, back;
};

struct dime_conv_kernels {
    const char *name;
    void (*gather)(const struct dime_conv_gather *gather);
    void (*weight_gradient)(const struct dime_conv_weights *weights);
    /* The same, channel by channel: weight(t, c, c) stands at weights[t * weight_tap + c]. rows is unused. */
    void (*depthwise)(const struct dime_conv_gather *gather);
    void (*depthwise_gradient)(const struct dime_conv_weights *weights);

    /* The rest takes one channel of pixels x lanes floats. Mean and variance over the images. */
    void (*statistics)(const struct dime_map *map, const float *sums, float *mean, float *variance);
    void (*activate)(const struct dime_map *map, const float *sums, const struct dime_map_affine *affine,
                     float *out, struct dime_map_activity *activity);
    /* out = max(0, slope * sum + offset) */
    void (*activate_real)(const struct dime_map *map, const float *sums, float slope, float offset,
                          float *out, struct dime_map_activity *activity);
    /* gradient: in d loss / d (output in units), out d loss / d z */
    void (*norm_gradient)(const struct dime_map *map, const float *sums, const struct dime_map_norm *norm,
                          float *gradient, float *gain_gradient, float *offset_gradient);
    /* out = max(0, sum) >> DIME_WIDE_SHIFT, and back, on `count` values, a multiple of DIME_LANES. activity
       NULL: not wanted, here and below. */
    void (*widen)(const float *sums, size_t count, float *out, struct dime_map_activity *activity);
    void (*widen_gradient)(const float *sums, size_t count, float *gradient);
    /* Where floats might not hold the integers. A depthwise convolution of one channel, its input in `exact`,
       or in `in` where exact is NULL; sums: the values rounded. |sum| < 2^31, see layer_shape.h. */
    void (*exact_channel)(const struct dime_conv_list *list, uint32_t lanes, uint32_t taps,
                          const float *weights, size_t weight_tap, const float *in, const int32_t *exact,
                          int32_t *values, float *sums);
    /* As widen, with the integers in `exact` too where that is not NULL. */
    void (*widen_exact)(const int32_t *values, size_t count, float *out, int32_t *exact,
                        struct dime_map_activity *activity);
    void (*pool_largest_exact)(const struct dime_conv_list *list, uint32_t lanes, const int32_t *in,
                               int32_t *out);
    /* Max pooling over the windows of plan->forward. Of equal entries the first gets the gradient, which is
       added to in_gradient. */
    void (*pool_largest)(const struct dime_conv_list *list, uint32_t lanes, const float *in, float *out);
    void (*pool_largest_gradient)(const struct dime_conv_list *list, uint32_t lanes, const float *in,
                                  const float *out, const float *gradient, float *in_gradient);
};

/* The variant that goes with dime_kernels_get(), and by number as dime_kernels_variant. */
const struct dime_conv_kernels *dime_conv_kernels_get(void);
const struct dime_conv_kernels *dime_conv_kernels_variant(uint32_t index);

/* Plain loops over the definitions above, oracles for the kernels. */
void dime_conv_gather_naive(const struct dime_conv_gather *gather);
void dime_conv_weights_naive(const struct dime_conv_weights *weights);

#endif
