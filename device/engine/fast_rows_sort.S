/* SPDX-License-Identifier: MIT */
/* Bit-serial sums for RV32EC: see fast_rows.h for the method and the layouts, and fast_rows.c for the same in
   C. This file sorts the rows of the inputs into buckets, one for each bit of the activations; fast_rows_8.S
   and its siblings add up the rows of a bucket.

   A bucket holds up to 15 addresses of rows, 16 bits each. It begins 2 bytes behind a multiple of 32 and is
   full when its pointer reaches the next one, where the end mark, a zero, lies. gp and sp stay as they are,
   for interrupts. */
#include "fast_rows_words.inc"

    .equ MOST_OFFSET, 31 /* DIME_ROWS_MOST_OFFSET */
    .equ FEW, 3 /* see MOST_MOVED in rows_layout.c */

    .macro load_pointers
    lw a2, POINTERS(sp)
    lw a3, POINTERS + 4(sp)
    lw a4, POINTERS + 8(sp)
    lw a5, POINTERS + 12(sp)
    lw t0, POINTERS + 16(sp)
    lw t1, POINTERS + 20(sp)
    lw t2, POINTERS + 24(sp)
    lw ra, POINTERS + 28(sp)
    .endm

    .macro save_pointers
    sw a2, POINTERS(sp)
    sw a3, POINTERS + 4(sp)
    sw a4, POINTERS + 8(sp)
    sw a5, POINTERS + 12(sp)
    sw t0, POINTERS + 16(sp)
    sw t1, POINTERS + 20(sp)
    sw t2, POINTERS + 24(sp)
    sw ra, POINTERS + 28(sp)
    .endm

    .section .text.dime_rows_run, "ax", @progbits
    .global dime_rows_run
    .type dime_rows_run, @function
    .p2align 2

/* void dime_rows_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations) */
dime_rows_run:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    sw a0, LAYER(sp)
    sw a2, WIDE(sp)
    sw a3, ACTIVATIONS(sp)

    /* a5: the smallest activation, c, or 0, if that is less. It is nearly always the first, a corner of the
       picture, or 0; where one that is less turns up, all begins anew with the smallest. */
    lhu t0, LAYER_INPUTS(a0)
    lw a4, LAYER_FAST(a0)
    add t0, t0, a1 /* the end */
    lb a5, 0(a1)
    lw a4, ROWS_TOTALS(a4)
    beqz a4, 1f
    bltz a5, .Lbegin
1:  li a5, 0
.Lbegin:
    mv a3, a5
    slli a3, a3, 24
    srli a4, a3, 8
    or a3, a3, a4
    srli a4, a3, 16
    or a3, a3, a4 /* c in all bytes */
    sw a3, BACKGROUND(sp)
    li a2, 0x80808080
    xor a3, a3, a2
    sw a3, OFFSET(sp)
    mv s0, a1
    andi a2, t0, 3 /* x is a multiple of 4 */
    sub t0, t0, a2
    sw t0, END(sp)
    li a3, -1
    slli a2, a2, 3
    sll a3, a3, a2
    not a3, a3
    sw a3, TAIL(sp)

    sw zero, SUM(sp)
    lw a0, LAYER(sp)
    lw a0, LAYER_FAST(a0)
    lhu a3, ROWS_OUTPUTS(a0)
    lw a2, WIDE(sp)
    slli a3, a3, 2
    add a3, a3, a2
    li a4, 0
    .p2align 2
1:  sw a4, 0(a2)
    sw a4, 4(a2)
    sw a4, 8(a2)
    sw a4, 12(a2)
    sw a4, 16(a2)
    sw a4, 20(a2)
    sw a4, 24(a2)
    sw a4, 28(a2)
    addi a2, a2, 32
    bne a2, a3, 1b
    lw a2, ROWS_FLUSH(a0)
    sw a2, FLUSH(sp)
    lbu a2, ROWS_LOW_BITS(a0)
    sw a2, LOW_BITS(sp)
    lhu tp, ROWS_STRIDE(a0)
    sw tp, STRIDE(sp)
    lw a0, ROWS_WORDS(a0)
    addi a2, sp, BUCKETS + 31
    andi a2, a2, -32
    addi a2, a2, 2
    sw a2, FIRST(sp)
    addi a3, sp, POINTERS
    li a5, 8
1:  sw a2, 0(a3)
    sh a4, 30(a2)
    addi a2, a2, 32
    addi a3, a3, 4
    addi a5, a5, -1
    bnez a5, 1b
    load_pointers
    jump .Lcheck, s1

.Lless: /* than c, from where the activations end */
    lw a0, LAYER(sp)
    lhu a4, LAYER_INPUTS(a0)
    lw t0, END(sp)
    andi a3, a4, 3
    add t0, t0, a3
    sub a1, t0, a4
    mv s0, a1
    li a5, 0
1:  lb a4, 0(s0)
    addi s0, s0, 1
    bge a4, a5, 2f
    mv a5, a4
2:  bne s0, t0, 1b
    j .Lbegin

.Lleave: /* at the end, where a1 is 0, or for a bucket that is full */
    beqz a1, .Lend
    /* Some bits of a byte will be gone when its bit 7 is looked at, so what is said there is found out here. */
    slli s1, a1, 24
    bgez s1, 1f
    srli s1, s1, 24
    lbu tp, OFFSET(sp)
    add s1, s1, tp
    srli s1, s1, 8
    bnez s1, .Lless
1:  sw a0, PRESENT(sp)

    /* a0: the bucket, which is empty from here on. */
    .irp bucket, a2, a3, a4, a5, t0, t1, t2
    slli s1, \bucket, 27
    beqz s1, .Lfull_\bucket
    .endr
    addi ra, ra, -30
    li a0, 7
    j .Lfull
    .macro full bucket, number
.Lfull_\bucket:
    addi \bucket, \bucket, -30
    li a0, \number
    .if \number
    j .Lfull
    .endif
    .endm
    full t2, 6
    full t1, 5
    full t0, 4
    full a5, 3
    full a4, 2
    full a3, 1
    full a2, 0
.Lfull:
    sw a0, BIT(sp)
    save_pointers
    sw s0, NEXT(sp)
    sw a1, VALUES(sp)
    lw a1, FIRST(sp)
    slli a0, a0, 5
    add a1, a1, a0
    srli a0, a0, 5
    lw s1, FLUSH(sp)
    jalr s1
    lw a1, BIT(sp)
    li a0, 15
    sll a0, a0, a1
    lw s1, SUM(sp)
    add s1, s1, a0
    sw s1, SUM(sp)
    /* Back to the bits above that one. */
    li s1, -2
    sll s1, s1, a1
    lw a1, VALUES(sp)
    and a1, a1, s1
    lw s0, NEXT(sp)
    lw a0, PRESENT(sp)
    lw tp, STRIDE(sp)
    load_pointers
    jump .Lbyte, s1

.Lend: /* up to three activations are left once */
    lw s1, TAIL(sp)
    beqz s1, .Lmore
    lw a1, 0(s0)
    lw s1, BACKGROUND(sp)
    xor a1, a1, s1
    lw s1, TAIL(sp)
    and a1, a1, s1
    sw zero, TAIL(sp)
    jump .Lword, s1

    /* -c times the four rows of its total, as four activations: where that is above 31, the rest follows. */
.Lmore:
    lb a1, BACKGROUND(sp)
    beqz a1, .Lfinish
    lw a0, LAYER(sp)
    lw a0, LAYER_FAST(a0)
    lw s1, ROWS_CORRECT(a0)
    bnez s1, .Lfinish
    lw a0, ROWS_TOTALS(a0)
    sw zero, OFFSET(sp) /* none of these is below c */
    li s1, MOST_OFFSET
    addi a1, a1, MOST_OFFSET
    bltz a1, 1f
    sub s1, s1, a1
    li a1, 0
1:  sw a1, BACKGROUND(sp) /* of c, what is left */
    slli a1, s1, 8
    add s1, s1, a1
    slli a1, s1, 19
    add a1, a1, s1
    jump .Lbyte, s1

.Lfinish:
    save_pointers
    lw a1, FIRST(sp)
    addi a1, a1, 7 * 32
    li a0, 7
.Lbucket: /* from the highest bit on; a2 behind the last row, a3 twice how many */
    mv s0, a0
    slli s0, s0, 2
    add s0, s0, sp
    lw a2, POINTERS(s0)
    sub a3, a2, a1
    beqz a3, .Lempty
    /* Few rows go twice to the bucket below, which is less than what it takes to spread their lanes. */
    sltiu a4, a3, 2 * FEW + 1
    bnez a4, .Lfew
.Lmany:
    sh zero, 0(a2)
    sw a0, BIT(sp)
    sw a1, FIRST(sp)
    sll a3, a3, a0
    srli a3, a3, 1
    lw s1, SUM(sp)
    add s1, s1, a3
    sw s1, SUM(sp)
    lw s1, FLUSH(sp)
    jalr s1
    lw a0, BIT(sp)
    lw a1, FIRST(sp)
.Lempty:
    addi a1, a1, -32
    addi a0, a0, -1
    bgez a0, .Lbucket
    j dime_rows_conclude

.Lfew:
    beqz a0, .Lmany
    lw a4, POINTERS - 4(s0)
    slli a5, a3, 1
    add a5, a5, a4
    bgeu a5, a1, .Lmany
    sw a5, POINTERS - 4(s0)
2:  addi a2, a2, -2
    lhu a5, 0(a2)
    sh a5, 0(a4)
    sh a5, 2(a4)
    addi a4, a4, 4
    bne a2, a1, 2b
    j .Lempty
    .size dime_rows_run, . - dime_rows_run

    .section .text.dime_rows_conclude, "ax", @progbits
    .global dime_rows_conclude
    .type dime_rows_conclude, @function
    .p2align 1

dime_rows_conclude: /* the end of dime_rows_run and dime_products_run, with their frame */
    conclude FRAME
    .size dime_rows_conclude, . - dime_rows_conclude

    .section .text.dime_rows_sort, "ax", @progbits
    .type dime_rows_sort, @function
    .p2align 2
dime_rows_sort:

    /* s0 next activations, a0 row of the present one, a1 four activations, tp stride, s1 temporary,
       a2 a3 a4 a5 t0 t1 t2 ra buckets of bits 0 to 7. */
.Ldone: /* the last activations of a word were the background: their rows are stepped over */
    lw a0, ROW(sp)
.Lskip:
    slli a1, tp, 2
    add a0, a0, a1
.Lcheck:
    lw s1, END(sp)
    beq s0, s1, .Lto_end
    lw a1, 0(s0)
    lw s1, BACKGROUND(sp)
    addi s0, s0, 4
    beq a1, s1, .Lskip
    xor a1, a1, s1
.Lword: /* to 0 .. 254 in each byte, without borrows: x >= c. Background ^ offset is 0x80808080. */
    lw s1, OFFSET(sp)
    sw a0, ROW(sp)
    xor a1, a1, s1
    sub a1, a1, s1
.Lbyte:
    andi s1, a1, 255
    beqz s1, .Lnext

    .macro test_bit bit, bucket
    andi s1, a1, 1 << \bit
    beqz s1, .Lbit\bit
    sh a0, 0(\bucket)
    addi \bucket, \bucket, 2
    andi s1, \bucket, 31
    beqz s1, .Lto_full
.Lbit\bit:
    .endm

    test_bit 0, a2
    test_bit 1, a3
    test_bit 2, a4
    test_bit 3, a5
    andi s1, a1, 0xF0
    beqz s1, .Lnext
    test_bit 4, t0
    test_bit 5, t1
    test_bit 6, t2
    andi s1, a1, 1 << 7 /* is rarely set */
    bnez s1, .Lbit7
.Lnext:
    add a0, a0, tp
    srli a1, a1, 8
    bnez a1, .Lbyte
    j .Ldone

.Lbit7: /* is also set in the first byte of x < c, for which the byte + 128 + c = 256 + 128 + x */
    sh a0, 0(ra)
    addi ra, ra, 2
    andi s1, a1, 255
    lbu tp, OFFSET(sp)
    add s1, s1, tp
    lw tp, STRIDE(sp)
    srli s1, s1, 8
    bnez s1, .Lto_full /* where that is found out again */
    andi s1, ra, 31
    bnez s1, .Lnext
    j .Lto_full
.Lto_end:
    li a1, 0
.Lto_full:
    jump .Lleave, s1
    .size dime_rows_sort, . - dime_rows_sort
