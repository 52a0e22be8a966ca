/* SPDX-License-Identifier: MIT */
/* The network as the trainer sees it. The forward pass computes the engine's integers (as floats, which hold
   them exactly below 2^24); the backward pass is the straight-through estimator around them. N images of a
   chunk, K inputs and M outputs of a layer, Mp and Kp the same padded to DIME_LANES. */
#ifndef DIME_TRAIN_NETWORK_H
#define DIME_TRAIN_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "model/quantize.h"
#include "train/conv_kernels.h"
#include "train/kernels.h"
#include "train/phases.h"

/* A batch is cut into chunks of about this many images. Chunks are what threads work on and what batch
   normalisation takes its statistics from (ghost batches, Hoffer and others 2017); their number depends on
   the batch alone, so results do not depend on the number of threads. */
#define DIME_CHUNK 32u
#define DIME_CHUNK_MOST 48u

/* Arrays that are gone through together lie this far apart within a page, five of them: where places in the
   page are equal, a processor takes a load to depend on an earlier store to another array. In floats. */
#define DIME_PAGE_FLOATS 1024u
#define DIME_APART 208u

/* A parameter with its Adam moments and its moving average; `count` floats each. */
struct dime_parameter {
    float *value, *moment1, *moment2, *average;
    size_t count;
};

struct dime_train_layer {
    uint32_t inputs, outputs;               /* K, M */
    uint32_t padded_inputs, padded_outputs; /* Kp, Mp */
    enum dime_format_id format;
    int last;
    struct dime_layer_shape shape;
    struct dime_conv_plan *plan; /* layers of maps, see maps.h; else NULL */

    struct dime_parameter weight;       /* K x Mp: input-major, so that every product runs along outputs */
    struct dime_parameter gain, offset; /* Mp each, BatchNorm only, else count 0 */
    float *mean, *variance;             /* Mp, running statistics of z = sum * sum_scale, BatchNorm only */
    struct dime_parameter clip;         /* 1 or M; moments and average where it is learned */
    int whole_inputs;                   /* 1 where the inputs are whole numbers that fit signed bytes */

    /* made from the above by dime_network_refresh */
    float *values;            /* K x Mp, weight values */
    uint8_t *packed;          /* the same for the whole product; NULL where products are of floats */
    float *values_transposed; /* M x Kp, absent in the first layer and in layers of maps */
    float *values_back; /* convolution: taps x M x padded C, values * ratio; depthwise: taps x padded C */
    struct dime_weight_scale scale; /* Mp each */
    double *sum_scale;              /* Mp: real size of one unit of the integer sum (BatchNorm), or of step */
    struct dime_affine *affine;     /* M, absent for PerTensor without BatchNorm */
    int32_t *affine_row;            /* 4 x Mp: bias, multiplier, rounding, shift */
    float *ratio;                   /* Mp: multiplier * 2^-shift; 1 without affine */
    double unit;                    /* real size of one unit after the affine step */
};

struct dime_network_state {
    struct dime_config config;
    uint32_t classes, layer_count;
    uint32_t inputs, padded_inputs; /* of the network */
    uint32_t map_count;             /* leading layers that are not fully connected */
    uint32_t chain_count; /* leading ones of those whose channels do not meet, 0 or 2 and more, see maps.h */
    struct dime_train_layer layers[DIME_MAX_LAYERS];
    const struct dime_kernels *kernels;
    const struct dime_conv_kernels *conv;
    int quantized; /* 0 for format None */
};

/* Parameters of the right shapes with PyTorch's initial distribution for linear layers, uniform within
   1/sqrt(K), drawn from config->seed. Errors: MEMORY, CONFIG. */
int dime_network_create(struct dime_network_state *network, const struct dime_config *config,
                        uint32_t classes);
void dime_network_free(struct dime_network_state *network);
/* From and to a model in memory. A model without float part (an import) gives a network that can be evaluated
   but not trained: its values are taken as they are. */
int dime_network_load(struct dime_network_state *network, const struct dime_model *model);
int dime_network_store(const struct dime_network_state *network, struct dime_model *model);

/* Recomputes what derives from the parameters. Errors: MEMORY. */
int dime_network_refresh(struct dime_network_state *network);
/* Makes `to`, a network of the same shapes, a copy of `from`, with averaged parameters where asked, and
   refreshes it. Optimizer moments are left alone. Errors: MEMORY. */
int dime_network_copy(struct dime_network_state *to, const struct dime_network_state *from, int averaged);
/* The two halves of refresh, for callers that spread them over threads: scales of one layer, then values of
   input rows first .. last-1. magnitude: sum of |weight| of each output, between two steps, where the folded
   integers of batch normalisation are not wanted; NULL: everything from the weights. */
int dime_layer_refresh_scale(struct dime_network_state *network, uint32_t index, const double *magnitude);
/* 1 where a layer's scales change with every step. */
int dime_layer_scale_moves(const struct dime_network_state *network, uint32_t index);
void dime_layer_refresh_values(const struct dime_network_state *network, uint32_t index, uint32_t first,
                               uint32_t last);
/* New clipping values by the configured algorithm. */
int dime_network_update_clip(struct dime_network_state *network);

struct dime_weight_view dime_layer_view(const struct dime_train_layer *layer);
/* Spreads affine entries into rows for the kernels; ratio (may be NULL): multiplier * 2^-shift. */
void dime_affine_spread(const struct dime_affine *affine, uint8_t bias_shift, uint32_t outputs,
                        uint32_t padded, int32_t *row, float *ratio);
struct dime_affine_row dime_affine_rows(const int32_t *row, uint32_t padded);

/* ---- one chunk ---- */

/* Buffers of one layer for one chunk. A layer of maps has only its part of the batch statistics and gradients
   of parameters here, the first one also the pictures, the last one the gradient of what comes out of it. */
struct dime_chunk_layer {
    float *input;    /* N x Kp: integer activations (real ones with format None) */
    float *sums;     /* N x Mp: integer sums */
    float *positive; /* N x Mp: max(0, sum after affine), or BatchNorm's real output */
    float *gradient; /* N x Mp: d loss / d (sum after affine) */
    float *scaled;   /* N x Mp: gradient * ratio, where ratio is not 1 */
    float *unscale;  /* N: 2^-shift of ShiftNorm */
    float *inverse;  /* N: 1 / rms, 1 / mean or 1 / deviation of the row `positive` */
    float *centre;   /* N: mean of the row (LayerNorm) */

    /* BatchNorm, from this chunk's images; Mp each */
    float *batch_mean, *batch_variance, *inverse_deviation;
    int32_t *affine_row;
    struct dime_affine *affine; /* M */
    double unit;

    float *highest; /* Mp: largest entry of `positive` over the chunk's images, hidden layers only */

    /* results: gradients of the parameters */
    float *weight_gradient;                 /* K x Mp */
    float *gain_gradient, *offset_gradient; /* Mp */
};

/* The maps of a layer for one chunk; behind the last layer of maps one more, with the input alone. Within a
   chain C and M are 1: what one channel leaves, the next one overwrites. */
struct dime_chunk_map {
    float *input;    /* C x HW x L */
    int32_t *exact;  /* the same, where floats might not hold it, else NULL */
    float *sums;     /* M x OHW x L: integer sums; before ShiftNorm their positive part */
    int32_t *values; /* M x OHW x L: sums after the affine step, before ShiftNorm, or exact */
    float *gradient; /* M x OHW x L: d loss / d output, then / d sum */
    float *inverse, *centre, *unscale; /* L: as for a row of a fully connected layer */
};

struct dime_chunk {
    uint32_t count; /* N <= DIME_CHUNK_MOST */
    struct dime_chunk_layer layers[DIME_MAX_LAYERS];
    /* Maps go through the network in groups of images: of one lane vector where there is a chain, else of
     * all. */
    struct dime_chunk_map groups[DIME_CHUNK_MOST / DIME_LANES][DIME_MAX_LAYERS];
    struct dime_chunk_map *maps;           /* of the present group */
    uint32_t first, images;                /* of the present group */
    uint32_t lanes;                        /* L: images, padded to DIME_LANES */
    int8_t *bytes;                         /* scratch of the whole product */
    int32_t *input_pairs, *gradient_pairs; /* scratch of the whole gradient */
    float *gradient_unit;                  /* likewise */
    float *mask;                           /* L: 1 for an image, 0 for none */
    float *input_scale;                    /* N: real size of one unit of the last layer's input */
    float *logit_unit;                     /* N: real size of one unit of the logits (quantized only) */
    int32_t *logits;                       /* N x Mp of the last layer, integer (quantized only) */
    float *real_logits;                    /* N x Mp of the last layer */
    float *soft;                           /* N x Mp: the teachers' probabilities; NULL without teachers */
    float *tempered;                       /* N x Mp: logits / temperature, then their softmax */
    uint8_t labels[DIME_CHUNK_MOST];
    uint8_t predictions[DIME_CHUNK_MOST];
    double loss; /* summed over images */
    uint32_t correct;
    uint64_t active, activations; /* hidden activations that are not zero, of how many */
    struct dime_phases phases;    /* since the chunk was made */
    void *memory;
};

int dime_chunk_create(struct dime_chunk *chunk, const struct dime_network_state *network, int with_gradients);
void dime_chunk_free(struct dime_chunk *chunk);

/* From chunk->layers[0].input (count rows) to predictions, loss and logits. training: batch normalisation
   uses the chunk's statistics, otherwise the folded running ones. */
void dime_chunk_forward(const struct dime_network_state *network, struct dime_chunk *chunk, int training);
/* What the batch normalisation kernels want to know of one layer. */
struct dime_batch_norm dime_batch_norm_rows(const struct dime_network_state *network,
                                            const struct dime_chunk *chunk, uint32_t index,
                                            const struct dime_affine_row *affine);
/* Gradients of the summed loss. Call after a training forward pass. */
void dime_chunk_backward(const struct dime_network_state *network, struct dime_chunk *chunk);
/* Factor from layer->weight_gradient (kept in integer units) to the gradient of the real weights. */
double dime_weight_gradient_scale(const struct dime_network_state *network, uint32_t layer);

#endif
