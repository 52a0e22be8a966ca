/* SPDX-License-Identifier: MIT */
/* From collected lanes to sums, and from sums to activations: in fast.c for a PC. Compressed instructions
   wherever there are some, since this runs from flash. */

    .section .text.dime_rows_finish, "ax", @progbits
    .global dime_rows_finish
    .type dime_rows_finish, @function
    .p2align 2

/* void dime_rows_finish(uint32_t *wide, uint32_t *end, uint32_t base, uint32_t scale) */
dime_rows_finish:
    mv t0, a3
1:  lw a4, 0(a0)
    lw a5, 4(a0)
    mv a3, a5
    srli a3, a3, 16
    slli a3, a3, 4
    slli a5, a5, 16
    srli a5, a5, 12
    mv t1, a4
    srli a4, a4, 16
    add a3, a3, a4
    mv a4, t1
    slli a4, a4, 16
    srli a4, a4, 16
    add a5, a5, a4
    sll a3, a3, t0
    sll a5, a5, t0
    sub a3, a3, a2
    sub a5, a5, a2
    sw a5, 0(a0)
    sw a3, 4(a0)
    addi a0, a0, 8
    bne a0, a1, 1b
    ret
    .size dime_rows_finish, . - dime_rows_finish

    .section .text.dime_rows_correct, "ax", @progbits
    .global dime_rows_correct
    .type dime_rows_correct, @function
    .p2align 2

/* void dime_rows_correct(int32_t *sums, int32_t *end, const int16_t *totals, int32_t c), c < 0: once through for
   each bit of -c. */
dime_rows_correct:
    mv t0, a0
    mv t1, a2
    neg a3, a3
    li t2, 0 /* shift */
1:  andi a4, a3, 1
    beqz a4, 3f
    mv a0, t0
    mv a2, t1
2:  lh a4, 0(a2)
    sll a4, a4, t2
    lw a5, 0(a0)
    sub a5, a5, a4
    sw a5, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 2
    bne a0, a1, 2b
3:  addi t2, t2, 1
    srli a3, a3, 1
    bnez a3, 1b
    ret
    .size dime_rows_correct, . - dime_rows_correct

    .section .text.dime_shift_norm, "ax", @progbits
    .global dime_shift_norm
    .type dime_shift_norm, @function
    .p2align 2

/* void dime_shift_norm(const int32_t *sums, const int32_t *end, int8_t *activations, uint32_t bits)
   bits: of an activation without its sign. The bits that any positive sum has tell the shift as the largest
   does. */
dime_shift_norm:
    mv t0, a0
    mv t2, a3
    li a5, 0
1:  lw a3, 0(a0)
    mv a4, a3
    srai a4, a4, 31
    and a4, a4, a3
    xor a3, a3, a4
    or a5, a5, a3
    addi a0, a0, 4
    bne a0, a1, 1b
    srl a5, a5, t2
    li a3, 0 /* shift */
    j 3f
2:  srli a5, a5, 1
    addi a3, a3, 1
3:  bnez a5, 2b
    li a4, 1
    sll a5, a4, t2
    addi a5, a5, -1 /* top */
    sll a4, a4, a3
    srli a4, a4, 1 /* rounding */
    mv a0, t0
4:  lw t1, 0(a0)
    bltz t1, 6f
    add t1, t1, a4
    srl t1, t1, a3
    bgtu t1, a5, 7f
5:  sb t1, 0(a2)
    addi a0, a0, 4
    addi a2, a2, 1
    bne a0, a1, 4b
    ret
6:  li t1, 0
    j 5b
7:  mv t1, a5
    j 5b
    .size dime_shift_norm, . - dime_shift_norm
