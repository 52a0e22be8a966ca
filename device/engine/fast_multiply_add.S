/* SPDX-License-Identifier: MIT */
/* dime_multiply_add (fast_multiply.h) for RV32EC with Zmmul. In RAM a word of eight 4-bit weights takes 27
   cycles, one of sixteen 2-bit weights 49, and less for inputs that are 0. */
#if __riscv_mul

#define WORDS a0
#define X a1
#define END a2
#define SUMS a3
#define MASK a4
#define WORD a5
#define ACTIVATION t2
#define PRODUCT tp
#define LANES0 s0
#define LANES1 s1
#define LANES2 t0
#define LANES3 t1

    .macro field lanes
    and PRODUCT, WORD, MASK
    mul PRODUCT, PRODUCT, ACTIVATION
    add \lanes, \lanes, PRODUCT
    .endm

    .macro four_fields bits
    field LANES0
    srli WORD, WORD, \bits
    field LANES1
    srli WORD, WORD, \bits
    field LANES2
    srli WORD, WORD, \bits
    field LANES3
    .endm

    .macro begin name, mask
    .globl \name
    .type \name, @function
    .p2align 2
\name:
    addi sp, sp, -12
    sw s0, 0(sp)
    sw s1, 4(sp)
    sw tp, 8(sp)
    li MASK, \mask
    li LANES0, 0
    li LANES1, 0
    li LANES2, 0
    li LANES3, 0
    .p2align 2
    .endm

    .macro add_lanes lanes, at
    lw MASK, (4 * \at)(SUMS)
    slli WORD, \lanes, 16
    srli WORD, WORD, 16
    add MASK, MASK, WORD
    sw MASK, (4 * \at)(SUMS)
    lw MASK, (4 * \at + 16)(SUMS)
    srli WORD, \lanes, 16
    add MASK, MASK, WORD
    sw MASK, (4 * \at + 16)(SUMS)
    .endm

    .section .text.dime_fast_hot_multiply_add, "ax", @progbits
    begin dime_multiply_add_4, 0x000F000F
1:  lbu ACTIVATION, 0(X)
    addi X, X, 1
    beqz ACTIVATION, 2f
    lw WORD, 0(WORDS)
    four_fields 4
2:  addi WORDS, WORDS, 4
    bne X, END, 1b
.Ladd:
    add_lanes LANES0, 0
    add_lanes LANES1, 1
    add_lanes LANES2, 2
    add_lanes LANES3, 3
    lw s0, 0(sp)
    lw s1, 4(sp)
    lw tp, 8(sp)
    addi sp, sp, 12
    ret
    .size dime_multiply_add_4, . - dime_multiply_add_4

    begin dime_multiply_add_2, 0x00030003
1:  lbu ACTIVATION, 0(X)
    lw WORD, 0(WORDS)
    beqz ACTIVATION, 4f
    four_fields 2
    srli WORD, WORD, 2
2:  lbu ACTIVATION, 1(X)
    addi X, X, 2
    beqz ACTIVATION, 3f
    four_fields 2
3:  addi WORDS, WORDS, 4
    bne X, END, 1b
    j .Ladd
4:  srli WORD, WORD, 8
    j 2b
    .size dime_multiply_add_2, . - dime_multiply_add_2
#endif
