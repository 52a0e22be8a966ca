/* SPDX-License-Identifier: MIT */
/* dime_slices_add (fast_slices.h) for RV32EC: 16-bit instructions in the inner loop. */
#if __riscv

/* a2: outputs that change; a0: ~(those that are added to). What changes is a2; it goes on where a bit was 1 and is
   added to, or was 0 and is subtracted from. Carries end within the slices. */
.macro level place
    lw s1, \place(s0)
    mv a1, s1
    xor a1, a1, a2
    sw a1, \place(s0)
    xor s1, s1, a0
    and a2, a2, s1
.endm

    .section .text.dime_slices_add, "ax", @progbits
    .globl dime_slices_add
    .type dime_slices_add, @function
    .p2align 2
/* a0 masks, a1 x, a2 its end, a3 slices */
dime_slices_add:
    addi sp, sp, -12
    sw ra, 8(sp)
    sw s0, 4(sp)
    sw s1, 0(sp)
    mv t0, a1
    mv t1, a2
    mv t2, a3
    mv a3, a0
    /* t0 x, t1 end, t2 slices, a3 masks */
    j 9f

1:  lbu a5, 0(t0)
    beqz a5, 8f
    mv a4, a5
    srli a4, a4, 1
    add a5, a5, a4
    mv s0, a4
    xor s0, s0, a5
    and a5, a5, s0
    and a4, a4, s0
    mv ra, t2
    /* a5 digits +1, a4 digits -1, ra slice of their lowest */
2:  mv s0, a5
    andi s0, s0, 1
    bnez s0, 4f
    mv s0, a4
    andi s0, s0, 1
    bnez s0, 5f
3:  srli a5, a5, 1
    srli a4, a4, 1
    addi ra, ra, 4
    mv s0, a5
    or s0, s0, a4
    bnez s0, 2b
    j 8f

4:  lw a0, 0(a3)
    lw a2, 4(a3)
    j 6f
5:  lw a0, 4(a3)
    lw a2, 0(a3)
6:  or a2, a2, a0
    not a0, a0
    mv s0, ra
7:  level 0
    beqz a2, 3b
    level 4
    addi s0, s0, 8
    bnez a2, 7b
    j 3b

8:  addi t0, t0, 1
    addi a3, a3, 8
9:  bltu t0, t1, 1b
    lw ra, 8(sp)
    lw s0, 4(sp)
    lw s1, 0(sp)
    addi sp, sp, 12
    ret
    .size dime_slices_add, . - dime_slices_add
#endif
