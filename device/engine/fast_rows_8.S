/* SPDX-License-Identifier: MIT */
/* Adds up the rows of a bucket, eight words of eight 4-bit weights each: the registers hold the sums of four
   words, so the bucket is gone through twice. Or four words, for narrower layers beside such. */
#include "fast_rows_words.inc"

    .section .text.dime_rows_flush_8, "ax", @progbits
    .global dime_rows_flush_8
    .type dime_rows_flush_8, @function
    .p2align 2
dime_rows_flush_8: /* a0 bit, a1 bucket; returns to ra; changes everything but gp and sp */
    sw a1, START(sp)
    begin_bucket
    jal a1, .Lhalf
    lw a2, START(sp)
    add_bucket 16, 4
    lw s0, TARGET(sp)
    addi s0, s0, 128
    jal a1, .Lspread
    lw ra, RETURN(sp)
    ret
    .size dime_rows_flush_8, . - dime_rows_flush_8

    .global dime_rows_flush_8_half
    .type dime_rows_flush_8_half, @function
dime_rows_flush_8_half:
    begin_bucket
    jal a1, .Lhalf
    lw ra, RETURN(sp)
    ret
    .size dime_rows_flush_8_half, . - dime_rows_flush_8_half

.Lhalf:
    sw a1, BACK(sp)
    add_bucket 0, 4
    lw s0, TARGET(sp)
    lw a1, BACK(sp)
.Lspread:
    sw a1, BACK(sp)
    lw a2, SHIFT(sp)
    spread_row 4
    lw ra, BACK(sp)
    ret
