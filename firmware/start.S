/* SPDX-License-Identifier: MIT */
/* Vector table and what happens between reset and main. */

/* RM chapter 6, table "Vector table". The core starts by executing the first word; the others are addresses of
   handlers. No driver here uses the interrupts 4 to 31, whose words hold the code after reset instead. Words
   from 32 on are put there by the drivers that have handlers (VECTOR in interrupt.h), where they are linked. */
    .section .vectors, "ax", @progbits
    .global vector_table
    .type vector_table, @object
vector_table:
    .option push
    .option norvc
    .option norelax
    j reset_handler
    .option pop
    .word 0
    .word unhandled_interrupt /* 2: NMI */
    .word unhandled_interrupt /* 3: hard fault */
    .size vector_table, . - vector_table

    .global reset_handler
    .type reset_handler, @function
reset_handler:
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    la sp, __stack_top

    /* Initialised data, and code that runs from RAM. All bounds are multiples of 4. */
    la a0, __data_start
    la a1, __data_end
    la a2, __data_load
    j 2f
1:  lw a3, 0(a2)
    sw a3, 0(a0)
    addi a0, a0, 4
    addi a2, a2, 4
2:  bltu a0, a1, 1b

    la a1, __bss_end /* .bss follows .data */
    j 4f
3:  sw zero, 0(a0)
    addi a0, a0, 4
4:  bltu a0, a1, 3b

    /* QingKeV2 manual, "CSR registers": mtvec with both low bits set takes the table, which is at address 0, as
       addresses. INTSYSCR (0x804) is 0 after reset: the compiler saves registers, and handlers do not
       interrupt each other. */
    csrwi mtvec, 3
    call main
5:  csrci mstatus, 8
6:  j 6b
    .size reset_handler, . - reset_handler

    /* An exception. */
    .global unhandled_interrupt
    .type unhandled_interrupt, @function
unhandled_interrupt:
    li a0, 255
    ebreak /* stops at a debugger or simulator; without one the core comes back here for ever */
    j unhandled_interrupt
    .size unhandled_interrupt, . - unhandled_interrupt
