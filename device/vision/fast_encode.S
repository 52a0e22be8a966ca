/* SPDX-License-Identifier: MIT */
/* The mean-subtracted encoding for RV32EC: encode.c, step by step and with the same numbers. Compressed
   instructions wherever there are some, since this runs from flash. */

    .equ STEP, 254000   /* 127 * 10000 / 5 */
    .equ START, 8465439 /* the mean times that */
    .equ MEAN, 66657    /* in units of 5 / 10000 grey level */
    .equ FRACTION_BITS, 24
    .equ LOW, 0 /* 16 words, from sp; see struct scale */
    .equ HIGH, 64
    .equ SAVED, 128
    .equ FRAME, 144

    .section .text.dime_encode_mean_subtracted, "ax", @progbits
    .global dime_encode_mean_subtracted
    .type dime_encode_mean_subtracted, @function
    .p2align 2

/* void dime_encode_mean_subtracted(const uint8_t *pixels, uint32_t count, int8_t *output), count >= 1

   t1 pixels, a1 their end, a2 output; t0 pixels at a time: 4 where that is possible, else 1 and t2 not 0. */
dime_encode_mean_subtracted:
    addi sp, sp, -FRAME
    sw ra, SAVED(sp)
    sw s0, SAVED + 4(sp)
    sw s1, SAVED + 8(sp)
    mv t1, a0
    mv t2, a0
    or t2, t2, a1
    or t2, t2, a2
    andi t2, t2, 3
    li t0, 4
    beqz t2, 1f
    li t0, 1
1:  add a1, a1, a0

    /* a5: the brightest pixel. A word has a brighter one if a byte + 255 - a5, which is s0 twice, gets to 256:
       two bytes at a time. */
    sw a2, SAVED + 12(sp)
    li a5, 0
    li s0, 0x00FF00FF
    mv s1, s0
    li tp, 0x01000100
    bnez t2, .Lone_pixel
    .p2align 2
.Lbrightest:
    lw a3, 0(a0)
.Lpixels:
    add a0, a0, t0
    beqz a3, .Lpassed
    mv a4, a3
    and a4, a4, s1
    add a4, a4, s0
    mv a2, a3
    srli a2, a2, 8
    and a2, a2, s1
    add a2, a2, s0
    or a4, a4, a2
    and a4, a4, tp
    bnez a4, .Lbrighter
.Lpassed:
    bnez t2, .Lone_passed
    bne a0, a1, .Lbrightest
.Lmeasured:
    lw a2, SAVED + 12(sp)
    li a4, MEAN / 1000 + 1
    bltu a5, a4, .Ldim

    /* a5: the largest distance from the mean, that of the brightest or of the darkest pixel. */
.Ldistance:
    mv s0, a5
    slli s0, s0, 7
    sub s0, s0, a5
    sub s0, s0, a5
    sub s0, s0, a5
    slli s0, s0, 4 /* 2000 a5 */
    li a5, -MEAN
    add a5, a5, s0
    bgez a5, 1f
    neg a5, a5

1:  li a3, START
    jal .Ldivide
    li a4, (1 << (FRACTION_BITS - 1)) + 2
    sub a4, a4, a0
    sw a4, HIGH(sp)
    li a3, STEP
    jal .Ldivide
    mv s0, sp
    li s1, 0
    jal .Lfill
    mv a0, s1
    mv a3, a4
    lw s1, HIGH(sp)
    jal .Lfill

    /* t0, t1, t2, a1, a2 as before; s1 four blank pixels, a3 pixels, s0 where they go. */
    lw s1, HIGH(sp)
    srli s1, s1, 24
    mv a4, s1
    slli a4, a4, 8
    or s1, s1, a4
    mv a4, s1
    slli a4, a4, 16
    or s1, s1, a4
    mv a0, t1
    call dime_fast_hot_encode
    lw ra, SAVED(sp)
    lw s0, SAVED + 4(sp)
    lw s1, SAVED + 8(sp)
    addi sp, sp, FRAME
    ret

.Lone_passed:
    beq a0, a1, .Lmeasured
.Lone_pixel:
    lbu a3, 0(a0)
    j .Lpixels
.Lbrighter:
    andi a4, a3, 255
    bgeu a5, a4, 2f
    mv a5, a4
2:  srli a3, a3, 8
    bnez a3, .Lbrighter
    xori s0, a5, 255
    slli a4, s0, 16
    or s0, s0, a4
    j .Lpassed

    /* The darkest one counts where it and the brightest are less than twice the mean together. */
.Ldim:
    mv a0, t1
    li a4, 255
1:  lbu a3, 0(a0)
    bgeu a3, a4, 2f
    mv a4, a3
2:  addi a0, a0, 1
    bne a0, a1, 1b
    add a3, a4, a5
    li a0, MEAN / 1000 + 1
    bgeu a3, a0, .Ldistance
    mv a5, a4
    j .Ldistance

    /* a0 = floor(a3 * 2^24 / a5) modulo 2^32, a3 the remainder; changes s0. */
.Ldivide:
    li a0, 0
    slli s0, a5, 4
    bltu a3, s0, 1f
    sub a3, a3, s0
    li a0, 16
    .p2align 2
1:  bltu a3, a5, 2f
    sub a3, a3, a5
    addi a0, a0, 1
    j 1b
2:  li s0, FRACTION_BITS / 2
    .p2align 2
3:  .rept 2
    slli a0, a0, 1
    slli a3, a3, 1
    bltu a3, a5, 4f
    sub a3, a3, a5
    addi a0, a0, 1
4:
    .endr
    addi s0, s0, -1
    bnez s0, 3b
    ret

    /* 16 words from s0 on: s1 and what follows in steps of a0 and a3 / a5. s1: the 17th, a4: its remainder. */
.Lfill:
    addi tp, s0, 64
    li a4, 0
    .p2align 2
1:  sw s1, 0(s0)
    addi s0, s0, 4
    add s1, s1, a0
    add a4, a4, a3
    bltu a4, a5, 2f
    sub a4, a4, a5
    addi s1, s1, 1
2:  bne s0, tp, 1b
    ret
    .size dime_encode_mean_subtracted, . - dime_encode_mean_subtracted

    .section .text.dime_fast_hot_encode, "ax", @progbits
    .global dime_fast_hot_encode
    .type dime_fast_hot_encode, @function
    .p2align 2

    /* a0 pixels, the rest as above. */
dime_fast_hot_encode:
.Lmap:
    bnez t2, .Lmap_one
    lw a3, 0(a0)
    sw s1, 0(a2)
.Lmap_pixels:
    mv s0, a2
    add a0, a0, t0
    add a2, a2, t0
    beqz a3, 2f
1:  andi a4, a3, 255
    beqz a4, 3f /* blank, and another behind it is not */
    slli a4, a3, 2
    andi a4, a4, 60
    add a4, a4, sp
    lw a4, LOW(a4)
    srli a5, a3, 2
    andi a5, a5, 60
    add a5, a5, sp
    lw a5, HIGH(a5)
    add a4, a4, a5
    srai a4, a4, 24
    sb a4, 0(s0)
3:  srli a3, a3, 8
    addi s0, s0, 1
    bnez a3, 1b
2:  bne a0, a1, .Lmap
    ret
.Lmap_one:
    lbu a3, 0(a0)
    sb s1, 0(a2)
    j .Lmap_pixels
    .size dime_fast_hot_encode, . - dime_fast_hot_encode

    .section .text.dime_encode_binary, "ax", @progbits
    .global dime_encode_binary
    .type dime_encode_binary, @function
    .p2align 2

/* void dime_encode_binary(uint32_t threshold, const uint8_t *pixels, uint32_t count, int8_t *output)

   a1 pixels, a2 the end of those that fill words, a3 output, a5 0x7F in each byte, t0 0x01 likewise, a4 what
   makes bit 7 of a byte's lower seven bits if they reach the threshold without its bit 7; t1 pixels behind. */
dime_encode_binary:
    addi sp, sp, -12
    sw ra, 0(sp)
    sw s0, 4(sp)
    sw s1, 8(sp)
    mv t2, a0
    or a4, a1, a3
    andi a4, a4, 3
    mv t1, a2
    bnez a4, .Lbinary_bytes /* one by one */
    andi t1, a2, 3
    sub a2, a2, t1
    add a2, a2, a1
    li a5, 0x7F7F7F7F
    li t0, 0x01010101
    li a4, 128
    sub a4, a4, a0
    srai s0, a4, 31
    andi a0, s0, 128
    add a4, a4, a0 /* 128 less the threshold's lower seven bits, or 0 for 128 */
    slli a0, a4, 8
    or a4, a4, a0
    slli a0, a4, 16
    or a4, a4, a0
    beq a1, a2, .Lbinary_bytes
    call dime_fast_hot_binary
.Lbinary_bytes:
    beqz t1, 2f
1:  lbu a4, 0(a1)
    sltu a4, a4, t2
    xori a4, a4, 1
    sb a4, 0(a3)
    addi a1, a1, 1
    addi a3, a3, 1
    addi t1, t1, -1
    bnez t1, 1b
2:  lw ra, 0(sp)
    lw s0, 4(sp)
    lw s1, 8(sp)
    addi sp, sp, 12
    ret
    .size dime_encode_binary, . - dime_encode_binary

    .section .text.dime_fast_hot_binary, "ax", @progbits
    .global dime_fast_hot_binary
    .type dime_fast_hot_binary, @function
    .p2align 2

    /* s0: 0, or -1 for a threshold above 128, which bit 7 alone does not reach. */
dime_fast_hot_binary:
    bnez s0, .Lhigh

    .macro binary_word join, place
    lw s0, \place(a1)
    beqz s0, 1f
    and s1, s0, a5
    add s1, s1, a4
    \join s0, s0, s1
    srli s0, s0, 7
    and s0, s0, t0
1:  sw s0, \place(a3)
    .endm

    .macro binary_words join
    sub s0, a2, a1
    andi s0, s0, 4
    beqz s0, 2f
    addi a1, a1, -4 /* an odd number: begin in the middle */
    addi a3, a3, -4
    j 3f
2:  binary_word \join, 0
3:  binary_word \join, 4
    addi a1, a1, 8
    addi a3, a3, 8
    bne a1, a2, 2b
    ret
    .endm

    binary_words or
.Lhigh:
    binary_words and
    .size dime_fast_hot_binary, . - dime_fast_hot_binary
