/* SPDX-License-Identifier: MIT */
/* How long an inference takes on the chip, without running it: for each layer its kernel's work, counted from
   the layer's shape and its activity, times what a unit of that work costs. These constants are measured on
   the simulated chip by `make calibrate-chip`, which writes chip_costs.c. */
#ifndef DIME_MODEL_CHIP_COST_H
#define DIME_MODEL_CHIP_COST_H

#include <stdint.h>

#include "model/activity.h"
#include "model/conv_stage.h"

/* What takes the time. Reference kernels and those behind them are for each weight format: kernel + format.
 */
enum dime_chip_kernel {
    DIME_CHIP_ENCODE,                      /* + enum dime_input_encoding: grey levels to inputs */
    DIME_CHIP_REST = DIME_CHIP_ENCODE + 4, /* of an inference by fast kernels: calls, the largest output */
    DIME_CHIP_REST_REFERENCE,              /* by the reference */
    DIME_CHIP_ROWS,                        /* fast_rows.h */
    DIME_CHIP_PARTS,                       /* fast_parts.h */
    DIME_CHIP_SLICES,                      /* fast_slices.h */
    DIME_CHIP_PLANES,                      /* fast_planes.h: fully connected layers */
    DIME_CHIP_PLACES,                      /* convolutions by them */
    DIME_CHIP_LOOKUP,                      /* fast_lookup.h: convolutions */
    DIME_CHIP_CODE,                        /* fast_code.h: small layers */
    DIME_CHIP_FLAGS,                       /* rows of inputs 0 and 1 */
    DIME_CHIP_PRODUCTS,                    /* rows that are multiplied */
    DIME_CHIP_PAIRS,                       /* fast_conv.h: convolutions by themselves */
    DIME_CHIP_POOLED,                      /* with 2x2 max pooling */
    DIME_CHIP_WIDE,                        /* a map at a time */
    DIME_CHIP_TABLE,                       /* + format: fast_table.h */
    DIME_CHIP_SUMS = DIME_CHIP_TABLE + DIME_FORMAT_COUNT,      /* + format: dime_layer_sums */
    DIME_CHIP_STAGE = DIME_CHIP_SUMS + DIME_FORMAT_COUNT,      /* + format: dime_stage_run */
    DIME_CHIP_DEPTHWISE = DIME_CHIP_STAGE + DIME_FORMAT_COUNT, /* + format: the same, depthwise */
    DIME_CHIP_DOT = DIME_CHIP_DEPTHWISE + DIME_FORMAT_COUNT,   /* + format: dime_layer_sums by fast_dot.S */
    DIME_CHIP_WRITTEN = DIME_CHIP_DOT + DIME_FORMAT_COUNT,     /* a map at a time, code written meanwhile */
    DIME_CHIP_KERNELS
};

/* Units of work. W: words of a row of weights, as they are added up. */
enum dime_chip_work {
    DIME_WORK_CALLS,
    DIME_WORK_LAYERS, /* fully connected; 1 of a layer in parts */
    DIME_WORK_INPUTS,
    DIME_WORK_WORDS,        /* groups of four inputs of which one is active */
    DIME_WORK_BYTES,        /* inputs of those up to the last that is active */
    DIME_WORK_HIGH,         /* inputs of 16 and more above the smallest */
    DIME_WORK_LOW,          /* inputs with one of the lowest four bits set */
    DIME_WORK_ACTIVE,       /* inputs that differ from the smallest */
    DIME_WORK_ACTIVE_WORDS, /* active inputs x W */
    DIME_WORK_FIVES,        /* groups of five active inputs */
    DIME_WORK_FIVE_WORDS,   /* those x W */
    DIME_WORK_BITS,         /* set bits of activations */
    DIME_WORK_BIT_PASSES,   /* rows in buckets x passes of up to four words */
    DIME_WORK_BIT_WORDS,    /* rows in buckets x W */
    DIME_WORK_FILLED,       /* buckets that became full */
    DIME_WORK_BUCKETS,      /* buckets that are added up, with those that did not: of 15 rows, or 16 */
    DIME_WORK_BUCKET_WORDS, /* buckets x W */
    DIME_WORK_FOUR_WORDS,   /* groups of four rows in buckets x W */
    DIME_WORK_EIGHT_WORDS,  /* groups of eight x W */
    DIME_WORK_DIGITS,       /* signed digits of activations */
    DIME_WORK_LEVELS,       /* signed digits x expected levels that a carry ripples through; planes: outputs x
                               bits of their sums beyond 16 */
    DIME_WORK_OFFSET,       /* inputs of a layer that has some below 0 */
    DIME_WORK_CORRECTIONS,  /* outputs x set bits of the smallest input */
    DIME_WORK_LANES,        /* 8 x W: outputs with those that fill the last word; planes: outputs whose sums
                               have more than 16 bits */
    DIME_WORK_OUTPUTS,
    DIME_WORK_SHIFTED,    /* outputs that go through ShiftNorm */
    DIME_WORK_SCALED,     /* outputs that go through an affine step */
    DIME_WORK_SCALE_BITS, /* set bits of their multipliers */
    DIME_WORK_CENTRED,    /* outputs whose mean is subtracted */
    DIME_WORK_POSITIVE,   /* outputs above 0 */
    DIME_WORK_PRODUCTS,
    DIME_WORK_NONZERO,          /* of which x is not 0 */
    DIME_WORK_FACTOR_LENGTHS,   /* digits of the second factors of multiplications */
    DIME_WORK_FACTOR_ONES,      /* bits set in them */
    DIME_WORK_FACTOR_NEGATIVES, /* those below 0 */
    DIME_WORK_WEIGHT_ZEROS,     /* products with w = 0 */
    DIME_WORK_GATHERED,         /* inputs that are copied to a patch */
    DIME_WORK_SETS,             /* of slices of 32 outputs, at each place */
    DIME_WORK_PLACES,           /* of a convolution; of the rest: stages of maps */
    DIME_WORK_SEEN,             /* pairs of places x channels of which one is not 0 */
    DIME_WORK_CODE,             /* cycles of generated code, as its instructions tell */
    DIME_WORK_FINISHES,         /* likewise, of what finishes sums above 0 */
    DIME_WORK_TESTS,            /* windows looked at whether they are blank */
    DIME_WORK_COPIES,           /* outputs that are copied for blank windows, or added to an earlier part's */
    DIME_WORK_MOVED,            /* rows that go to the bucket below instead */
    DIME_WORK_KINDS
};

/* How a program is built, as far as its time depends on it. */
struct dime_chip_build {
    const struct dime_chip *chip;
    int is_fast;                               /* 0: the reference */
    int in_ram;                                /* inner loops */
    int is_small;                              /* compiled for size: the kernels' inner loops are assembly,
                                                  the reference and what is around them is C */
    const struct dime_conv_plan *convolutions; /* of fast kernels: what is code; NULL: nothing */
    int is_compact;                            /* 1: the reference with the dot products of fast_dot.S */
};
/* 1 where fast_dot.S has the dot products of the format. */
int dime_format_has_dot(enum dime_format_id format);
/* By in_ram + 2 is_small. */
enum { DIME_CHIP_BUILDS = 4 };
uint32_t dime_chip_build_index(const struct dime_chip_build *build);

/* Measured cycles for each unit. */
extern const float dime_chip_costs[DIME_CHIP_KERNELS][DIME_CHIP_BUILDS][DIME_WORK_KINDS];

/* The work of one part of an inference. */
struct dime_chip_part {
    uint32_t layer; /* index; of a stage the first; the model's layer count: none */
    uint32_t kernel;
    double work[DIME_WORK_KINDS];
};
enum { DIME_CHIP_MOST_PARTS = DIME_MAX_LAYERS + 2 };

/* The parts in their order: encoding, stages and layers, the rest. Returns how many; 0 where the model does
   not run in the engine. */
uint32_t dime_chip_parts(const struct dime_model *model, const struct dime_activity *activity,
                         const struct dime_chip_build *build,
                         struct dime_chip_part parts[DIME_CHIP_MOST_PARTS]);
/* 1: its kernel has been measured, on that chip. */
int dime_chip_part_is_known(const struct dime_chip_part *part, const struct dime_chip_build *build);
double dime_chip_part_cycles(const struct dime_chip_part *part, const struct dime_chip_build *build);

/* 1 where costs have been measured on that chip: on the first of dime_chips alone. */
int dime_chip_has_costs(const struct dime_chip *chip);

/* Predicted cycles of one inference, 0 where a kernel has not been measured: from grey levels to the digit;
   without encoding them, from encoded inputs. */
double dime_chip_cycles(const struct dime_model *model, const struct dime_activity *activity,
                        const struct dime_chip_build *build, int with_encoding);

/* 1: the kernel's time depends on that work. */
int dime_chip_depends(uint32_t kernel, enum dime_chip_work work);

/* The kernel that does a kernel's work: of rows in parts that of rows. Its measurements tell what units cost,
   too. */
uint32_t dime_chip_worker(uint32_t kernel);

#endif
