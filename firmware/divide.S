/* SPDX-License-Identifier: MIT */
/* Division for a chip that has none, under the names that the compiler calls. One function a section, so that
   only those in use are linked; libgcc's come all together. Steps: twice as many as the quotient has bits. */
.macro function name
    .section .text.\name, "ax", @progbits
    .global \name
    .type \name, @function
\name:
.endm

/* a0 = a0 / a1, a1 = a0 % a1, unsigned; changes a2, a3. Division by zero: 0, and the
   dividend as remainder. */
function __udivsi3
    mv a2, a0
    li a0, 0
    li a3, 1
    beqz a1, 4f
1:  bgeu a1, a2, 2f /* the divisor moves up to the dividend */
    bltz a1, 2f
    slli a1, a1, 1
    slli a3, a3, 1
    j 1b
2:  bltu a2, a1, 3f /* and down again */
    sub a2, a2, a1
    or a0, a0, a3
3:  srli a1, a1, 1
    srli a3, a3, 1
    bnez a3, 2b
4:  mv a1, a2
    ret
    .size __udivsi3, . - __udivsi3

function __umodsi3
    mv t0, ra
    jal __udivsi3
    mv a0, a1
    jr t0
    .size __umodsi3, . - __umodsi3

/* Rounds towards zero. */
function __divsi3
    mv t0, ra
    xor t1, a0, a1
    bgez a0, 1f
    neg a0, a0
1:  bgez a1, 2f
    neg a1, a1
2:  jal __udivsi3
    bgez t1, 3f
    neg a0, a0
3:  jr t0
    .size __divsi3, . - __divsi3

/* The remainder has the dividend's sign. */
function __modsi3
    mv t0, ra
    mv t1, a0
    bgez a0, 1f
    neg a0, a0
1:  bgez a1, 2f
    neg a1, a1
2:  jal __udivsi3
    mv a0, a1
    bgez t1, 3f
    neg a0, a0
3:  jr t0
    .size __modsi3, . - __modsi3
