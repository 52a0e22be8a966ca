/* SPDX-License-Identifier: MIT */
/* Activations from sums of pairs by the layer's affine table, where the code of fast_conv_finish.S would take
   too much flash (fast_conv.h, dime_conv_finish).

   a5 sums, s0 output, s1 affine entry, tp its end, t0 bias_shift, t1 M, t2 greatest activation. */
#if __riscv

#define LAYER_AFFINE 8
#define LAYER_OUTPUTS 18
#define LAYER_BITS 21
#define LAYER_BIAS_SHIFT 23

    .macro begin
    addi sp, sp, -12
    sw ra, 8(sp)
    sw s0, 4(sp)
    sw s1, 0(sp)
    mv a5, a0
    mv s0, a1
    lw s1, LAYER_AFFINE(a2)
    lhu t1, LAYER_OUTPUTS(a2)
    slli a0, t1, 2
    add tp, s1, a0
    lbu t0, LAYER_BIAS_SHIFT(a2)
    lbu a1, LAYER_BITS(a2)
    li t2, 1
    addi a1, a1, -1
    sll t2, t2, a1
    addi t2, t2, -1
    .endm

    .macro finish
    lw ra, 8(sp)
    lw s0, 4(sp)
    lw s1, 0(sp)
    addi sp, sp, 12
    ret
    .endm

    /* a2 = the bias of entry a3. */
    .macro load_bias
    mv a2, a3
    slli a2, a2, 16
    srai a2, a2, 16
    sll a2, a2, t0
    .endm

    .section .text.dime_conv_scale_pair, "ax", @progbits
    .globl dime_conv_scale_pair
    .type dime_conv_scale_pair, @function
    .p2align 2
dime_conv_scale_pair:
    begin
1:  lw a4, 0(a5)
    lw a3, 0(s1)
    mv a0, a4
    slli a0, a0, 16
    srai a0, a0, 16
    sub a4, a4, a0
    srai a4, a4, 16
    load_bias
    add a0, a0, a2
    add a4, a4, a2
    call dime_conv_scale
    sb a0, 0(s0)
    mv a0, a4
    call dime_conv_scale
    add a1, s0, t1
    sb a0, 0(a1)
    addi a5, a5, 4
    addi s1, s1, 4
    addi s0, s0, 1
    bne s1, tp, 1b
    finish
    .size dime_conv_scale_pair, . - dime_conv_scale_pair

    .section .text.dime_conv_scale_window, "ax", @progbits
    .globl dime_conv_scale_window
    .type dime_conv_scale_window, @function
    .p2align 2
/* The largest of four sums, as in dime_conv_finish_window. */
dime_conv_scale_window:
    begin
    slli t1, t1, 2
1:  add a1, a5, t1
    lw a4, 0(a5)
    lw a3, 0(a1)
    mv a0, a4
    slli a0, a0, 16
    mv a1, a3
    slli a1, a1, 16
    bge a0, a1, 2f
    mv a0, a1
2:  srai a0, a0, 16
    bge a4, a3, 3f
    mv a4, a3
3:  lui a1, 8
    add a4, a4, a1
    srai a4, a4, 16
    bge a0, a4, 4f
    mv a0, a4
4:  lw a3, 0(s1)
    load_bias
    add a0, a0, a2
    call dime_conv_scale
    sb a0, 0(s0)
    addi a5, a5, 4
    addi s1, s1, 4
    addi s0, s0, 1
    bne s1, tp, 1b
    finish
    .size dime_conv_scale_window, . - dime_conv_scale_window

    .section .text.dime_conv_scale, "ax", @progbits
    .globl dime_conv_scale
    .type dime_conv_scale, @function
    .p2align 2
/* a0 = the activation of a0, a sum with its bias, by entry a3: (a0 * multiplier + (1 << shift >> 1)) >> shift
   within 0 and t2. Changes a1, a2. The product goes bit by bit through the multiplier, 1xxxxx or 0. */
dime_conv_scale:
    blez a0, 3f
    mv a1, a3
    slli a1, a1, 10
    bgez a1, 3f
    mv a2, a0
    .rept 5
    slli a1, a1, 1
    slli a0, a0, 1
    bgez a1, 1f
    add a0, a0, a2
1:
    .endr
    mv a1, a3
    srli a1, a1, 24
    beqz a1, 2f
    addi a1, a1, -1
    sra a0, a0, a1
    addi a0, a0, 1
    srai a0, a0, 1
2:  blt t2, a0, 4f
    ret
3:  li a0, 0
    ret
4:  mv a0, t2
    ret
    .size dime_conv_scale, . - dime_conv_scale
#endif
