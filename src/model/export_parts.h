/* SPDX-License-Identifier: MIT */
/* What the parts of the export share. Private to export_c.c and export_*.c. */
#ifndef DIME_MODEL_EXPORT_PARTS_H
#define DIME_MODEL_EXPORT_PARTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/version.h"
#include "model/conv_stage.h"
#include "model/export_c.h"
#include "model/export_folder.h"
#include "model/model.h"

#define DIME_EXPORT_GENERATOR "dime " DIME_VERSION
#define DIME_EXPORT_MOST_FILES 64

/* One text file that grows in memory. */
struct dime_export_text {
    FILE *stream;
    char *bytes;
    size_t size;
};

struct dime_export {
    const struct dime_model *model;
    const char *name;
    const struct dime_export_pictures *pictures;
    struct dime_runtime runtime;
    struct dime_export_text model_h, model_c, pictures_h, pictures_c;
    const struct dime_chip *chip; /* weights in the layouts of its fast kernels, or as code; NULL: the
                                     reference */
    uint32_t code_room;           /* bytes that convolutions may take as code */
    struct dime_conv_plan convolutions;
    struct dime_export_text model_s; /* their code */
    struct dime_export_file files[DIME_EXPORT_MOST_FILES];
    uint32_t file_count;
    struct dime_export_summary summary;
};

/* Opening and closing fail with MEMORY; free is for opened, closed and zeroed ones. */
int dime_export_no_memory(const struct dime_export *export); /* sets the error and returns it */
int dime_export_text_open(const struct dime_export *export, struct dime_export_text *text);
int dime_export_text_close(const struct dime_export *export, struct dime_export_text *text);
void dime_export_text_free(struct dime_export_text *text);

/* A C string literal: quotes, backslashes and `?` (trigraphs) escaped, other bytes than printable ASCII as
   octal. */
void dime_export_print_literal(FILE *stream, const char *string);
/* Text inside a comment: other bytes than printable ASCII, and what could end the comment or form a trigraph,
   become '_'. */
void dime_export_print_plain(FILE *stream, const char *string);
/* The first line of each file. */
void dime_export_print_origin(const struct dime_export *export, FILE *stream);

/* The files themselves, into the text of that name. Errors: MEMORY; model.c with the chip's code: those of
   conv_stage.h. */
int dime_export_make_model_h(struct dime_export *export); /* export_model_h.c: names and sizes */
int dime_export_make_model_c(
    struct dime_export *export); /* export_model_c.c: weights and layers; also model_s */
int dime_export_make_pictures(struct dime_export *export); /* export_pictures.c: test_pictures.h and .c */
/* Errors: MALFORMED, a label that is no class. */
int dime_export_check_pictures(const struct dime_export *export);

/* The layout of a layer's weights, and how a layer of maps runs (DIME_CONV_REFERENCE for all others). */
enum dime_layout dime_export_layout(const struct dime_export *export, uint32_t index);
enum dime_conv_method dime_export_method(const struct dime_export *export, uint32_t index);

#endif
