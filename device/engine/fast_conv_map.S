/* SPDX-License-Identifier: MIT */
/* What the functions of maps share (fast_conv.h, dime_conv_map), in a frame that they make. Both return to t0. */
#if __riscv
    .section .text.dime_conv_map_begin, "ax", @progbits
    .globl dime_conv_map_begin
    .type dime_conv_map_begin, @function
    .p2align 2
/* Saves registers; a5 input, tp output. */
dime_conv_map_begin:
    sw ra, 16(sp)
    sw s0, 12(sp)
    sw s1, 8(sp)
    sw tp, 4(sp)
    mv a5, a0
    mv tp, a1
    jr t0
    .size dime_conv_map_begin, . - dime_conv_map_begin

    .section .text.dime_conv_map_end, "ax", @progbits
    .globl dime_conv_map_end
    .type dime_conv_map_end, @function
    .p2align 2
dime_conv_map_end:
    lw ra, 16(sp)
    lw s0, 12(sp)
    lw s1, 8(sp)
    lw tp, 4(sp)
    jr t0
    .size dime_conv_map_end, . - dime_conv_map_end
#endif
