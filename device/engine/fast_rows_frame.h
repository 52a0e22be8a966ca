/* SPDX-License-Identifier: MIT */
/* What the assembly files of the row kernels share: the frame of dime_rows_add, from sp, and the fields of
   struct dime_rows (fast_rows.h). */
#ifndef DIME_FAST_ROWS_FRAME_H
#define DIME_FAST_ROWS_FRAME_H

#define ROWS_WORDS 0
#define ROWS_FLUSH 4
#define ROWS_INPUTS 8
#define ROWS_STRIDE 10
#define ROWS_OUTPUTS 18

#define RA 0
#define S0 4
#define S1 8
#define WIDE 12     /* where the sums are */
#define OFFSET 16   /* see dime_rows_add */
#define END 20      /* of the activations that fill words */
#define SUM 24      /* of the activations */
#define FLUSH 28    /* function that adds up a bucket */
#define FIRST 32    /* first slot of bucket 0 */
#define ROW 36      /* of the first activation of the present word */
#define NEXT 40     /* saved s0 */
#define VALUES 44   /* saved a1 */
#define PRESENT 48  /* saved a0 */
#define STRIDE 52   /* saved tp */
#define BIT 56      /* of the bucket that is being added up */
#define RETURN 60   /* for the functions that add up */
#define TARGET 64   /* likewise */
#define SHIFT 68    /* likewise */
#define START 72    /* likewise */
#define BACK 76     /* likewise */
#define POINTERS 80 /* of the 8 buckets */
#define BUCKETS 112 /* 8 of 32 bytes, and an end mark, from the next multiple of 32 on */
#define FRAME 400   /* 112 + 16 to align + 258, a multiple of 16 */

#endif
