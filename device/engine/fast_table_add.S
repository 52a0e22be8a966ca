/* SPDX-License-Identifier: MIT */
/* Sums by tables of products for RV32EC: what fast_table.c does for a PC. */

    .section .text.dime_table_add, "ax", @progbits
    .global dime_table_add
    .type dime_table_add, @function
    .p2align 2

/* void dime_table_add(const struct dime_table_group *group, int32_t *sums, const int32_t *end)

   ra tables, t0 t1 t2 tp rows, a2 a3 a4 a5 words of them, s0 sums, a0 their end, a1 sum, s1 temporary. */
dime_table_add:
    addi sp, sp, -12
    sw ra, 0(sp)
    sw s0, 4(sp)
    sw s1, 8(sp)
    mv s0, a1
    lw t0, 256(a0)
    lw t1, 260(a0)
    lw t2, 264(a0)
    lw tp, 268(a0)
    mv ra, a0
    mv a0, a2

    /* first: the code lies in bits 0 to 3, else in bits 2 to 5. */
    .macro pick word, table, first, last
    .if \first
    slli s1, \word, 2
    andi s1, s1, 60
    srli \word, \word, 2
    .else
    andi s1, \word, 60
    .if !\last
    srli \word, \word, 4
    .endif
    .endif
    add s1, s1, ra
    lw s1, \table(s1)
    add a1, a1, s1
    .endm

    .macro sum_up index
    lw a1, 4 * \index(s0)
    pick a2, 0, (\index == 0), (\index == 7)
    pick a3, 64, (\index == 0), (\index == 7)
    pick a4, 128, (\index == 0), (\index == 7)
    pick a5, 192, (\index == 0), (\index == 7)
    sw a1, 4 * \index(s0)
    .endm

1:  lw a2, 0(t0)
    lw a3, 0(t1)
    lw a4, 0(t2)
    lw a5, 0(tp)
    addi t0, t0, 4
    addi t1, t1, 4
    addi t2, t2, 4
    addi tp, tp, 4
    sum_up 0
    sum_up 1
    sum_up 2
    sum_up 3
    sum_up 4
    sum_up 5
    sum_up 6
    sum_up 7
    addi s0, s0, 32
    beq s0, a0, 2f
    j 1b
2:  lw ra, 0(sp)
    lw s0, 4(sp)
    lw s1, 8(sp)
    addi sp, sp, 12
    ret
    .size dime_table_add, . - dime_table_add

    .section .text.dime_table_fill_fp130, "ax", @progbits
    .global dime_table_fill_fp130
    .type dime_table_fill_fp130, @function
    .p2align 2

/* void dime_table_fill_fp130(int32_t d, int32_t products[16]) */
dime_table_fill_fp130:
    neg a2, a0
    .irp exponent, 0, 1, 2, 3, 4, 5, 6, 7
    sw a0, 4 * \exponent(a1)
    sw a2, 32 + 4 * \exponent(a1)
    add a0, a0, a0
    add a2, a2, a2
    .endr
    ret
    .size dime_table_fill_fp130, . - dime_table_fill_fp130

    .section .text.dime_table_take, "ax", @progbits
    .global dime_table_take
    .type dime_table_take, @function
    .p2align 2

/* struct dime_table_taker */
    .equ ROWS, 256
    .equ COUNT, 272
    .equ ROW, 276
    .equ STRIDE, 280
    .equ BACKGROUND, 284
    .equ OFFSET, 288
    .equ SUMS, 292
    .equ SUMS_END, 296
    .equ FILL, 300

/* The frame, from sp. */
    .equ RA, 0
    .equ S0, 4
    .equ S1, 8
    .equ TAKER, 12
    .equ X, 16
    .equ X_END, 20
    .equ FRAME, 24

/* void dime_table_take(struct dime_table_taker *taker, const int8_t *x, const int8_t *x_end)

   tp taker, s0 row of the present activation, s1 activations that are left of four. */
dime_table_take:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    sw a0, TAKER(sp)
    sw a2, X_END(sp)
    mv tp, a0
    mv a0, a1
    lw s0, ROW(tp)
.Lfour: /* a0: where they are */
    lw a1, X_END(sp)
    bgeu a0, a1, .Lend
    lw s1, 0(a0)
    addi a0, a0, 4
    sw a0, X(sp)
    lw a2, BACKGROUND(tp)
    beq s1, a2, .Lpassed
    li a2, 0x80808080 /* to 0 .. 254 in each byte, without borrows: x >= c */
    xor s1, s1, a2
    lw a2, OFFSET(tp)
    sub s1, s1, a2
    sub a0, a0, a1
    bgtz a0, .Lfewer
.Lbyte:
    andi a0, s1, 255
    beqz a0, .Lnext
    lw a3, COUNT(tp)
    slli a1, a3, 6
    slli a3, a3, 2
    add a1, a1, tp
    add a3, a3, tp
    sw s0, ROWS(a3)
    lw a3, FILL(tp)
    jalr a3
    lw a3, COUNT(tp)
    addi a3, a3, 1
    andi a3, a3, 3
    sw a3, COUNT(tp)
    beqz a3, .Lfull
.Lnext:
    srli s1, s1, 8
    lw a2, STRIDE(tp)
    add s0, s0, a2
    bnez s1, .Lbyte
    lw s0, ROW(tp)
.Lpassed:
    lw a2, STRIDE(tp)
    slli a2, a2, 2
    add s0, s0, a2
    sw s0, ROW(tp)
    lw a0, X(sp)
    j .Lfour
.Lend:
    lw ra, RA(sp)
    lw s0, S0(sp)
    lw s1, S1(sp)
    addi sp, sp, FRAME
    ret

.Lfewer: /* a0 bytes are not activations */
    slli a0, a0, 3
    sll s1, s1, a0
    srl s1, s1, a0
    j .Lbyte
.Lfull:
    mv a0, tp
    lw a1, SUMS(tp)
    lw a2, SUMS_END(tp)
    call dime_table_add
    lw tp, TAKER(sp)
    j .Lnext
    .size dime_table_take, . - dime_table_take
