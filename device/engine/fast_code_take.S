/* SPDX-License-Identifier: MIT */
/* Calls the blocks of instructions of fast_code.h, one for each activation that is not the background. */

/* struct dime_code_taker */
    .equ TAKER_X, 0
    .equ TAKER_END, 4
    .equ TAKER_BLOCKS, 8
    .equ TAKER_STRIDE, 12
    .equ TAKER_BACKGROUND, 16
    .equ TAKER_OFFSET, 20
    .equ TAKER_SUMS, 24
    .equ TAKER_WORDS, 28
    .equ TAKER_D, 32

/* The frame, from sp. */
    .equ RA, 0
    .equ S0, 4
    .equ S1, 8
    .equ TAKER, 12
    .equ X, 16
    .equ END, 20
    .equ STRIDE, 24
    .equ BACKGROUND, 28
    .equ OFFSET, 32
    .equ SUMS, 36
    .equ LEFT, 40  /* words until the sums could be full */
    .equ BLOCK, 44 /* of the first activation of the present word */
    .equ WORD, 48  /* activations that are left of it */
    .equ D, 52     /* sums of d in two lanes */
    .equ RETURN, 56
    .equ FRAME, 64

    .section .text.dime_code_take, "ax", @progbits
    .global dime_code_take
    .type dime_code_take, @function
    .p2align 2

/* void dime_code_take(struct dime_code_taker *taker) */
dime_code_take:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    sw a0, TAKER(sp)
    .irp field, X, END, STRIDE, BACKGROUND, OFFSET, SUMS
    lw a1, TAKER_\field(a0)
    sw a1, \field(sp)
    .endr
    lw a1, TAKER_WORDS(a0)
    sw a1, LEFT(sp)
    sw zero, TAKER_D(a0)
    lw a0, TAKER_BLOCKS(a0)
    jal s1, .Lclear
    jump dime_fast_hot_blocks, s1
.Lend:
    jal ra, .Lspill
    lw ra, RA(sp)
    lw s0, S0(sp)
    lw s1, S1(sp)
    addi sp, sp, FRAME
    ret
.Lfull:
    jal ra, .Lspill
    lw a1, TAKER(sp)
    lw a1, TAKER_WORDS(a1)
    sw a1, LEFT(sp)
    jump .Lemptied, s1

.Lspill:
    lw a1, TAKER(sp)
    lw tp, D(sp)
    slli s1, tp, 16
    srli s1, s1, 16
    srli tp, tp, 16
    add s1, s1, tp
    lw tp, TAKER_D(a1)
    add s1, s1, tp
    sw s1, TAKER_D(a1)
    lw a1, SUMS(sp)

    .macro spill index, sum
    slli s1, \sum, 16
    srli s1, s1, 16
    lw tp, 8 * \index(a1)
    add s1, s1, tp
    sw s1, 8 * \index(a1)
    srli s1, \sum, 16
    lw tp, 8 * \index + 4(a1)
    add s1, s1, tp
    sw s1, 8 * \index + 4(a1)
    .endm

    spill 0, t0
    spill 1, t1
    spill 2, t2
    spill 3, s0
    spill 4, a2
    spill 5, a3
    spill 6, a4
    spill 7, a5
    mv s1, ra
.Lclear:
    sw zero, D(sp)
    li t0, 0
    li t1, 0
    li t2, 0
    li s0, 0
    li a2, 0
    li a3, 0
    li a4, 0
    li a5, 0
    jr s1
    .size dime_code_take, . - dime_code_take

    .section .text.dime_fast_hot_blocks, "ax", @progbits
    .global dime_fast_hot_blocks
    .type dime_fast_hot_blocks, @function
    .p2align 2

    /* a0 block of the present activation, a1 activations that are left of four; s1 tp ra temporary, but for
       the time of a block. */
dime_fast_hot_blocks:
.Lfour:
    lw ra, X(sp)
    lw s1, END(sp)
    bgeu ra, s1, .Lto_end
    lw a1, 0(ra)
    addi ra, ra, 4
    sw ra, X(sp)
    lw tp, BACKGROUND(sp)
    beq a1, tp, .Lpassed
    li tp, 0x80808080 /* to 0 .. 254 in each byte, without borrows: x >= c */
    xor a1, a1, tp
    lw tp, OFFSET(sp)
    sub a1, a1, tp
    sub ra, ra, s1
    bgtz ra, .Lfewer
.Lwhole:
    sw a0, BLOCK(sp)
    li ra, 0x00FF00FF
    and s1, a1, ra
    srli tp, a1, 8
    and tp, tp, ra
    add s1, s1, tp
    lw tp, D(sp)
    add s1, s1, tp
    sw s1, D(sp)
.Lbyte:
    andi s1, a1, 255
    beqz s1, .Lnext
    sw a1, WORD(sp)
    slli a1, s1, 16
    add tp, a1, s1
    jalr a0
    lw a1, WORD(sp)
.Lnext:
    lw s1, STRIDE(sp)
    add a0, a0, s1
    srli a1, a1, 8
    bnez a1, .Lbyte
    lw s1, LEFT(sp)
    addi s1, s1, -1
    sw s1, LEFT(sp)
    beqz s1, .Lto_full
.Lemptied:
    lw a0, BLOCK(sp)
.Lpassed:
    lw s1, STRIDE(sp)
    slli s1, s1, 2
    add a0, a0, s1
    j .Lfour

.Lfewer: /* ra bytes are not activations */
    slli ra, ra, 3
    sll a1, a1, ra
    srl a1, a1, ra
    j .Lwhole
.Lto_end:
    jump .Lend, s1
.Lto_full:
    jump .Lfull, s1
    .size dime_fast_hot_blocks, . - dime_fast_hot_blocks
