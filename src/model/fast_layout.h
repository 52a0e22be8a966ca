/* SPDX-License-Identifier: MIT */
/* How a layer's weights lie in the chip's flash for the fast kernels of device/engine. */
#ifndef DIME_MODEL_FAST_LAYOUT_H
#define DIME_MODEL_FAST_LAYOUT_H

#include <stdint.h>
#include <stdio.h>

#include "model/chip.h"
#include "model/model.h"

enum dime_layout {
    DIME_LAYOUT_REFERENCE, /* packed rows of outputs, weight by weight */
    DIME_LAYOUT_ROWS,      /* fast_rows.h */
    DIME_LAYOUT_PARTS,     /* fast_parts.h: several times rows */
    DIME_LAYOUT_SLICES,    /* fast_slices.h */
    DIME_LAYOUT_TABLE,     /* fast_table.h */
    DIME_LAYOUT_PLANES,    /* fast_planes.h */
    DIME_LAYOUT_MULTIPLY,  /* fast_multiply.h: only on a chip with a multiplier */
    DIME_LAYOUT_CODE,      /* fast_code.h: only where dime_weight_code_choose has the layer */
};

/* The fastest layout that a layer can have without a multiplier, and on this chip. */
enum dime_layout dime_layout_choose(const struct dime_model *model, uint32_t index);
enum dime_layout dime_layout_on(const struct dime_chip *chip, const struct dime_model *model, uint32_t index);

/* 1 where no fully connected layer has the reference's layout on this chip. */
int dime_layouts_are_fast(const struct dime_chip *chip, const struct dime_model *model);

/* The most words that a row of weights has in a layer with rows on this chip, or 1. */
uint32_t dime_layout_widest_rows(const struct dime_chip *chip, const struct dime_model *model);

/* Entries of the scratch buffer `sums` that the layer needs. */
uint32_t dime_layout_sums(const struct dime_chip *chip, const struct dime_model *model, uint32_t index,
                          enum dime_layout layout);

/* Bytes of flash of the layer's weights and their descriptor in that layout. */
uint32_t dime_layout_bytes(const struct dime_model *model, uint32_t index, enum dime_layout layout);

/* Prints the layer's weights in a layout other than the reference, and a descriptor `layerN_fast`, N = index
   + 1, as C. Errors: MEMORY. */
int dime_layout_print(const struct dime_chip *chip, const struct dime_model *model, uint32_t index,
                      enum dime_layout layout, FILE *stream);

/* Prints the sum of each output's weights as C: `layerN_totals`, N = number. */
void dime_layout_print_totals(const struct dime_model_layer *layer, uint32_t number, FILE *stream);

#endif
