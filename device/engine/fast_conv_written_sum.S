/* SPDX-License-Identifier: MIT */
/* dime_written_sum (fast_conv_written.h); fast_conv_written.c has the same in C and the encodings. */
#if __riscv
#define MOVE 0x8602 /* c.mv a2, reg << 2 */
#define ADD 0x9602  /* c.add a2, reg << 2 */
#define DOUBLE 0x0602 /* c.slli a2, count << 2 */
#define ZERO 0x4601 /* c.li a2, 0 */
#define SUBTRACT 0x0633
#define FROM_SUM 0x4006
#define FROM_ZERO 0x4000

/* Bytes of the frame. */
#define S0 0
#define S1 4
#define DIGITS 8 /* of nine weights */
#define MINUS 17
#define FRAME 28

#define CODE a1
#define DOUBLED a4  /* pending doublings, as DOUBLE takes them */
#define PLUS a5     /* MOVE, then ADD */
#define DIGIT t0    /* 0x80, 0x40 .. 1 */
#define LESS s0     /* FROM_ZERO, then FROM_SUM */
#define A_DIGIT s1  /* 0, then what a doubling adds to DOUBLED */

    .macro test_digit tap
    lbu a0, (DIGITS + \tap)(sp)
    and a0, a0, DIGIT
    bnez a0, .Ltake\tap
.Lnext\tap:
    .endm

    .macro take_digit tap, reg
.Ltake\tap:
    li a2, \reg
    lbu a3, (MINUS + \tap)(sp)
    jal t2, .Ltake
    j .Lnext\tap
    .endm

    .section .text.dime_written_sum, "ax", @progbits
    .globl dime_written_sum
    .type dime_written_sum, @function
    .p2align 2
/* uint16_t *dime_written_sum(const int8_t *weights, uint16_t *code) */
dime_written_sum:
    addi sp, sp, -FRAME
    sw s0, S0(sp)
    sw s1, S1(sp)
    addi a2, a0, 9
    addi a3, sp, DIGITS
1:  lb a4, 0(a0)
    addi a0, a0, 1
    srai a5, a4, 31
    xor a4, a4, a5
    sub a4, a4, a5
    srli t1, a4, 1
    add a4, a4, t1
    xor a4, a4, t1 /* the digits */
    xor t1, t1, a5
    and t1, t1, a4 /* those to subtract */
    sb a4, 0(a3)
    sb t1, (MINUS - DIGITS)(a3)
    addi a3, a3, 1
    bne a0, a2, 1b
    li DOUBLED, 0
    li A_DIGIT, 0
    li PLUS, MOVE
    li LESS, FROM_ZERO
    li DIGIT, 0x80
.Llevel:
    test_digit 0
    test_digit 1
    test_digit 2
    test_digit 3
    test_digit 4
    test_digit 5
    test_digit 6
    test_digit 7
    test_digit 8
    srli DIGIT, DIGIT, 1
    beqz DIGIT, 2f
    add DOUBLED, DOUBLED, A_DIGIT
    j .Llevel
2:  beqz A_DIGIT, 4f
    beqz DOUBLED, 3f
    li a2, DOUBLE
    add a2, a2, DOUBLED
    j 5f
4:  li a2, ZERO
5:  sh a2, 0(CODE)
    addi CODE, CODE, 2
3:  mv a0, CODE
    lw s0, S0(sp)
    lw s1, S1(sp)
    addi sp, sp, FRAME
    ret

    take_digit 0, 8 /* registers of the window */
    take_digit 1, 15
    take_digit 2, 7
    take_digit 3, 9
    take_digit 4, 5
    take_digit 5, 1
    take_digit 6, 14
    take_digit 7, 6
    take_digit 8, 4

/* One digit, of register a2, subtracted where a3 has it. */
.Ltake:
    beqz DOUBLED, 1f
    li a0, DOUBLE
    add a0, a0, DOUBLED
    sh a0, 0(CODE)
    addi CODE, CODE, 2
    li DOUBLED, 0
1:  and a3, a3, DIGIT
    beqz a3, 2f
    li a0, SUBTRACT
    sh a0, 0(CODE)
    slli a2, a2, 4
    add a2, a2, LESS
    sh a2, 2(CODE)
    addi CODE, CODE, 4
    j 3f
2:  slli a2, a2, 2
    add a2, a2, PLUS
    sh a2, 0(CODE)
    addi CODE, CODE, 2
3:  beqz A_DIGIT, 4f
    jr t2
4:  li PLUS, ADD
    li LESS, FROM_SUM
    li A_DIGIT, 4
    jr t2
    .size dime_written_sum, . - dime_written_sum
#endif
