/* SPDX-License-Identifier: MIT */
/* The integer network: weight formats, layers, inference. docs/quantization.md is its specification.
   Dimension letters: K inputs of a layer, M outputs of a layer. Freestanding: no malloc, no libc, no floating
   point, and no multiplication that a chip without multiplier would have to call a library for in a fast
   kernel. */
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
    DIME_REQUANTIZE_NONE,  /* last layer: raw sums, for arg-max */
};

/* One fully connected layer: acc[m] = sum over k of weight[m][k] * activation[k]. */
struct dime_layer {
    const struct dime_format *format;
    const void *weights;              /* M rows of dime_format_row_bytes(format, K), 4-byte aligned */
    const struct dime_affine *affine; /* M entries, or NULL */
    uint16_t inputs;                  /* K, 1..65535 */
    uint16_t outputs;                 /* M, 1..65535 */
    uint8_t requantize;               /* enum dime_requantize */
    uint8_t activation_bits;          /* 2..8: outputs are 0 .. 2^(bits-1) - 1 */
    uint8_t centre;                   /* 1: subtract the rounded mean of the outputs (LayerNorm) */
    uint8_t bias_shift;               /* 0..9 */
};

struct dime_network {
    const struct dime_layer *layers; /* outputs of one layer are the inputs of the next */
    uint8_t layer_count;             /* 1..255 */
    uint16_t widest;                 /* largest M of any layer: size of both scratch buffers */
};

/* Classifies one image.
   input:       K of the first layer, -127..127, in the network's input encoding
   sums:        scratch, network->widest entries; holds the logits of the last layer afterwards
   activations: scratch, network->widest entries
   Returns the index of the largest logit, the lowest index on a tie. */
uint32_t dime_network_infer(const struct dime_network *network, const int8_t *input, int32_t *sums,
                            int8_t *activations);

/* The steps of dime_network_infer, for tests and for callers that look inside. */
void dime_layer_sums(const struct dime_layer *layer, const int8_t *activations, int32_t *sums);
void dime_layer_requantize(const struct dime_layer *layer, int32_t *sums, int8_t *activations);
/* ShiftNorm's shift: the least s >= 0 with (largest >> s) <= 2^(bits-1) - 1; 0 when largest < 0. */
uint32_t dime_shift_norm_shift(int32_t largest, uint32_t activation_bits);
uint32_t dime_argmax(const int32_t *sums, uint32_t count);

#endif
