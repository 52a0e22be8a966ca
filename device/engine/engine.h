/* SPDX-License-Identifier: MIT */
/* The integer network: weight formats, layers, inference. docs/quantization.md is its specification.
   Dimension letters: K inputs of a layer (weights of one row), M outputs of a layer (rows), C channels, H
   height, W width. Freestanding: no malloc, no libc, no floating point, and no multiplication that a chip
   without multiplier would have to call a library for in a fast kernel. */
#ifndef DIME_ENGINE_H
#define DIME_ENGINE_H

#include <stddef.h>
#include <stdint.h>

/* One weight format. Weights are stored row by row, a row for each output. Formats of a whole number of bits
   put the first weight into the topmost bits of the first 32-bit word and continue towards lower bits, across
   word boundaries where the width does not divide 32; each row starts at a new word. Ternary packs ten
   weights into a 16-bit word in base 3; each row starts at a new 16-bit word. Words are in native byte order.
 */
struct dime_format {
    const char *name;                /* "4bitsym" */
    uint8_t code_bits;               /* bits of one weight's code, 1..8; 2 for Ternary before packing */
    uint8_t row_alignment;           /* bytes a row is a multiple of: 4, or 2 for Ternary */
    int16_t largest;                 /* greatest absolute weight value, 1..255 */
    uint16_t codes;                  /* number of codes, 2..256 */
    int16_t (*value)(uint32_t code); /* code 0..codes-1 to weight value */
    /* Dot product of a packed row with K activations. Bound: |sum| <= K * largest * 127 must be below 2^24
       (checked when a network is built), so an int32_t cannot overflow. */
    int32_t (*dot)(const void *row, const int8_t *activations, uint32_t inputs);
};

extern const struct dime_format dime_format_binary;    /* -1, +1; threshold at the mean of the tensor */
extern const struct dime_format dime_format_binarysym; /* -1, +1; threshold at zero; same codes as Binary */
extern const struct dime_format dime_format_ternary;   /* -1, 0, +1 */
extern const struct dime_format dime_format_2bitsym;   /* -3, -1, +1, +3, sign and magnitude */
extern const struct dime_format dime_format_4bit;      /* -8 .. 7, two's complement */
extern const struct dime_format dime_format_4bitsym;   /* odd -15 .. 15, sign and magnitude */
extern const struct dime_format dime_format_5bitsym;   /* odd -31 .. 31, sign and magnitude */
extern const struct dime_format dime_format_8bit;      /* -128 .. 127, two's complement */
extern const struct dime_format dime_format_fp130;     /* sign * 2^(0..7) */
extern const struct dime_format dime_format_nf4;       /* 16 NormalFloat levels times 127, rounded */
extern const struct dime_format dime_format_pot3;      /* 0, +-1, +-2, +-4; sign and power, 3 bits */

/* Bytes of one packed row of `inputs` weights. */
uint32_t dime_format_row_bytes(const struct dime_format *format, uint32_t inputs);

/* Packs `inputs` codes into a row of dime_format_row_bytes() bytes, aligned to row_alignment; unused bits are
 * 0. */
void dime_format_pack(const struct dime_format *format, const uint8_t *codes, uint32_t inputs, void *row);
/* The code of weight `index` of a packed row. */
uint32_t dime_format_code(const struct dime_format *format, const void *row, uint32_t index);

/* Per-output scale and bias, used by WScale PerOutput and by folded batch normalisation:
       v = ((acc + (bias << bias_shift)) * multiplier + (1 << shift >> 1)) >> shift
   with multiplier 0 (output switched off) or 32..63, so six shifted additions replace the multiplication.
   Bound: |acc| < 2^24 and |bias << bias_shift| < 2^24, so |(acc + bias) * 63| + rounding (<= 2^24) < 2^31.
 */
struct dime_affine {
    int16_t bias;
    uint8_t multiplier; /* 0, 32..63 */
    uint8_t shift;      /* 0..25 */
};

enum dime_requantize {
    DIME_REQUANTIZE_SHIFT, /* ShiftNorm: shift by as many bits as the largest output of this image needs */
    DIME_REQUANTIZE_FIXED, /* the affine step already gives activation units; only clamp (BatchNorm) */
    DIME_REQUANTIZE_NONE,  /* last layer: raw sums, for arg-max; pooling: values pass as they are */
    DIME_REQUANTIZE_WIDE,  /* max(0, v) >> DIME_WIDE_SHIFT, 32 bits, no clamp (BitNetMCU's convolutions) */
};
#define DIME_WIDE_SHIFT 4

enum dime_layer_kind {
    DIME_LAYER_FC,        /* fully connected */
    DIME_LAYER_CONV2D,    /* every output channel sees every input channel; K = C * kernel * kernel */
    DIME_LAYER_DEPTHWISE, /* output channel m sees input channel m alone; M = C, K = kernel * kernel */
    DIME_LAYER_MAX_POOL,  /* M = C, no weights, K = 0 */
    DIME_LAYER_AVG_POOL,  /* M = C, no weights, K = 0; rounded half up */
};

/* One layer. Fully connected: acc[m] = sum over k of weight[m][k] * activation[k].
   The other kinds turn maps, C x H x W activations stored channel by channel and row by row, into M x OH x
   OW: acc[m][y][x] = sum over c, i, j of weight[m][c][i][j] * activation[c][y * stride - padding + i][...]
   with 0 outside the maps. A fully connected layer behind maps takes them in that same order. Layers of maps
   come first, the last layer is fully connected.

   DIME_ENGINE_LEAN: defined for all files of a program whose layers are all fully connected and have fast
   kernels; what such layers have no use for takes no flash then. DIME_ENGINE_NO_MAPS: for all files that know
   a layer's fields, where all are fully connected. */
struct dime_layer {
#ifndef DIME_ENGINE_LEAN
    const struct dime_format *format; /* NULL for pooling */
    const void *weights;              /* M rows of dime_format_row_bytes(format, K), 4-byte aligned */
#endif
    const struct dime_affine *affine; /* M entries, or NULL */
    const struct dime_fast *fast; /* NULL: the reference; else fast.h, and format and weights are unused */
    uint16_t inputs;              /* K, 1..65535; 0 for pooling */
    uint16_t outputs;             /* M, 1..65535: outputs, or channels that come out */
    uint8_t requantize;           /* enum dime_requantize */
    uint8_t activation_bits;      /* 2..8: outputs are 0 .. 2^(bits-1) - 1 */
    uint8_t centre;               /* 1: subtract the rounded mean of the outputs (LayerNorm) */
    uint8_t bias_shift;           /* 0..9 */

#if !defined DIME_ENGINE_LEAN && !defined DIME_ENGINE_NO_MAPS
    /* Layers of maps only: */
    uint8_t kind;                  /* enum dime_layer_kind */
    uint8_t kernel;                /* 1..16: height and width of the kernel, or of the pooled window */
    uint8_t stride;                /* 1..16, in both directions; pooling: at most `kernel` */
    uint8_t padding;               /* 0..kernel-1 rows and columns of zeros on each side; pooling: 0 */
    uint16_t channels;             /* C that go in, 1..4096 */
    uint8_t height, width;         /* H, W that go in, 1..64 */
    uint8_t out_height, out_width; /* OH = (H + 2 padding - kernel) / stride + 1, OW likewise */
#endif
};

struct dime_network {
    const struct dime_layer *layers; /* outputs of one layer are the inputs of the next */
    uint8_t layer_count;             /* 1..255 */
    uint16_t widest;                 /* largest M of any fully connected layer */

    /* May be left out where every layer is fully connected, so that such firmware carries nothing of it: */
    uint8_t map_count;    /* leading layers that are not fully connected */
    uint32_t sums;        /* entries of the scratch buffer `sums`; at least `widest` */
    uint32_t activations; /* bytes of the scratch buffer `activations`; at least `widest` */
    /* Runs the layers of maps: dime_maps_run, or a faster equal. Returns the activations for the first fully
       connected layer, which may lie anywhere in `activations`. */
    const int8_t *(*maps)(const struct dime_network *network, const int8_t *input, int32_t *sums,
                          int8_t *activations);
};

/* Classifies one image.
   input:       K of the first layer (or C x H x W), -127..127, in the network's input encoding; 4-byte
                aligned, like the others, for fast kernels
   sums:        scratch, network->widest entries, or network->sums where there are maps; holds the logits of
   the last layer afterwards activations: scratch, network->widest bytes, or network->activations where there
   are maps Returns the index of the largest logit, the lowest index on a tie. */
uint32_t dime_network_infer(const struct dime_network *network, const int8_t *input, int32_t *sums,
                            int8_t *activations);

/* The reference for network->maps: each layer of maps with the pooling behind it, one pooled value at a time.
 */
const int8_t *dime_maps_run(const struct dime_network *network, const int8_t *input, int32_t *sums,
                            int8_t *activations);

/* What dime_network_infer needs with dime_maps_run, computed from the layers and map_count (map_count 0: all
   `widest`): entries of `sums`, bytes of `activations`. For whoever builds a network; the chip has no use for
   it. */
struct dime_scratch {
    uint32_t sums, activations;
};
struct dime_scratch dime_network_scratch(const struct dime_network *network);

/* The steps of dime_network_infer, for tests and for callers that look inside. */
void dime_layer_sums(const struct dime_layer *layer, const int8_t *activations, int32_t *sums);
void dime_layer_requantize(const struct dime_layer *layer, int32_t *sums, int8_t *activations);
/* ShiftNorm's shift: the least s >= 0 with (largest >> s) <= 2^(bits-1) - 1; 0 when largest < 0. */
uint32_t dime_shift_norm_shift(int32_t largest, uint32_t activation_bits);
uint32_t dime_argmax(const int32_t *sums, uint32_t count);

#endif
