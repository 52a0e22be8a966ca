/* SPDX-License-Identifier: MIT */
/* From collected lanes to sums, and from sums to activations: in fast.c and fast_rows.c for a PC. Compressed
   instructions wherever there are some, since most of this runs from flash. */

    .section .text.dime_rows_finish, "ax", @progbits
    .global dime_rows_finish
    .type dime_rows_finish, @function
    .p2align 2

/* int32_t dime_rows_finish(uint32_t *wide, uint32_t *end, uint32_t base, uint32_t scale, uint32_t low_bits) */
dime_rows_finish:
    li t0, 0 /* the largest */
    andi a4, a4, 4
    beqz a4, 5f

    .macro finish_pair even, odd
    sll a4, \even, a3
    sll a5, \odd, a3
    sub a4, a4, a2
    sub a5, a5, a2
    sw a4, 0(a0)
    sw a5, 4(a0)
    .endm

1:  lhu a5, 4(a0)
    lhu a4, 0(a0)
    lhu t2, 6(a0)
    lhu t1, 2(a0)
    slli a5, a5, 4
    add a4, a4, a5
    slli t2, t2, 4
    add t1, t1, t2
    finish_pair a4, t1
    blt t0, a4, 3f
2:  blt t0, a5, 4f
    addi a0, a0, 8
    bne a0, a1, 1b
    mv a0, t0
    ret
3:  mv t0, a4
    j 2b
4:  mv t0, a5
    addi a0, a0, 8
    bne a0, a1, 1b
    mv a0, t0
    ret

    .p2align 2
5:  lhu a4, 0(a0) /* one set of lanes */
    lhu a5, 2(a0)
    finish_pair a4, a5
    blt t0, a4, 7f
6:  blt t0, a5, 8f
    addi a0, a0, 8
    bne a0, a1, 5b
    mv a0, t0
    ret
7:  mv t0, a4
    j 6b
8:  mv t0, a5
    addi a0, a0, 8
    bne a0, a1, 5b
    mv a0, t0
    ret
    .size dime_rows_finish, . - dime_rows_finish

    .section .text.dime_fast_correct, "ax", @progbits
    .global dime_fast_correct
    .type dime_fast_correct, @function
    .p2align 2

/* int32_t dime_fast_correct(int32_t *sums, int32_t *end, const int16_t *totals, int32_t c), c < 0

   With -c = ((2^t2 + 1) 2^t1 + 1) 2^t0, which is nearly always possible, by shifts; else, or compiled for size, bit
   by bit. */
dime_fast_correct:
    neg a3, a3
#ifndef __OPTIMIZE_SIZE__
    mv a5, a3
    jal t2, .Lstrip
    mv t0, a4
    beqz a5, .Lby_bits
    jal t2, .Lstrip
    mv t1, a4
    bnez a5, 1f
    addi t1, t1, -1 /* two bits only: 2^t1 = (1 + 1) 2^(t1 - 1) */
    li a5, 1
1:  jal t2, .Lstrip
    bnez a5, .Lby_bits
    mv t2, a4
    li a3, 0 /* the largest */
    mv a4, a1
    sub a4, a4, a0
    andi a4, a4, 4
    beqz a4, 2f
    addi a0, a0, -4 /* an odd number: begin in the middle */
    addi a2, a2, -2
    j 3f

    .macro correct index
    lh a4, 2 * \index(a2)
    sll a5, a4, t2
    add a5, a5, a4
    sll a5, a5, t1
    add a5, a5, a4
    lw a4, 4 * \index(a0)
    sll a5, a5, t0
    sub a4, a4, a5
    sw a4, 4 * \index(a0)
    .endm

2:  correct 0
    blt a3, a4, 4f
3:  correct 1
    addi a0, a0, 8
    addi a2, a2, 4
    blt a3, a4, 5f
    bne a0, a1, 2b
    mv a0, a3
    ret
4:  mv a3, a4
    j 3b
5:  mv a3, a4
    bne a0, a1, 2b
    mv a0, a3
    ret

    /* Takes the zeros off the end of a5, which is not 0, and turns the one behind them into a 0; a4: how many
       zeros. */
.Lstrip:
    li a4, -1
1:  addi a4, a4, 1
    andi tp, a5, 1
    srli a5, a5, 1
    beqz tp, 1b
    slli a5, a5, 1
    jr t2

.Lby_bits:
#endif
    li t2, 0 /* the largest */
1:  lh a4, 0(a2)
    lw t0, 0(a0)
    mv a5, a3
2:  andi t1, a5, 1
    beqz t1, 3f
    sub t0, t0, a4
3:  slli a4, a4, 1
    srli a5, a5, 1
    bnez a5, 2b
    sw t0, 0(a0)
    bge t2, t0, 4f
    mv t2, t0
4:  addi a0, a0, 4
    addi a2, a2, 2
    bne a0, a1, 1b
    mv a0, t2
    ret
    .size dime_fast_correct, . - dime_fast_correct

    .section .text.dime_fast_largest, "ax", @progbits
    .global dime_fast_largest
    .type dime_fast_largest, @function
    .p2align 1

/* int32_t dime_fast_largest(const int32_t *sums, const int32_t *end) */
dime_fast_largest:
    li a3, 0
    mv a4, a1
    sub a4, a4, a0
    andi a4, a4, 4
    beqz a4, 1f
    addi a0, a0, -4 /* an odd number: begin in the middle */
    j 2f
1:  lw a4, 0(a0)
    blt a3, a4, 3f
2:  lw a4, 4(a0)
    addi a0, a0, 8
    blt a3, a4, 4f
    bne a0, a1, 1b
    mv a0, a3
    ret
3:  mv a3, a4
    j 2b
4:  mv a3, a4
    bne a0, a1, 1b
    mv a0, a3
    ret
    .size dime_fast_largest, . - dime_fast_largest

    .section .text.dime_shift_norm, "ax", @progbits
    .global dime_shift_norm
    .type dime_shift_norm, @function
    .p2align 2

/* void dime_shift_norm(const int32_t *sums, const int32_t *end, int8_t *activations, uint32_t bits,
                        int32_t largest) */
dime_shift_norm:
    li a5, 1
    sll a5, a5, a3
    addi a5, a5, -1 /* top */
    li a3, -1       /* shift */
    mv t0, a4
1:  addi a3, a3, 1
    mv a4, t0
    srl a4, a4, a3
    bltu a5, a4, 1b
    li a4, 1
    sll a4, a4, a3
    srli a4, a4, 1 /* rounding */
#ifndef __OPTIMIZE_SIZE__
    sub t0, a1, a0
    srli t0, t0, 2
    add t0, t0, a2
    mv t1, a2
2:  sw zero, 0(t1)
    sw zero, 4(t1)
    addi t1, t1, 8
    bltu t1, t0, 2b
#endif
    jump dime_fast_hot_norm, t0
    .size dime_shift_norm, . - dime_shift_norm

    .section .text.dime_fast_hot_norm, "ax", @progbits
    .global dime_fast_hot_norm
    .type dime_fast_hot_norm, @function
    .p2align 2
dime_fast_hot_norm:
#ifdef __OPTIMIZE_SIZE__
1:  lw t0, 0(a0)
    addi a0, a0, 4
    bgez t0, 2f
    mv t0, zero
2:  add t0, t0, a4
    srl t0, t0, a3
    bgeu a5, t0, 3f
    mv t0, a5
3:  sb t0, 0(a2)
    addi a2, a2, 1
    bne a0, a1, 1b
    ret
#else /* activations are 0 beforehand */
    sub t0, a1, a0
    andi t0, t0, 4
    beqz t0, 1f
    addi a0, a0, -4 /* an odd number: begin in the middle */
    addi a2, a2, -1
    j 2f
1:  lw t0, 0(a0)
    bltz t0, 2f
    add t0, t0, a4
    srl t0, t0, a3
    bltu a5, t0, 4f
    sb t0, 0(a2)
2:  lw t0, 4(a0)
    addi a0, a0, 8
    bltz t0, 3f
    add t0, t0, a4
    srl t0, t0, a3
    bltu a5, t0, 5f
    sb t0, 1(a2)
3:  addi a2, a2, 2
    bne a0, a1, 1b
    ret
4:  sb a5, 0(a2)
    j 2b
5:  sb a5, 1(a2)
    j 3b
#endif
    .size dime_fast_hot_norm, . - dime_fast_hot_norm
