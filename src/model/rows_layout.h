/* SPDX-License-Identifier: MIT */
/* Weights as rows of nibbles for device/engine/fast_rows.h, in as many parts as that takes
   (device/engine/fast_parts.h). */
#ifndef DIME_MODEL_ROWS_LAYOUT_H
#define DIME_MODEL_ROWS_LAYOUT_H

#include <stdint.h>
#include <stdio.h>

#include "model/model.h"

/* How a weight becomes a nibble: u = ((w + base) >> shift) & 15, of which the largest is `most`. The part's
   own weights are (u << scale) - middle, and count 2^weight times. */
struct dime_rows_plane {
    uint32_t base, shift, most, scale, middle, weight;
};

struct dime_rows_part {
    const struct dime_rows_plane *plane;
    uint32_t input, inputs;   /* the first, how many; input is a multiple of 4 */
    uint32_t output, outputs; /* likewise; outputs <= 64 */
    uint32_t words;           /* of a row */
    int has_flags;            /* 1: for dime_flags_run */
    int has_products;         /* 1: for dime_products_run */
    int has_more;             /* 1: the share of the smallest activation is in DIME_ROWS_MORE more rows */
};

#define DIME_ROWS_MOST_PARTS 64
struct dime_rows_plan {
    struct dime_rows_part parts[DIME_ROWS_MOST_PARTS];
    uint32_t count; /* 0: the layer cannot have rows */
};

struct dime_rows_plan dime_rows_plan_make(const struct dime_model *model, uint32_t index);

/* 1: its sums are added to those of an earlier part. */
int dime_rows_adds(const struct dime_rows_part *part);

/* Words of a row of so many outputs, 1..64: 1, 2, 4 or 8. */
uint32_t dime_rows_words(uint32_t outputs);
/* Words of a row as they are added up: by what adds up the widest of the program, of eight words by a part of
   it. */
uint32_t dime_rows_words_added(uint32_t words, uint32_t widest);

/* Entries of the scratch buffer `sums`. widest: the most words that a row of the program has. */
uint32_t dime_rows_sums(const struct dime_model *model, uint32_t index, const struct dime_rows_plan *plan,
                        uint32_t widest);

/* Flash of the weights and descriptors. */
uint32_t dime_rows_bytes(const struct dime_model *model, uint32_t index, const struct dime_rows_plan *plan);

/* Prints all that as C, `layerN_fast` last. finish: the end of its run (fast.h). */
void dime_rows_print(const struct dime_model *model, uint32_t index, const struct dime_rows_plan *plan,
                     uint32_t widest, const char *finish, FILE *stream);

/* All bits of a weight as one number u: `plane`, with `most` up to 31. 0 where the format has none such. */
int dime_rows_whole(enum dime_format_id format, struct dime_rows_plane *plane);

/* middle = 2^*bits - *less. */
void dime_rows_middle(uint32_t middle, uint32_t *bits, uint32_t *less);

/* 1 where activations that come into the layer may be below 0. */
int dime_layout_has_negative_inputs(const struct dime_model *model, uint32_t index);

#endif
