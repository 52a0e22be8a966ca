/* SPDX-License-Identifier: MIT */
/* What the model file, the runtime and the BitNetMCU headers share. */
#ifndef DIME_MODEL_MODEL_LAYER_H
#define DIME_MODEL_MODEL_LAYER_H

#include "model/layer_shape.h"
#include "model/model.h"

/* Takes configuration and classes over and sets the layers' K, M and format; allocates nothing, so that a
   reader can compare shapes with what a file holds before it reserves memory. Errors: CONFIG. */
int dime_model_shape(struct dime_model *model, const struct dime_config *config, uint32_t classes);

/* What an int8 or 32-bit sum of each layer can reach, from the integer weights that it has: layer_count
   entries, 0 for pooling of int8. With wide inputs it may be 2^24 or more, and then single precision does not
   hold every sum. */
void dime_model_sum_bounds(const struct dime_model *model, int64_t *bounds);

/* 1 where a layer of this model has an affine table: WScale PerOutput or NormType BatchNorm. */
int dime_model_has_affine(const struct dime_model *model);

/* From integer weight to code; the first code wins where two have one value. */
struct dime_code_table {
    int16_t code[511]; /* by weight + 255; -1 where the format has no such level */
};
void dime_code_table_fill(struct dime_code_table *table, const struct dime_format *format);
/* The code of a weight, or -1. */
int dime_code_table_find(const struct dime_code_table *table, int16_t value);

/* Checks that every weight is a level of the layer's format. `name` and `index` (from 0) are for the message.
   Errors: MALFORMED. */
int dime_layer_check_values(const char *name, uint32_t index, const struct dime_model_layer *layer);
/* Ranges of engine.h. Errors: MALFORMED. */
int dime_layer_check_affine(const char *name, uint32_t index, const struct dime_model_layer *layer);

/* Bytes of the packed rows of a layer that has a format, a multiple of 4; 0 for pooling. */
size_t dime_layer_packed_bytes(const struct dime_model_layer *layer);
/* Packs M rows into dime_layer_packed_bytes() zeroed bytes; all weights are levels of the format.
   Errors: MEMORY. */
int dime_layer_pack(const struct dime_model_layer *layer, void *block);

#endif
