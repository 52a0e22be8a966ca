/* SPDX-License-Identifier: MIT */
/* The parts that the finishing functions of all layers share (fast_conv.h, dime_conv_finish). For each output
   channel the exporter writes: loads of its sums and bias, a call of one of these, and behind the call the
   channel's scaling, a function of a0 that may change a1. What calls here does not get the control back: scaling
   takes t2 bytes, and behind it the next channel begins.

   a5 sums, s0 output of the channel, s1 greatest activation, t1 the number of channels, t2 bytes of a scaling. */
#if __riscv

/* Stores the activation of a0, a sum with its bias, which is 0 unless it is positive. */
.macro store_activation
    sb zero, 0(s0)
    blez a0, 1f
    jalr t0
    blt s1, a0, 3f
2:  sb a0, 0(s0)
1:
    .subsection 1
3:  mv a0, s1
    j 2b
    .previous
.endm

.macro next_channel
    addi s0, s0, 1
    add t0, t0, t2
    jr t0
.endm

    .section .text.dime_conv_finish_pair, "ax", @progbits
    .globl dime_conv_finish_pair
    .type dime_conv_finish_pair, @function
    .p2align 2
/* a4: sums of two places, left + (right << 16); a3: bias. */
dime_conv_finish_pair:
    mv t0, ra
    mv a0, a4
    slli a0, a0, 16
    srai a0, a0, 16
    sub a4, a4, a0
    srai a4, a4, 16
    add a4, a4, a3
    add a0, a0, a3
    store_activation
    mv a0, a4
    add s0, s0, t1
    store_activation
    sub s0, s0, t1
    next_channel
    .size dime_conv_finish_pair, . - dime_conv_finish_pair

    .section .text.dime_conv_finish_window, "ax", @progbits
    .globl dime_conv_finish_window
    .type dime_conv_finish_window, @function
    .p2align 2
/* a4, a3: sums of the upper and lower two places of a 2x2 window, of which the largest counts; a2: bias. The
   larger of two words has the larger right sum, since a left sum only decides between equal ones. */
dime_conv_finish_window:
    mv t0, ra
    mv a0, a4
    slli a0, a0, 16
    mv a1, a3
    slli a1, a1, 16
    bge a0, a1, 4f
    mv a0, a1
4:  srai a0, a0, 16
    bge a4, a3, 5f
    mv a4, a3
5:  lui a1, 8
    add a4, a4, a1
    srai a4, a4, 16
    bge a0, a4, 6f
    mv a0, a4
6:  add a0, a0, a2
    store_activation
    next_channel
    .size dime_conv_finish_window, . - dime_conv_finish_window
#endif
