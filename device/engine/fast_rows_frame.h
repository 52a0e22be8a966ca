/* SPDX-License-Identifier: MIT */
/* What the assembly files of the row kernels share: the frame of dime_rows_run, from sp, and the fields of
   struct dime_layer (engine.h), struct dime_fast (fast.h) and struct dime_fast_rows (fast_rows.h). */
#ifndef DIME_FAST_ROWS_FRAME_H
#define DIME_FAST_ROWS_FRAME_H

#ifdef DIME_ENGINE_LEAN /* without format and weights */
#define LAYER_FAST 4
#define LAYER_INPUTS 8
#define LAYER_OUTPUTS 10
#else
#define LAYER_FAST 12
#define LAYER_INPUTS 16
#define LAYER_OUTPUTS 18
#endif
#define FAST_FINISH 4
#define ROWS_WORDS 8
#define ROWS_FLUSH 12
#define ROWS_STRIDE 16
#define ROWS_OUTPUTS 18
#define ROWS_TOTALS 20
#define ROWS_CORRECT 24
#define ROWS_SCALE 28
#define ROWS_MIDDLE_BITS 29
#define ROWS_MIDDLE_LESS 30
#define ROWS_LOW_BITS 31

#define RA 0
#define S0 4
#define S1 8
#define LAYER 12       /* the arguments */
#define WIDE 16        /* where the sums are */
#define ACTIVATIONS 20 /* that come out */
#define BACKGROUND 24  /* four activations c */
#define OFFSET 28      /* four times 128 + c */
#define END 32         /* of the activations that fill words */
#define TAIL 36        /* mask of those behind */
#define SUM 40         /* of the activations - c */
#define FLUSH 44       /* function that adds up a bucket */
#define FIRST 48       /* first slot of bucket 0 */
#define ROW 52         /* of the first activation of the present word */
#define NEXT 56        /* saved s0 */
#define VALUES 60      /* saved a1 */
#define PRESENT 64     /* saved a0 */
#define STRIDE 68      /* of rows */
#define BIT 72         /* of the bucket that is being added up */
#define RETURN 76      /* for the functions that add up */
#define TARGET 80      /* likewise */
#define SHIFT 84       /* likewise */
#define START 88       /* likewise */
#define BACK 92        /* likewise */
#define LOW_BITS 96    /* of activations, in the first set of lanes */
#define POINTERS 100   /* of the 8 buckets */
#define BUCKETS 132    /* 8 of 32 bytes, and an end mark, from the next multiple of 32 on */
#define FRAME 420      /* 132 + 28 to align + 258, a multiple of 4 */

#endif
