/* SPDX-License-Identifier: MIT */
/* Vector table and what happens between reset and main. */

/* RM chapter 6, table "Vector table". The core starts by executing the first word; the others are addresses
   of handlers. A driver defines a handler by its name; what nobody defines ends in unhandled_interrupt. */
.macro vector name
    .weak \name
    .set \name, unhandled_interrupt
    .word \name
.endm

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
    vector nmi_handler           /* 2 */
    vector hard_fault_handler    /* 3 */
    .fill 8, 4, 0
    vector systick_handler       /* 12 */
    .word 0
    vector software_handler      /* 14 */
    .word 0
    vector wwdg_handler          /* 16 */
    vector pvd_handler
    vector flash_handler
    vector rcc_handler
    vector exti7_0_handler       /* 20 */
    vector awu_handler
    vector dma1_channel1_handler /* 22 */
    vector dma1_channel2_handler
    vector dma1_channel3_handler
    vector dma1_channel4_handler
    vector dma1_channel5_handler
    vector dma1_channel6_handler
    vector dma1_channel7_handler
    vector adc1_handler
    vector i2c1_event_handler    /* 30 */
    vector i2c1_error_handler
    vector usart1_handler        /* 32 */
    vector spi1_handler
    vector tim1_break_handler    /* 34 */
    vector tim1_update_handler
    vector tim1_trigger_handler
    vector tim1_capture_handler
    vector tim2_handler          /* 38 */
    .size vector_table, . - vector_table

    .section .text.reset_handler, "ax", @progbits
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

    /* QingKeV2 manual, "CSR registers": mtvec with both low bits set takes the table as addresses. INTSYSCR
       (0x804) 0: the compiler saves registers, and handlers do not interrupt each other. */
    la a0, vector_table
    ori a0, a0, 3
    csrw mtvec, a0
    csrw 0x804, zero
    call main
5:  csrci mstatus, 8
6:  j 6b
    .size reset_handler, . - reset_handler

    /* An exception, or an interrupt that somebody enabled without a handler. */
    .section .text.unhandled_interrupt, "ax", @progbits
    .global unhandled_interrupt
    .type unhandled_interrupt, @function
unhandled_interrupt:
    li a0, 255
    ebreak /* stops at a debugger or simulator; without one the core comes back here for ever */
    j unhandled_interrupt
    .size unhandled_interrupt, . - unhandled_interrupt
