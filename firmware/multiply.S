/* SPDX-License-Identifier: MIT */
/* Multiplication for a chip that has none: the compiler calls __mulsi3. libgcc's goes through 32 bits where
   the second factor is negative; this one through as many as its magnitude has: at most 8 for weights and
   activations. */
    .section .text.__mulsi3, "ax", @progbits
    .global __mulsi3
    .type __mulsi3, @function
    .p2align 2
__mulsi3: /* a0 = a0 * a1, modulo 2^32; changes a1, a2, a3 */
    mv a2, a0
    li a0, 0
    bgez a1, 1f
    neg a1, a1
    neg a2, a2
1:  andi a3, a1, 1
    srli a1, a1, 1
    beqz a3, 2f
    add a0, a0, a2
2:  slli a2, a2, 1
    bnez a1, 1b
    ret
    .size __mulsi3, . - __mulsi3
