/* SPDX-License-Identifier: MIT */
/* A model and an application become the image of a chip. The sources are carried inside the program; the
   compiler is the distribution's. */
#ifndef DIME_FIRMWARE_BUILD_H
#define DIME_FIRMWARE_BUILD_H

#include <stdint.h>

#include "firmware/space.h"
#include "firmware/stack.h"
#include "model/activity.h"
#include "model/chip_cost.h"
#include "model/export_c.h"

struct dime_firmware_app {
    const char *name;    /* "demo": its source is demo.c */
    const char *summary; /* one line */
    int has_pictures;    /* 1: shows built-in pictures */
    int has_no_model;    /* 1: the network is on another chip */
    int has_vision;      /* 1: takes any picture where there is room for that, else only prepared ones */
    /* 1: application and drivers are optimized as one where the compiler can (LTO). Not where they have
       pointers to functions: the stack's analysis knows these by name, which may change. */
    int is_whole;
    const char *define; /* for the preprocessor, or NULL */
};
/* Ends with a NULL name. */
extern const struct dime_firmware_app dime_firmware_apps[];
const struct dime_firmware_app *dime_firmware_app_find(const char *name); /* NULL: unknown */

/* Where the network's inner loops run. */
enum dime_code_place { DIME_CODE_FLASH, DIME_CODE_RAM, DIME_CODE_AUTO };

/* What computes the network: kernels for the chip where there are some; or the reference, which is slow and
   small; or the reference with faster dot products for some formats, which is as small. */
enum dime_kernels { DIME_KERNELS_AUTO, DIME_KERNELS_FAST, DIME_KERNELS_REFERENCE, DIME_KERNELS_COMPACT };

/* What gives way to the other. AUTO: the fastest that fits with pictures and vision as they are, where one
   does. SPEED: the fastest of all that fit, with pictures in fewer levels or fewer of them, or without
   vision. SIZE: what takes least flash. */
enum dime_trade { DIME_TRADE_AUTO, DIME_TRADE_SPEED, DIME_TRADE_SIZE };

struct dime_firmware_settings {
    const struct dime_firmware_app *app;
    const struct dime_chip *chip;   /* NULL: the first of dime_chips */
    const struct dime_model *model; /* NULL only for an application without */
    const char *model_name;
    uint32_t input_size; /* of such an application: that of the model on the other chip */
    const struct dime_export_pictures *pictures; /* NULL for an application without */
    const char *elf;                             /* file to write: NAME.elf */
    uint32_t baud;                               /* of the serial line */
    enum dime_code_place code;                   /* AUTO: the fastest that fits */
    enum dime_kernels kernels;                   /* likewise */
    enum dime_trade trade;                       /* likewise */
    enum dime_trade compiled;                    /* for SPEED or SIZE whatever the trade; AUTO: no matter */
    uint32_t code_room; /* bytes of flash for convolutions as code; set by dime_firmware_build */
    uint32_t picture_bits, picture_count; /* form of the pictures, pictures.h; likewise */
    const struct dime_activity *activity; /* of the model, for predictions; NULL: not known */
    int print_swio;                       /* 1: text leaves by the programmer's single wire */
    int once;                             /* 1: the demo ends after the last picture */
    int prepared_only;                    /* 1: without its own vision, even where that would fit */
};

/* One way to build the image. */
struct dime_firmware_candidate {
    enum dime_kernels kernels;
    enum dime_code_place code;
    enum dime_trade trade;
    int prepared_only;                            /* 1: without vision, which takes 4 KB of flash */
    uint32_t picture_bits;                        /* of a built-in pixel; 0 without pictures */
    uint32_t picture_count;                       /* of the first of them; 0: none */
    uint32_t code_bytes;                          /* of convolutions as code */
    uint32_t flash_bytes, ram_bytes, stack_bytes; /* of the linked program; 0: not built */
    int fits;
    const struct dime_chip *chip;
    uint64_t cycles; /* predicted, of one inference; 0: not known */
};
#define DIME_FIRMWARE_MOST_CANDIDATES 64

struct dime_firmware_report {
    const struct dime_chip *chip;
    char *elf, *bin, *hex; /* files; NULL where nothing was written */
    char *sources;         /* folder of the sources, for debuggers and readers */
    char *compiler;        /* "riscv64-unknown-elf-gcc ... 12.2.0" */
    uint32_t flash_bytes, ram_bytes;
    int fits;
    enum dime_code_place code; /* what was chosen */
    enum dime_kernels kernels;
    int prepared_only; /* 1: built without vision, which takes 4 KB of flash */
    enum dime_trade trade;
    int is_smallest;                    /* 1: least flash was asked for */
    int is_asked;                       /* 1: kernels or the place of code were asked for */
    struct dime_conv_plan convolutions; /* which of them are code */
    struct dime_stack_depth stack;
    struct dime_space space;
    /* All that were built, in that order: the last one was taken. */
    struct dime_firmware_candidate candidates[DIME_FIRMWARE_MOST_CANDIDATES];
    uint32_t candidate_count;
};

/* The chip that the image is for. */
const struct dime_chip *dime_firmware_chip(const struct dime_firmware_settings *settings);

/* ---- words (plan_text.c) ---- */

/* "fast kernels, inner loops in RAM, compiled for speed" */
void dime_firmware_plan_text(const struct dime_firmware_candidate *plan, char *text, size_t room);
/* "fits", or "316 bytes of flash too many" */
void dime_firmware_verdict_text(const struct dime_firmware_candidate *plan, char *text, size_t room);
/* Why the last candidate was taken: "the fastest that fits; ..., 1203 cycles, has 316 bytes of flash too
 * many"
 */
void dime_firmware_why_text(const struct dime_firmware_report *report, char *text, size_t room);
/* Writes NAME.elf, NAME.bin, NAME.hex and the folder NAME.sources. An image that does not fit is measured,
   but not written: the result is then DIME_ERROR_UNSUPPORTED, and the report holds what takes the space. Free
   the report in every case. Errors: UNSUPPORTED (no cross compiler, does not fit, stack without bound), IO
   (the compiler failed: the message has its first error), MEMORY, and those of dime_export_c. */
int dime_firmware_build(const struct dime_firmware_settings *settings, struct dime_firmware_report *report);
/* What is or was built, for model/chip_cost.h; valid as long as the convolutions or the report. */
struct dime_chip_build dime_firmware_cost_build_of(const struct dime_chip *chip, enum dime_kernels kernels,
                                                   enum dime_code_place code, enum dime_trade trade,
                                                   const struct dime_conv_plan *convolutions);
struct dime_chip_build dime_firmware_cost_build(const struct dime_firmware_report *report);
void dime_firmware_report_free(struct dime_firmware_report *report);

#endif
