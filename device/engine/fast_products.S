/* SPDX-License-Identifier: MIT */
/* A layer of up to 10 outputs for RV32EC, see dime_products_run in fast_rows.h: each activation that is not 0
   is multiplied with the pairs of its row, bit by bit. Compressed instructions wherever there are some, since
   this runs from flash. */
#include "fast_rows_words.inc"

    .equ ORIGIN, NEXT /* rows less eight times the address of the activation behind */

    .section .text.dime_products_run, "ax", @progbits
    .global dime_products_run
    .type dime_products_run, @function
    .p2align 2

/* void dime_products_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations)
   The frame is that of dime_rows_run. s0 s1 a0 a1 a2 pairs of weights, ra tp t0 t1 t2 their
   sums, a3 activation, a5 the next one's address, a4 temporary. */
dime_products_run:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    sw a0, LAYER(sp)
    sw a2, WIDE(sp)
    sw a3, ACTIVATIONS(sp)
    sw zero, BACKGROUND(sp)
    sw zero, SUM(sp)
    mv a5, a1
    lhu a2, LAYER_INPUTS(a0)
    add a2, a2, a1
    sw a2, END(sp)
    lw a0, LAYER_FAST(a0)
    lw a0, ROWS_WORDS(a0)
    addi a1, a1, 1
    slli a1, a1, 3
    sub a0, a0, a1
    sw a0, ORIGIN(sp)
    li ra, 0
    li tp, 0
    li t0, 0
    li t1, 0
    li t2, 0

.Lactivation:
    lbu a3, 0(a5)
    addi a5, a5, 1
    beqz a3, .Lnext
    lw a4, SUM(sp)
    add a4, a4, a3
    sw a4, SUM(sp)
    lw s0, ORIGIN(sp)
    mv a4, a5
    slli a4, a4, 3
    add a4, a4, s0
    lw s0, 0(a4)
    lw a2, 4(a4)
    li a4, 0x000F000F
    mv s1, s0
    srli s1, s1, 4
    and s1, s1, a4
    mv a0, s0
    srli a0, a0, 8
    and a0, a0, a4
    mv a1, s0
    srli a1, a1, 12
    and a1, a1, a4
    and s0, s0, a4

    .macro add_pairs
    add ra, ra, s0
    add tp, tp, s1
    add t0, t0, a0
    add t1, t1, a1
    add t2, t2, a2
    .endm

    .macro double_pairs
    slli s0, s0, 1
    slli s1, s1, 1
    slli a0, a0, 1
    slli a1, a1, 1
    slli a2, a2, 1
    .endm

    .p2align 2
.Lbits: /* two at a time */
    andi a4, a3, 1
    beqz a4, 1f
    add_pairs
1:  double_pairs
    andi a4, a3, 2
    beqz a4, 2f
    add_pairs
2:  srli a3, a3, 2
    beqz a3, .Lnext
    double_pairs
    j .Lbits
    .p2align 2
.Lnext:
    lw a4, END(sp)
    bne a4, a5, .Lactivation

    lw a0, WIDE(sp)
    sw ra, 0(a0)
    sw tp, 8(a0)
    sw t0, 16(a0)
    sw t1, 24(a0)
    sw t2, 32(a0)
    j dime_rows_conclude
    .size dime_products_run, . - dime_products_run
