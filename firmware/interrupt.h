/* SPDX-License-Identifier: MIT */
/* Interrupts of the PFIC (RM chapter 6) and of the core. */
#ifndef FIRMWARE_INTERRUPT_H
#define FIRMWARE_INTERRUPT_H

#include "ch32v003.h"

/* A handler. Handlers do not interrupt each other. */
#define INTERRUPT_HANDLER __attribute__((interrupt("machine"), used))

/* Its word of the vector table: ch32v003.ld has the places of `interrupt`, usart1 or tim2. */
#define VECTOR(interrupt, handler)                                                                           \
    static void (*const vector)(void) __attribute__((section(".vectors." interrupt), used)) = (handler)

static inline void interrupt_enable(enum interrupt number) {
    PFIC->IENR[number >> 5] = 1u << (number & 31);
}

static inline void interrupt_disable(enum interrupt number) {
    PFIC->IRER[number >> 5] = 1u << (number & 31);
}

/* mstatus.MIE, bit 3. */
static inline void interrupts_on(void) {
    __asm__ volatile("csrsi mstatus, 8" ::: "memory");
}

static inline void interrupts_off(void) {
    __asm__ volatile("csrci mstatus, 8" ::: "memory");
}

/* Sleeps until an interrupt. One that arrives just before is not waited for: sleep only where another will
   follow. */
static inline void wait_for_interrupt(void) {
    __asm__ volatile("wfi" ::: "memory");
}

#endif
