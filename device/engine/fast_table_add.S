/* SPDX-License-Identifier: MIT */
/* Sums by tables of products for RV32EC: what fast_table.c does for a PC. */

    .section .text.dime_table_take, "ax", @progbits
    .global dime_table_take
    .type dime_table_take, @function
    .p2align 2

/* struct dime_table_input */
    .equ INPUT, 36
    .equ INPUT_ROW, 32
    .equ INPUTS, 5
    .equ INPUT_CODE, 110 /* bytes of instructions that add one */

/* The frame, from sp; struct dime_table_taker begins it. */
    .equ X, 0
    .equ X_END, 4
    .equ ROW, 8
    .equ STRIDE, 12
    .equ BACKGROUND, 16
    .equ OFFSET, 20
    .equ SUMS, 24
    .equ FILL, 28
    .equ STRIDE_4, 32 /* of a word of activations */
    .equ RA, 36
    .equ S0, 40
    .equ S1, 44
    .equ ROW_NOW, 48 /* saved s0 */
    .equ LEFT, 52    /* saved s1 */
    .equ BACK, 56    /* saved ra */
    .equ ENTRY, 60   /* where adding begins: the last input of the group, 0 where that is full */
    .equ FRAME, 64

/* int dime_table_take(const struct dime_table_taker *taker)

   tp the next input of the group, s0 row of the present activation, s1 activations that are left of four. */
dime_table_take:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    .irp member, X, X_END, ROW, STRIDE, BACKGROUND, OFFSET, SUMS, FILL
    lw a1, \member(a0)
    sw a1, \member(sp)
    .endr
    lw a1, STRIDE(sp)
    slli a1, a1, 2
    sw a1, STRIDE_4(sp)
    la tp, dime_table_group
.Lword:
    lw s0, ROW(sp)
    lw a0, X(sp)
    lw a1, X_END(sp)
    lw a2, BACKGROUND(sp)
    lw a3, STRIDE_4(sp)
.Lfour: /* a0: where they are */
    bgeu a0, a1, .Lend
    lw s1, 0(a0)
    addi a0, a0, 4
    add s0, s0, a3
    beq s1, a2, .Lfour
    sw a0, X(sp)
    sw s0, ROW(sp)
    sub s0, s0, a3
    bltu a1, a0, .Lfewer
    li a4, 0x80808080
    lw a2, OFFSET(sp)
    mv a5, s1 /* x < 0 and less than c: 128 + x - c has no bit 7, which x has */
    or a5, a5, a4
    sub a5, a5, a2
    and a5, a5, s1
    xor a5, a5, s1
    and a5, a5, a4
    bnez a5, .Lless
    xor s1, s1, a4 /* to 0 .. 254 in each byte, without borrows: x >= c */
    sub s1, s1, a2
.Lbyte:
    andi a0, s1, 255
    beqz a0, .Lnext
    mv a1, tp
    sw s0, INPUT_ROW(a1)
    lw a2, FILL(sp)
    bnez a2, .Lfill
    /* The powers of two: d and 2 d in the halves of a word, then four times that, and so on. */
    slli a2, a0, 17
    add a0, a0, a2
    li a3, 0x10000 /* what -d borrows from -2 d */
    .irp pair, 0, 1, 2, 3
    sw a0, 4 * \pair(a1)
    sub a2, a3, a0
    sw a2, 16 + 4 * \pair(a1)
    .if \pair < 3
    slli a0, a0, 2
    .endif
    .endr
.Lfilled:
    addi tp, tp, INPUT
    la a1, dime_table_group + INPUTS * INPUT
    beq tp, a1, .Lfull
.Lnext:
    srli s1, s1, 8
    lw a2, STRIDE(sp)
    add s0, s0, a2
    bnez s1, .Lbyte
    j .Lword
.Lfewer: /* a0 - a1 bytes are not activations */
    li a4, 0x80808080
    lw a2, OFFSET(sp)
    xor s1, s1, a4
    sub s1, s1, a2
    sub a0, a0, a1
    slli a0, a0, 3
    sll s1, s1, a0
    srl s1, s1, a0
    bnez s1, .Lbyte
.Lend:
    la a1, dime_table_group
    beq tp, a1, 1f
    jal .Ladd
1:  li a0, 0
2:  lw ra, RA(sp)
    lw s0, S0(sp)
    lw s1, S1(sp)
    addi sp, sp, FRAME
    ret
.Lless:
    li a0, 1
    j 2b
.Lfull:
    jal .Ladd
    j .Lnext
.Lfill:
    jalr a2
    j .Lfilled

/* Adds the products that the group's rows ask for, in columns of eight sums: a1 to a5, t0 to t2. tp bytes to
   the column's word in a row, a0 word, s1 address of a product, s0 mask, ra what is set.

   An arithmetic shift brings a code to bits 1 to 4, and copies of the sign above it; of these the mask leaves
   RAM's bit, 2^29. The sign is set once the last code, whose bit it is, has been used, and with it bit 28, which
   a shift to the left brings there for the first code. The last one has the mask added, as the base that it also
   is. */
    .equ BASE, 0x2000001E
    .equ TABLES, dime_table_group
    .option push
    .option norelax /* or the linker would take another register for s1 or s0 */
    .macro pick index, sum
    .if \index == 0
    slli s1, a0, 1
    .elseif \index == 7
    srli s1, a0, 27
    .else
    srai s1, a0, 4 * \index - 1
    .endif
    .if \index == 7
    andi s1, s1, 30
    add s1, s1, s0
    lh s1, %lo(TABLES + INPUT * number - 30)(s1)
    .else
    and s1, s1, s0
    lh s1, %lo(TABLES + INPUT * number)(s1)
    .endif
    add \sum, \sum, s1
    .endm

.Ladd:
    sw ra, BACK(sp)
    sw s0, ROW_NOW(sp)
    sw s1, LEFT(sp)
    la a0, .Linput
    la a1, dime_table_group + INPUTS * INPUT
    beq tp, a1, 3f
1:  addi tp, tp, INPUT
    addi a0, a0, INPUT_CODE
    bne tp, a1, 1b
    mv tp, a0
    j 4f
3:  li tp, 0
4:  sw tp, ENTRY(sp)
    lw s1, SUMS(sp)
    li s0, BASE
    li ra, 0x90000000
    li tp, 0
.Lcolumn:
    lw a1, 0(s1)
    lw a2, 4(s1)
    lw a3, 8(s1)
    lw a4, 12(s1)
    lw a5, 16(s1)
    lw t0, 20(s1)
    lw t1, 24(s1)
    lw t2, 28(s1)
    lw s1, ENTRY(sp)
    bnez s1, .Ljump
.Linput:
    .set number, INPUTS
    .rept INPUTS
    .set number, number - 1
    lw a0, %lo(TABLES + INPUT * number + INPUT_ROW - 30)(s0)
    add a0, a0, tp
    lw a0, 0(a0)
    pick 7, t2
    or a0, a0, ra
    pick 0, a1
    pick 1, a2
    pick 2, a3
    pick 3, a4
    pick 4, a5
    pick 5, t0
    pick 6, t1
    .endr
    .org .Linput + INPUTS * INPUT_CODE
    lw s1, SUMS(sp)
    slli a0, tp, 3
    add s1, s1, a0
    sw a1, 0(s1)
    sw a2, 4(s1)
    sw a3, 8(s1)
    sw a4, 12(s1)
    sw a5, 16(s1)
    sw t0, 20(s1)
    sw t1, 24(s1)
    sw t2, 28(s1)
    addi s1, s1, 32
    addi tp, tp, 4
    lw a0, STRIDE(sp)
    bne tp, a0, .Lcolumn
    la tp, dime_table_group
    lw ra, BACK(sp)
    lw s0, ROW_NOW(sp)
    lw s1, LEFT(sp)
    ret
.Ljump:
    jr s1
    .option pop
    .size dime_table_take, . - dime_table_take
