/* SPDX-License-Identifier: MIT */
/* The C headers that BitNetMCU (https://github.com/cpldcpu/BitNetMCU, exportquant.py) exchanges networks
 * with. */
#ifndef DIME_MODEL_BITNETMCU_H
#define DIME_MODEL_BITNETMCU_H

#include <stddef.h>
#include <stdint.h>

#include "model/model.h"

/* What a header does not say. */
struct dime_bitnetmcu_options {
    uint32_t input_size;      /* height and width of the picture; 0: the square root of the inputs */
    int input_encoding;       /* enum dime_input_encoding; -1: binary for 784 inputs, else mean-subtracted */
    uint32_t input_threshold; /* of binary input; 0: 73, as the networks with 784 inputs were trained */
};

/* The enum dime_input_encoding of a name, or -1. */
int dime_bitnetmcu_encoding(const char *name);

/* Reads a header of at most 64 MiB into a model that has only its integer part. Lines that
   dime_bitnetmcu_write adds give the input size, encoding and threshold where `options` (NULL: none) does
   not. Errors: IO, MALFORMED and UNSUPPORTED with "FILE:LINE: ...", CONFIG, MEMORY. */
int dime_bitnetmcu_read(const char *path, const struct dime_bitnetmcu_options *options,
                        struct dime_model *model);
/* The same from memory; `name` is used in messages. */
int dime_bitnetmcu_parse(const char *name, const char *text, size_t size,
                         const struct dime_bitnetmcu_options *options, struct dime_model *model);

/* Writes a BitNetMCU_model.h that BitNetMCU's own C code runs with the same results as our engine.
   UNSUPPORTED where it cannot: NF4, PoT3, 5bitsym, float weights, PerOutput, BatchNorm, LayerNorm,
   activations of other than 8 bits, other than 3 or 4 layers, other convolutions than CNNMNIST's on 16x16
   pixels with three fully connected layers, rows of weights that do not fill 32-bit words. Other errors: IO,
   MEMORY, MALFORMED. */
int dime_bitnetmcu_write(const struct dime_model *model, const char *path);

#endif
