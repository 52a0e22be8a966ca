/* SPDX-License-Identifier: MIT */
/* dime_planes_add (fast_planes.h) for RV32EC. Rows are sorted into buckets, one for each bit of the activations,
   of 16 addresses of 16 bits; a bucket begins at a multiple of 32 and is full when its pointer reaches the next
   one. gp and sp stay as they are, for interrupts. */
#if __riscv

#define PLANES_WORDS 0
#define PLANES_ZERO 4
#define PLANES_PLACES 8
#define PLANES_STRIDE 12
#define PLANES_RUN 14
#define PLANES_STEP 16
#define PLANES_SLICES 18
#define PLANES_RUNS 20

#define RA 0
#define S0 4
#define S1 8
#define PLANES 12
#define SLICES 16
#define SUM 20       /* D */
#define BEGIN 24     /* of the present run */
#define LEFT 28      /* runs, the present one included */
#define POINTERS 32  /* of the 7 buckets */
#define NEXT 60      /* saved s0 */
#define ROW 64       /* saved a0 */
#define VALUE 68     /* saved a1 */
#define STRIDE 72    /* saved tp */
#define END 76       /* saved ra */
#define RESUME 80    /* where a full bucket was met */
#define BIT 84       /* of the bucket that is counted */
#define LIST 88      /* its rows */
#define LIST_END 92
#define TARGET 96    /* slice of that bit */
#define PLACE 100    /* of the next word */
#define BACK 104     /* from counting a bucket */
#define PASS 108     /* from counting one word of its rows */
#define FIRST 112    /* bucket of bit 0 */
#define BUCKETS 116  /* 7 of 32 bytes, from the next multiple of 32 on */
#define FRAME 372 /* 116 + 31 + 224, a multiple of 4 */

    /* \sum + \a + \b, bit by bit: the carry is \a. */
    .macro full_adder sum, a, b, temporary
    and \temporary, \sum, \a
    xor \sum, \sum, \a
    and \a, \sum, \b
    xor \sum, \sum, \b
    or \a, \a, \temporary
    .endm

    .macro load_row place, register
    lhu a5, \place(a2)
    add a5, a5, t0
    lw \register, 0(a5)
    .endm

    /* Four rows into slices s1 and a0: the carry out of both is a3. */
    .macro four_rows
    load_row 0, a3
    load_row 2, a4
    full_adder s1, a3, a4, a5
    mv ra, a3
    load_row 4, a3
    load_row 6, a4
    full_adder s1, a3, a4, a5
    mv a4, ra
    full_adder a0, a3, a4, a5
    addi a2, a2, 8
    .endm

    .section .text.dime_planes_pass, "ax", @progbits
    .globl dime_planes_pass
    .type dime_planes_pass, @function
    .p2align 2
/* One word of up to 16 rows, a multiple of 4, into the slices from s0 on. a2: addresses of rows, t1 their end, t0
   place of the word in a row. Changes everything but t0, gp and sp. */
dime_planes_pass:
    sw ra, PASS(sp)
    lw s1, 0(s0)
    lw a0, 4(s0)
    lw a1, 8(s0)
    li t2, 0
    li tp, 0
    sub a3, t1, a2
    andi a3, a3, 8
    bnez a3, 2f
1:  four_rows
    mv tp, a3
2:  four_rows
    mv a4, tp
    full_adder a1, a3, a4, a5
    beq a2, t1, 3f
    mv t2, a3
    j 1b
3:  sw s1, 0(s0)
    sw a0, 4(s0)
    sw a1, 8(s0)
    mv a4, t2
    lw s1, 12(s0)
    full_adder s1, a3, a4, a5
    sw s1, 12(s0)
    beqz a3, 5f
    addi s0, s0, 16
4:  lw s1, 0(s0)
    and a4, s1, a3
    xor s1, s1, a3
    sw s1, 0(s0)
    beqz a4, 5f
    lw s1, 4(s0)
    and a3, s1, a4
    xor s1, s1, a4
    sw s1, 4(s0)
    addi s0, s0, 8
    bnez a3, 4b
5:  lw ra, PASS(sp)
    ret
    .size dime_planes_pass, . - dime_planes_pass

    .section .text.dime_planes_add, "ax", @progbits
    .globl dime_planes_add
    .type dime_planes_add, @function
    .p2align 2

    .macro save_pointers
    sw a2, POINTERS(sp)
    sw a3, POINTERS + 4(sp)
    sw a4, POINTERS + 8(sp)
    sw a5, POINTERS + 12(sp)
    sw t0, POINTERS + 16(sp)
    sw t1, POINTERS + 20(sp)
    sw t2, POINTERS + 24(sp)
    .endm

/* uint32_t dime_planes_add(const struct dime_planes *planes, const int8_t *x, uint32_t *slices) */
dime_planes_add:
    addi sp, sp, -FRAME
    sw ra, RA(sp)
    sw s0, S0(sp)
    sw s1, S1(sp)
    sw a0, PLANES(sp)
    sw a2, SLICES(sp)
    sw zero, SUM(sp)
    lhu a3, PLANES_SLICES(a0)
    slli a3, a3, 2
    add a3, a3, a2
    li a4, 0
1:  sw a4, 0(a2)
    sw a4, 4(a2)
    sw a4, 8(a2)
    sw a4, 12(a2)
    addi a2, a2, 16
    bne a2, a3, 1b
    mv s0, a1
    lbu a4, PLANES_RUNS(a0)
    sw a4, LEFT(sp)
    lhu tp, PLANES_STRIDE(a0)
    lhu ra, PLANES_RUN(a0)
    lw a0, PLANES_WORDS(a0)
    addi a2, sp, BUCKETS + 31
    andi a2, a2, -32
    sw a2, FIRST(sp)
    addi a3, a2, 32
    addi a4, a2, 64
    addi a5, a2, 96
    addi t0, a2, 128
    addi t1, a2, 160
    addi t2, a2, 192

    /* s0 next activation, a0 its row, a1 activation, tp stride, ra end of the run, s1 temporary, a2 a3 a4 a5 t0
       t1 t2 buckets of bits 0 to 6. */
.Lrun:
    sw s0, BEGIN(sp)
    add ra, ra, s0
.Lnext:
    lbu a1, 0(s0)
    addi s0, s0, 1
    bnez a1, .Lactive
.Lrow:
    add a0, a0, tp
    bne s0, ra, .Lnext
    lw s1, LEFT(sp)
    addi s1, s1, -1
    beqz s1, .Lend
    sw s1, LEFT(sp)
    lw s1, PLANES(sp)
    lw s0, BEGIN(sp)
    lhu ra, PLANES_STEP(s1)
    add s0, s0, ra
    lhu ra, PLANES_RUN(s1)
    j .Lrun

    .macro test_bit bit, bucket
    slli a1, a1, 1
    bgez a1, .Lbit\bit
    sh a0, 0(\bucket)
    addi \bucket, \bucket, 2
    andi s1, \bucket, 31
    beqz s1, .Lfull\bit
.Lbit\bit:
    .endm

.Lactive:
    slli a1, a1, 24
    test_bit 6, t2
    test_bit 5, t1
    test_bit 4, t0
    beqz a1, .Lrow
    test_bit 3, a5
    test_bit 2, a4
    test_bit 1, a3
    test_bit 0, a2
    j .Lrow

    .macro full_bucket bit
.Lfull\bit:
    li s1, \bit
    sw s1, BIT(sp)
    jal s1, .Lfull
    j .Lbit\bit
    .endm

    full_bucket 6
    full_bucket 5
    full_bucket 4
    full_bucket 3
    full_bucket 2
    full_bucket 1
    full_bucket 0

.Lfull:
    save_pointers
    sw s0, NEXT(sp)
    sw a0, ROW(sp)
    sw a1, VALUE(sp)
    sw tp, STRIDE(sp)
    sw ra, END(sp)
    sw s1, RESUME(sp)
    lw a0, BIT(sp)
    slli a1, a0, 2
    add a1, a1, sp
    lw a3, POINTERS(a1)
    addi a2, a3, -32
    sw a2, POINTERS(a1)
    jal s1, .Lcount
    lw a2, POINTERS(sp)
    lw a3, POINTERS + 4(sp)
    lw a4, POINTERS + 8(sp)
    lw a5, POINTERS + 12(sp)
    lw t0, POINTERS + 16(sp)
    lw t1, POINTERS + 20(sp)
    lw t2, POINTERS + 24(sp)
    lw s0, NEXT(sp)
    lw a0, ROW(sp)
    lw a1, VALUE(sp)
    lw tp, STRIDE(sp)
    lw ra, END(sp)
    lw s1, RESUME(sp)
    jr s1

/* Counts the rows from a2 to a3 for bit a0, padded by zeros to a multiple of 4; returns to s1. */
.Lcount:
    sw s1, BACK(sp)
    sub a4, a3, a2
    sll a4, a4, a0
    srli a4, a4, 1
    lw a5, SUM(sp)
    add a5, a5, a4
    sw a5, SUM(sp)
    lw a5, PLANES(sp)
    lw a4, PLANES_ZERO(a5)
    j 2f
1:  sh a4, 0(a3)
    addi a3, a3, 2
2:  andi a1, a3, 7
    bnez a1, 1b
    sw a2, LIST(sp)
    sw a3, LIST_END(sp)
    lw a4, SLICES(sp)
    slli a0, a0, 2
    add a0, a0, a4
    sw a0, TARGET(sp)
    lw a5, PLANES_PLACES(a5)
    li t0, 0
3:  lbu s0, 0(a5)
    addi a5, a5, 1
    sw a5, PLACE(sp)
    slli s0, s0, 2
    lw a4, TARGET(sp)
    add s0, s0, a4
    lw a2, LIST(sp)
    lw t1, LIST_END(sp)
    call dime_planes_pass
    addi t0, t0, 4
    lw a5, PLANES(sp)
    lhu a4, PLANES_STRIDE(a5)
    lw a5, PLACE(sp)
    bne t0, a4, 3b
    lw s1, BACK(sp)
    jr s1

.Lend:
    save_pointers
    li a0, 0
4:  sw a0, BIT(sp)
    slli a1, a0, 2
    add a1, a1, sp
    lw a3, POINTERS(a1)
    lw a2, FIRST(sp)
    slli a1, a0, 5
    add a2, a2, a1
    beq a2, a3, 5f
    jal s1, .Lcount
    lw a0, BIT(sp)
5:  addi a0, a0, 1
    li a1, 7
    bne a0, a1, 4b
    lw a0, SUM(sp)
    lw ra, RA(sp)
    lw s0, S0(sp)
    lw s1, S1(sp)
    addi sp, sp, FRAME
    ret
    .size dime_planes_add, . - dime_planes_add
#endif
