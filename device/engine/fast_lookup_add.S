/* SPDX-License-Identifier: MIT */
/* dime_lookup_add (fast_lookup.h) for RV32EC. */
#if __riscv

#define LOOKUP_WORDS 0
#define LOOKUP_CHANNELS 4
#define LOOKUP_BYTES 6
#define LOOKUP_DOWN 8

#define ROW_BYTES 108 /* of a kernel row's table */

#define RA 0
#define S0 4
#define S1 8
#define SUMS 12
#define SUMS_END 16
#define LEFT 20     /* channels, 16 bits */
#define CHANNELS 22 /* likewise */
#define WORDS 24    /* of the next channel */
#define ONE 28      /* window of the next channel */
#define OTHER 32
#define DOWN 36
#define TABLE 40    /* of three kernel rows */
#define FRAME 364   /* 40 + 3 * 108 */

    /* a4 += entry of the table at `place`; the word a0 goes on. */
    .macro look_up place
    and a1, a0, a3
    add a1, a1, s1
    lw a1, \place(a1)
    add a4, a4, a1
    .endm

    .section .text.dime_lookup_channel, "ax", @progbits
    .globl dime_lookup_channel
    .type dime_lookup_channel, @function
    .p2align 2
/* One input channel: a5 words, s0 sums, t0 their end, s1 tables, a3 0x7C. Leaves a5 behind the words. */
dime_lookup_channel:
1:  lw a0, 0(a5)
    lw a4, 0(s0)
    look_up 0
    srli a0, a0, 5
    look_up ROW_BYTES
    srli a0, a0, 5
    look_up 2 * ROW_BYTES
    srli a0, a0, 5
    sw a4, 0(s0)
    lw a4, 4(s0)
    look_up 0
    srli a0, a0, 5
    look_up ROW_BYTES
    srli a0, a0, 5
    look_up 2 * ROW_BYTES
    sw a4, 4(s0)
    addi a5, a5, 4
    addi s0, s0, 8
    bne s0, t0, 1b
    ret
    .size dime_lookup_channel, . - dime_lookup_channel

    .section .text.dime_lookup_add, "ax", @progbits
    .globl dime_lookup_add
    .type dime_lookup_add, @function
    .p2align 2

    /* \word = what both places see; to the next column. t0, t1: the places. */
    .macro load_column word
    lb \word, 0(t0)
    lb a4, 0(t1)
    slli a4, a4, 16
    add \word, \word, a4
    add t0, t0, t2
    add t1, t1, t2
    .endm

    /* Three entries, of which a3 holds the first; then a3 is the first of the next three. */
    .macro three_entries place, step
    sw a3, \place(a5)
    add a3, a3, a0
    sw a3, \place + 4(a5)
    add a3, a3, a0
    sw a3, \place + 8(a5)
    add a3, a3, \step
    .endm

/* void dime_lookup_add(const struct dime_lookup *lookup, const int8_t *one, const int8_t *other,
                        uint32_t *sums) */
dime_lookup_add:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    mv t0, a1
    mv t1, a2
    sw a3, SUMS(sp)
    lhu a1, LOOKUP_BYTES(a0)
    add a1, a1, a3
    sw a1, SUMS_END(sp)
    li a2, 0
1:  sw a2, 0(a3)
    sw a2, 4(a3)
    addi a3, a3, 8
    bne a3, a1, 1b
    lw a1, LOOKUP_WORDS(a0)
    sw a1, WORDS(sp)
    lhu t2, LOOKUP_CHANNELS(a0)
    sh t2, CHANNELS(sp)
    sh t2, LEFT(sp)
    lhu tp, LOOKUP_DOWN(a0)
    sw tp, DOWN(sp)

    /* t0, t1 places, t2 bytes from column to column, tp from row to row, a5 table, ra its end; s1 all words seen,
       or'ed. */
.Lchannel:
    sw t0, ONE(sp)
    sw t1, OTHER(sp)
    addi a5, sp, TABLE
    addi ra, a5, 3 * ROW_BYTES
    li s1, 0
.Lrow:
    load_column a0
    load_column a1
    lb a2, 0(t0)
    lb a4, 0(t1)
    slli a4, a4, 16
    add a2, a2, a4
    add t0, t0, tp
    add t1, t1, tp
    or s1, s1, a0
    or s1, s1, a1
    or s1, s1, a2
    /* a3 = -a0 - a1 - a2; steps s0 = a1 - 2 a0 and a2 = a2 - 2 a1 - 2 a0 */
    mv a3, a0
    add a3, a3, a1
    mv s0, a1
    sub s0, s0, a0
    sub s0, s0, a0
    mv a4, a3
    add a3, a3, a2
    sub a2, a2, a4
    sub a2, a2, a4
    neg a3, a3
    three_entries 0, s0
    three_entries 12, s0
    three_entries 24, a2
    three_entries 36, s0
    three_entries 48, s0
    three_entries 60, a2
    three_entries 72, s0
    three_entries 84, s0
    three_entries 96, a2
    addi a5, a5, ROW_BYTES
    bne a5, ra, .Lrow
    lw a5, WORDS(sp)
    lw s0, SUMS(sp)
    lw t0, SUMS_END(sp)
    beqz s1, .Lblank
    addi s1, sp, TABLE
    li a3, 0x7C
    call dime_lookup_channel
.Lnext:
    sw a5, WORDS(sp)
    lw t0, ONE(sp)
    lw t1, OTHER(sp)
    lhu t2, CHANNELS(sp)
    lw tp, DOWN(sp)
    addi t0, t0, 1
    addi t1, t1, 1
    lhu a0, LEFT(sp)
    addi a0, a0, -1
    sh a0, LEFT(sp)
    bnez a0, .Lchannel
    lw ra, RA(sp)
    lw s0, S0(sp)
    lw s1, S1(sp)
    addi sp, sp, FRAME
    ret
.Lblank: /* both places see nothing: over the words, 4 bytes for two sums */
    sub t0, t0, s0
    srli a0, t0, 1
    add a5, a5, a0
    j .Lnext
    .size dime_lookup_add, . - dime_lookup_add
#endif
