/* SPDX-License-Identifier: MIT */
/* Dot products of single rows for RV32EC, without multiplications: what the formats' own do (format_bits.h,
   format_ternary.c), two to six times as fast and hardly larger. For programs that have no room for kernels that
   take a layer as a whole; format_*.c takes them in where DIME_ENGINE_COMPACT is defined.

   int32_t dime_dot_...(const void *row, const int8_t *activations, uint32_t inputs), inputs >= 1 */

    .macro begin name
    .section .text.dime_fast_hot_dot_\name, "ax", @progbits
    .global dime_dot_\name
    .type dime_dot_\name, @function
    .p2align 2
dime_dot_\name:
    add a2, a2, a1 /* the end */
    mv t0, a0      /* the next word */
    li a0, 0
    .endm

    /* The topmost bit of a code is the sign of 2 m + 1, below it are the `bits - 1` of m. */
    .macro sign_magnitude name, bits
    begin \name
1:  lw a3, 0(t0)
    addi t0, t0, 4
    addi t1, a1, 32 / \bits
2:  lb a4, 0(a1)
    addi a1, a1, 1
    beqz a4, 6f
    bgez a3, 3f
    neg a4, a4
3:  add a0, a0, a4
    slli a4, a4, \bits - 1
    .rept \bits - 1
    slli a3, a3, 1
    bgez a3, 4f
    add a0, a0, a4
4:  srai a4, a4, 1
    .endr
    slli a3, a3, 1
5:  beq a1, a2, 7f
    bne a1, t1, 2b
    j 1b
6:  slli a3, a3, \bits
    j 5b
7:  ret
    .size dime_dot_\name, . - dime_dot_\name
    .endm

    sign_magnitude 4bitsym, 4
    sign_magnitude 2bitsym, 2

    /* Three bits: the sign, then 0, or the shift plus 1. a3 holds t1 bits of the words, from the top. */
    begin pot3
    li a3, 0
    li t1, 0
1:  addi t1, t1, -3
    bltz t1, 5f
    mv a5, a3
    slli a3, a3, 3
2:  lb a4, 0(a1)
    addi a1, a1, 1
    beqz a4, 4f
    bgez a5, 3f
    neg a4, a4
3:  slli a5, a5, 1
    srli a5, a5, 30
    beqz a5, 4f
    addi a5, a5, -1
    sll a4, a4, a5
    add a0, a0, a4
4:  bne a1, a2, 1b
    ret
5:  lw t2, 0(t0) /* of this code t1 bits, 0 to 2, are there */
    addi t0, t0, 4
    addi t1, t1, 3
    srl a5, t2, t1
    or a5, a5, a3
    li a4, 3
    sub a4, a4, t1
    sll a3, t2, a4
    addi t1, t1, 29
    j 2b
    .size dime_dot_pot3, . - dime_dot_pot3

    /* Ten trits in a fraction of 16 bits (format_ternary.h): 0 is +1, 1 is -1, 2 is 0. */
    begin ternary
1:  lhu a3, 0(t0)
    addi t0, t0, 2
    addi t1, a1, 10
2:  lb a4, 0(a1)
    addi a1, a1, 1
    mv a5, a3
    slli a3, a3, 1
    add a3, a3, a5
    srli a5, a3, 16
    slli a3, a3, 16
    srli a3, a3, 16
    beqz a5, 3f
    addi a5, a5, -1
    bnez a5, 4f
    neg a4, a4
3:  add a0, a0, a4
4:  beq a1, a2, 5f
    bne a1, t1, 2b
    j 1b
5:  ret
    .size dime_dot_ternary, . - dime_dot_ternary

    /* Binary, BinarySym: a set bit is +1. Eight at a time, then one by one; a3 holds the word's next bits on top. */
    .macro one_bit offset
    lb a4, \offset(a1)
    bltz a3, 8f
    neg a4, a4
8:  add a0, a0, a4
    slli a3, a3, 1
    .endm

    begin binary
    addi t2, a2, -8
1:  lw a3, 0(t0)
    addi t0, t0, 4
    addi t1, a1, 32
2:  bltu t2, a1, 3f
    .irp offset, 0, 1, 2, 3, 4, 5, 6, 7
    one_bit \offset
    .endr
    addi a1, a1, 8
    bne a1, t1, 2b
    bne a1, a2, 1b
    ret
3:  beq a1, a2, 4f
    one_bit 0
    addi a1, a1, 1
    j 3b
4:  ret
    .size dime_dot_binary, . - dime_dot_binary

    /* The sign, then three bits that say how far to shift. Four at a time, then one by one. */
    .macro one_shift offset
    lb a4, \offset(a1)
    beqz a4, 9f
    bgez a3, 8f
    neg a4, a4
8:  slli a5, a3, 1
    srli a5, a5, 29
    sll a4, a4, a5
    add a0, a0, a4
9:  slli a3, a3, 4
    .endm

    begin fp130
    addi t2, a2, -4
1:  lw a3, 0(t0)
    addi t0, t0, 4
    addi t1, a1, 8
2:  bltu t2, a1, 3f
    .irp offset, 0, 1, 2, 3
    one_shift \offset
    .endr
    addi a1, a1, 4
    bne a1, t1, 2b
    bne a1, a2, 1b
    ret
3:  beq a1, a2, 4f
    one_shift 0
    addi a1, a1, 1
    j 3b
4:  ret
    .size dime_dot_fp130, . - dime_dot_fp130
