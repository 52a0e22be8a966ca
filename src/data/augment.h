/* SPDX-License-Identifier: MIT */
/* Random affine and elastic distortion of grey pictures. */
#ifndef DIME_DATA_AUGMENT_H
#define DIME_DATA_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/random.h"

struct dime_augment_settings {
    float rotation1, rotation2; /* degrees; the angle is the sum of one draw from each -r .. r */
    float translation;          /* share of width and height, each drawn from -t .. t */
    float scale;                /* drawn from 1-s .. 1+s; s < 1 */
    float shear;                /* degrees, drawn from -s .. s */
    int bilinear; /* 1: sample between pixels, 0: at the nearest one, unless the picture becomes smaller */
    float elastic_probability; /* 0..1 */
    float elastic_alpha,
        elastic_sigma; /* strength and smoothness in pixels, as of torchvision's ElasticTransform:
                          noise blurred with sigma, times alpha / 2; sigma > 0 */
};

struct dime_augmenter;

/* Scratch for pictures of one size; one for each thread. The target is size x size, 1 or more. A picture that
   becomes smaller is sampled between pixels in any case, and smoothed before that, so that both together are
   what dime_resize does. Errors: MEMORY. */
int dime_augmenter_create(struct dime_augmenter **augmenter, uint32_t height, uint32_t width, uint32_t size,
                          const struct dime_augment_settings *settings);
void dime_augmenter_free(struct dime_augmenter *augmenter);

/* What all distortions of a picture have in common is done once: dime_augment_prepare smooths it and puts
   background around it, into dime_augment_prepared_bytes() bytes that serve every augmenter of the same
   settings and sizes. source: height x width grey levels. */
size_t dime_augment_prepared_bytes(const struct dime_augmenter *augmenter);
void dime_augment_prepare(struct dime_augmenter *augmenter, const uint8_t *source, uint8_t *prepared);

/* Distorts one prepared picture, straight to the target's size. target: size x size grey levels, and
   DIME_AUGMENT_ROOM bytes behind them that are overwritten. What lies outside is 0. The same `random` gives
   the same picture. soon: the prepared picture after the next ones, brought near meanwhile; NULL: none. */
#define DIME_AUGMENT_ROOM 16
void dime_augment_prepared(struct dime_augmenter *augmenter, const uint8_t *prepared, const uint8_t *soon,
                           struct dime_random random, uint8_t *target);
/* Both in one. */
void dime_augment(struct dime_augmenter *augmenter, const uint8_t *source, struct dime_random random,
                  uint8_t *target);

#endif
