/* SPDX-License-Identifier: MIT */
/* A network in memory, float and integer side by side. */
#ifndef DIME_MODEL_MODEL_H
#define DIME_MODEL_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"
#include "model/config.h"
#include "model/formats.h"
#include "model/layer_shape.h"

/* One layer. The float part is what training moves and may be absent (an imported header); the integer part
   is what runs, filled by dime_model_quantize or by a reader; absent for format None. Pooling has neither: K
   is 0 and every pointer NULL. */
struct dime_model_layer {
    uint32_t inputs, outputs; /* K weights of a row (see engine.h), M rows */
    enum dime_format_id format;
    struct dime_layer_shape shape;

    float *weight;  /* M x K or NULL */
    float *clip;    /* clipping value, 1 entry or M with PerOutput; NULL if there is no float part */
    float *norm[4]; /* BatchNorm: gain, offset, running mean, running variance, M each, in units of the
                       layer's real-valued outputs; all NULL for other norms */

    int16_t *value;             /* M x K integer weights */
    struct dime_affine *affine; /* M or NULL */
    uint8_t bias_shift;
};

struct dime_model {
    struct dime_config config; /* input size and encoding, norm, wscale, activation bits ... */
    uint32_t classes;
    uint32_t layer_count;
    struct dime_model_layer layers[DIME_MAX_LAYERS];
    char *metrics;      /* JSON object with what is known of its accuracy, or NULL */
    char **class_names; /* `classes` strings as class_names.h says, or NULL: classes are numbers */
};

/* Zeroed parameters of the shapes that config and classes ask for. Errors: MEMORY, CONFIG (a sum could reach
   2^24). */
int dime_model_create(struct dime_model *model, const struct dime_config *config, uint32_t classes);
void dime_model_free(struct dime_model *model);

/* Replaces the names of the classes by copies of `names`, model->classes strings or NULL. Errors: MALFORMED
   (see class_names.h), MEMORY; the model then has no names. */
int dime_model_name_classes(struct dime_model *model, char *const *names);

/* A run folder (its model.safetensors) or a model file. Errors: IO, MALFORMED, UNSUPPORTED, MEMORY. */
int dime_model_read(const char *path, struct dime_model *model);
/* The same from memory; `name` is used in messages. */
int dime_model_parse(const char *name, const uint8_t *bytes, size_t size, struct dime_model *model);
/* Refuses integer weights that are not levels of their format (not quantized yet). Errors: IO, MALFORMED,
 * MEMORY. */
int dime_model_write(const char *path, const struct dime_model *model);
/* Whether a model may be written there without losing anything but another model: there is no file yet, or
   one that holds a model. Errors: IO (something else is there), MEMORY. */
int dime_model_check_target(const char *path);

/* Packed bytes of all weights and affine tables, as they lie in flash. */
size_t dime_model_bytes(const struct dime_model *model);
uint32_t dime_model_input_count(const struct dime_model *model); /* activations that the first layer takes */
static inline int dime_layer_is_pool(const struct dime_model_layer *layer) {
    return dime_kind_is_pool(layer->shape.kind);
}

/* The engine's view of a model: packed weights, layer table, scratch. */
struct dime_runtime {
    struct dime_network network;
    struct dime_layer *layers;
    void **weights; /* one block a layer: packed rows, then the affine table; copies, so the model may be
                       freed */
};
/* Errors: UNSUPPORTED (format None cannot run in the engine), MEMORY. */
int dime_runtime_create(struct dime_runtime *runtime, const struct dime_model *model);
void dime_runtime_free(struct dime_runtime *runtime);
/* The scratch buffers of a model's network; needs no weights. */
struct dime_scratch dime_model_scratch(const struct dime_model *model);
/* Gives a runtime the weight format of this PC (dime_host_format(), model/host_dot.h): the same answers bit
   for bit, many times faster. Errors: MEMORY. */
int dime_runtime_use_host(struct dime_runtime *runtime, const struct dime_format *host);

#endif
