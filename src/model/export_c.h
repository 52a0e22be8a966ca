/* SPDX-License-Identifier: MIT */
/* A model as a folder of C that stands alone: model.c and model.h, the engine with the weight formats in use,
   the library interface dime_model.c and .h, and a main.c that runs the network on test pictures. */
#ifndef DIME_MODEL_EXPORT_C_H
#define DIME_MODEL_EXPORT_C_H

#include <stdint.h>

#include "model/conv_stage.h"
#include "model/model.h"

#define DIME_EXPORT_MOST_PICTURES 1000

/* Test pictures of the network's input size, S x S. */
struct dime_export_pictures {
    uint32_t count;                 /* 1..DIME_EXPORT_MOST_PICTURES */
    const uint8_t *grey;            /* count x S x S grey levels */
    const uint8_t *labels;          /* count, below the model's classes */
    const char *const *class_names; /* of a model that has no names itself; or NULL: numbers */
    const char *source;             /* where they are from, for a comment: "mnist test set" */
};

/* What was written. */
struct dime_export_summary {
    uint32_t files;
    uint32_t weight_bytes;  /* packed weights and affine tables */
    uint32_t scratch_bytes; /* both scratch buffers of the engine */
    uint32_t right;         /* test pictures that the network classifies as labelled */
};

/* Writes the folder, whole or not at all (see export_folder.h). name: the model's, for macros and comments.
   pictures NULL leaves out main.c and the test pictures. The same model gives the same bytes. summary may be
   NULL. Errors: UNSUPPORTED (format None; inputs are not a square of input_size), MALFORMED (a label that is
   no class), IO, MEMORY. */
int dime_export_c(const struct dime_model *model, const char *name,
                  const struct dime_export_pictures *pictures, const char *folder,
                  struct dime_export_summary *summary);

/* The model for the firmware of a chip: as dime_export_c without pictures, but with weights in the
   layouts of the fast kernels, device/engine/fast_*.h, which have to be compiled with it. Convolutions become
   code, as many as fit `code_room` bytes; *convolutions, which may be NULL, says which. Errors: as
   dime_export_c. */
int dime_export_chip(const struct dime_model *model, const char *name, const struct dime_chip *chip,
                     uint32_t code_room, const char *folder, struct dime_conv_plan *convolutions);

/* Which layers become code and tables within so many bytes, as dime_export_chip decides. Errors: UNSUPPORTED,
   MEMORY. */
int dime_export_chip_plan(const struct dime_model *model, const struct dime_chip *chip, uint32_t code_room,
                          struct dime_conv_plan *convolutions);

/* Bytes of RAM that inference needs beside its input: both scratch buffers. */
uint32_t dime_model_scratch_bytes(const struct dime_model *model);

/* malloc'ed name of a model from its path: the run folder's name, or the file's without .safetensors; NULL
   when out of memory. */
char *dime_model_name_of_path(const char *path);

#endif
