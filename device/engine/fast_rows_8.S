/* SPDX-License-Identifier: MIT */
/* Adds up the rows of a bucket, eight words of eight 4-bit weights each: the registers hold the sums of four
   words, so the bucket is gone through twice. Or four or two words, for narrower layers beside such. */
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
    lw a1, RETURN(sp)
    sw a1, BACK(sp)
    j .Lspread
.Lhalf: /* returns to a1 */
    sw a1, BACK(sp)
    add_bucket 0, 4
    lw s0, TARGET(sp)
.Lspread:
    lw a2, SHIFT(sp)
    li a0, 0x00FF00FF
    spread_word 64, a5, ra
    spread_word 96, t0, tp
.Lspread_first:
    spread_first 2
    lw ra, BACK(sp)
    ret
    .size dime_rows_flush_8, . - dime_rows_flush_8

    .section .text.dime_rows_half, "ax", @progbits
    .global dime_rows_flush_8_half
    .type dime_rows_flush_8_half, @function
    .p2align 2
dime_rows_flush_8_half: /* begins in flash */
    begin_bucket
    mv a1, ra
    jump .Lhalf, s1
    .size dime_rows_flush_8_half, . - dime_rows_flush_8_half

    .section .text.dime_rows_quarter, "ax", @progbits
    .global dime_rows_flush_8_quarter
    .type dime_rows_flush_8_quarter, @function
    .p2align 2
dime_rows_flush_8_quarter: /* runs from flash, but for its end */
    begin_bucket
    sw ra, BACK(sp)
    li a0, 0x0F0F0F0F
    lhu s0, 0(a2)
    take_row 0, 2
    j 2f
    .p2align 2
1:  add_row 0, 2
2:  addi a2, a2, 2
    lhu s0, 0(a2)
    bnez s0, 1b
    li a0, 0x00FF00FF
    lw s0, TARGET(sp)
    lw a2, SHIFT(sp)
    jump .Lspread_first, s1
    .size dime_rows_flush_8_quarter, . - dime_rows_flush_8_quarter
