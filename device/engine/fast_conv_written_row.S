/* SPDX-License-Identifier: MIT */
/* dime_written_row (fast_conv_written.h): saves what the loop changes, and is where it ends. */
#if __riscv
    .section .text.dime_fast_hot_written_row, "ax", @progbits
    .globl dime_written_row
    .type dime_written_row, @function
    .p2align 2
dime_written_row:
    addi sp, sp, -24
    sw ra, 8(sp)
    sw s0, 12(sp)
    sw s1, 16(sp)
    sw tp, 20(sp)
    sw a2, 0(sp)
    jal a4, 1f /* the loop comes back behind this */
    lw ra, 8(sp)
    lw s0, 12(sp)
    lw s1, 16(sp)
    lw tp, 20(sp)
    addi sp, sp, 24
    ret
1:  sw a4, 4(sp)
    jr a3
    .size dime_written_row, . - dime_written_row
#endif
