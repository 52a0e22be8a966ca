/* SPDX-License-Identifier: MIT */
/* A layer of up to 16 outputs whose activations are 0 and 1, for RV32EC: rows as in fast_rows.h, of two words,
   but added up as they come. */
#include "fast_rows_words.inc"

    .section .text.dime_flags_run, "ax", @progbits
    .global dime_flags_run
    .type dime_flags_run, @function
    .p2align 2

/* void dime_flags_run(const struct dime_layer *layer, const int8_t *x, int32_t *sums, int8_t *activations)
   The frame is that of dime_rows_run without buckets. */
dime_flags_run:
    addi sp, sp, -POINTERS
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    sw a0, LAYER(sp)
    sw a2, WIDE(sp)
    sw a3, ACTIVATIONS(sp)
    sw zero, BACKGROUND(sp)
    sw zero, SUM(sp)
    li a4, 8
1:  sw zero, 0(a2)
    sw zero, 4(a2)
    addi a2, a2, 8
    addi a4, a4, -1
    bnez a4, 1b
    mv s0, a1
    lhu a2, LAYER_INPUTS(a0)
    andi a3, a2, 3
    sub a5, a2, a3
    add a5, a5, a1
    slli a3, a3, 3
    li a4, -1
    sll a4, a4, a3
    not a4, a4
    sw a4, TAIL(sp)
    lw a0, LAYER_FAST(a0)
    lw a0, ROWS_WORDS(a0)
    jump dime_fast_hot_flags, a2
.Lconclude:
    conclude POINTERS
    .size dime_flags_run, . - dime_flags_run

    .section .text.dime_fast_hot_flags, "ax", @progbits
    .global dime_fast_hot_flags
    .type dime_fast_hot_flags, @function
    .p2align 2

    /* s0 next activations, a5 the last of those that fill words, a0 row of the present one, a1 four
       activations, a2 words until the lanes are full: 16 rows. t0 t2 sums of words >> 4, t1 tp of their even
       nibbles, ra of activations; a3 mask, a4 s1 temporary. */
dime_fast_hot_flags:
    addi a5, a5, -4
    jal s1, .Lclear
.Lfour: /* two words where there are so many */
    bgeu s0, a5, .Lone
    lw a1, 0(s0)
    bnez a1, .Lfirst
    lw a1, 4(s0)
    addi s0, s0, 8
    addi a0, a0, 64
    beqz a1, .Lfour
    addi a0, a0, -32
    j .Lsome
.Lone:
    bne s0, a5, .Llast
    lw a1, 0(s0)
    beqz a1, .Lblank
.Lfirst:
    addi s0, s0, 4
    j .Lsome
.Lblank:
    addi s0, s0, 4
    addi a0, a0, 32
.Llast: /* up to three activations are left once */
    lw s1, TAIL(sp)
    beqz s1, .Lend
    lw a1, 0(s0)
    and a1, a1, s1
    sw zero, TAIL(sp)
.Lsome:
    add ra, ra, a1

    .macro add_flagged offset, sum, even
    lw s1, \offset(a0)
    and a4, s1, a3
    add \even, \even, a4
    srli s1, s1, 4
    add \sum, \sum, s1
    .endm

    .irp input, 0, 1, 2, 3
    slli s1, a1, 31 - 8 * \input
    bgez s1, 1f
    add_flagged 8 * \input, t0, t1
    add_flagged 8 * \input + 4, t2, tp
1:
    .endr
    addi a0, a0, 32
    addi a2, a2, -1
    bnez a2, .Lfour
    jal s1, .Lspread
    j .Lfour

.Lend:
    jal s1, .Lspread
    lw a0, SUM(sp)
    slli a1, a0, 16
    srli a1, a1, 16
    srli a0, a0, 16
    add a0, a0, a1
    sw a0, SUM(sp)
    jump .Lconclude, s1

.Lspread: /* returns to s1 */
    sw s1, RETURN(sp)
    sw s0, NEXT(sp)
    sw a0, PRESENT(sp)
    lw s0, WIDE(sp)
    li a0, 0x00FF00FF
    li a2, 0
    srli a1, ra, 8
    and a1, a1, a0
    and s1, ra, a0
    add s1, s1, a1
    lw a1, SUM(sp)
    add s1, s1, a1
    sw s1, SUM(sp)
    spread_word 0, t0, t1
    spread_word 32, t2, tp
    lw s0, NEXT(sp)
    lw a0, PRESENT(sp)
    lw s1, RETURN(sp)
.Lclear:
    li a3, 0x0F0F0F0F
    li a2, 4
    li t0, 0
    li t1, 0
    li t2, 0
    li tp, 0
    li ra, 0
    jr s1
    .size dime_fast_hot_flags, . - dime_fast_hot_flags
