/* SPDX-License-Identifier: MIT */
/* Bit-serial sums for RV32EC: see fast_rows.h for the method and the layouts. This file sorts the rows of the
   inputs into buckets, one for each bit of the activations; fast_rows_8.S and its siblings add up the rows of
   a bucket.

   A bucket holds up to 15 addresses of rows, 16 bits each. It begins 2 bytes behind a multiple of 32 and is
   full when its pointer reaches the next one, where the end mark, a zero, lies. gp and sp stay as they are,
   for interrupts. */
#include "fast_rows_frame.h"

    .section .text.dime_rows_add, "ax", @progbits
    .global dime_rows_add
    .type dime_rows_add, @function
    .p2align 2

/* uint32_t dime_rows_add(const struct dime_rows *rows, const int8_t *x, uint32_t *wide, uint32_t offset) */
dime_rows_add:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    sw a2, WIDE(sp)
    sw a3, OFFSET(sp)
    sw zero, SUM(sp)
    mv s0, a1
    lhu a3, ROWS_OUTPUTS(a0)
    slli a3, a3, 2
    add a3, a3, a2
    li a4, 0
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
    lhu tp, ROWS_STRIDE(a0)
    lhu a2, ROWS_INPUTS(a0)
    lw a0, ROWS_WORDS(a0)
    add a2, a2, s0
    sw a2, END(sp)
    addi a2, sp, BUCKETS + 31
    andi a2, a2, -32
    addi a2, a2, 2
    sw a2, FIRST(sp)
    addi a3, sp, POINTERS
    addi a4, a3, 32
1:  sw a2, 0(a3)
    sh zero, 30(a2)
    addi a2, a2, 32
    addi a3, a3, 4
    bne a3, a4, 1b
    jal s1, .Lload_pointers
    jump .Lcheck, s1

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

.Lfull:
    save_pointers
    sw s0, NEXT(sp)
    sw a0, PRESENT(sp)
    sw a1, VALUES(sp)
    sw tp, STRIDE(sp)
    li a0, -1
    addi s0, sp, POINTERS - 4
1:  addi a0, a0, 1
    addi s0, s0, 4
    lw a1, 0(s0)
    andi s1, a1, 31
    bnez s1, 1b
    addi a1, a1, -30
    sw a1, 0(s0)
    sw a0, BIT(sp)
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
    jal s1, .Lload_pointers
    jump .Lbyte, s1

.Lload_pointers:
    lw a2, POINTERS(sp)
    lw a3, POINTERS + 4(sp)
    lw a4, POINTERS + 8(sp)
    lw a5, POINTERS + 12(sp)
    lw t0, POINTERS + 16(sp)
    lw t1, POINTERS + 20(sp)
    lw t2, POINTERS + 24(sp)
    lw ra, POINTERS + 28(sp)
    jr s1

.Lfinish:
    save_pointers
    li a0, 0
    lw a1, FIRST(sp)
1:  sw a0, BIT(sp)
    sw a1, FIRST(sp)
    slli a2, a0, 2
    add a2, a2, sp
    lw a2, POINTERS(a2)
    beq a1, a2, 2f
    sh zero, 0(a2)
    sub a2, a2, a1
    sll a2, a2, a0
    srli a2, a2, 1
    lw s1, SUM(sp)
    add s1, s1, a2
    sw s1, SUM(sp)
    lw s1, FLUSH(sp)
    jalr s1
    lw a0, BIT(sp)
    lw a1, FIRST(sp)
2:  addi a0, a0, 1
    addi a1, a1, 32
    slti a2, a0, 8
    bnez a2, 1b
    lw a0, SUM(sp)
    lw ra, RA(sp)
    lw s0, S0(sp)
    lw s1, S1(sp)
    addi sp, sp, FRAME
    ret
    .size dime_rows_add, . - dime_rows_add

    .section .text.dime_rows_sort, "ax", @progbits
    .type dime_rows_sort, @function
    .p2align 2
dime_rows_sort:

    /* s0 next activations, a0 row of the present one, a1 four activations, tp stride, s1 temporary,
       a2 a3 a4 a5 t0 t1 t2 ra buckets of bits 0 to 7. */
.Ldone: /* the last activations of a word were zero: their rows are stepped over */
    lw a0, ROW(sp)
.Lskip:
    slli a1, tp, 2
    add a0, a0, a1
.Lcheck:
    lw s1, END(sp)
    beq s0, s1, .Lto_finish
    lw a1, 0(s0)
    lw s1, OFFSET(sp)
    addi s0, s0, 4
    bnez s1, .Loffset
    beqz a1, .Lskip
.Lword:
    sw a0, ROW(sp)
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
    test_bit 7, ra
.Lnext:
    add a0, a0, tp
    srli a1, a1, 8
    bnez a1, .Lbyte
    j .Ldone

.Lto_finish:
    jump .Lfinish, s1
.Lto_full:
    jump .Lfull, s1

.Loffset: /* to 0 .. 254 in each byte, without borrows: x >= c */
    li s1, 0x80808080
    xor a1, a1, s1
    lw s1, OFFSET(sp)
    sub a1, a1, s1
    beqz a1, .Lskip
    j .Lword

    .size dime_rows_sort, . - dime_rows_sort
