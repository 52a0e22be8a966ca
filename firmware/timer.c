/* SPDX-License-Identifier: MIT */
#include "timer.h"

#include "clock.h"
#include "interrupt.h"

#define TICKS_PER_SECOND 1000u
#define COUNTS_PER_SECOND 1000000u

static volatile uint32_t ticks_left;

INTERRUPT_HANDLER void tim2_handler(void) {
    TIM2->INTFR = 0;
    if (ticks_left) ticks_left--;
}
VECTOR("tim2", tim2_handler);

static void start(void) {
    RCC->APB1PCENR |= RCC_APB1_TIM2;
    TIM2->PSC = CLOCK_HZ / COUNTS_PER_SECOND - 1;
    TIM2->ATRLR = COUNTS_PER_SECOND / TICKS_PER_SECOND - 1;
    TIM2->SWEVGR = TIM_SWEVGR_UG;
    TIM2->INTFR = 0; /* the event above is no tick */
    TIM2->DMAINTENR = TIM_DMAINTENR_UIE;
    interrupt_enable(INTERRUPT_TIM2);
    TIM2->CTLR1 = TIM_CTLR1_CEN;
}

static void stop(void) {
    TIM2->CTLR1 = 0;
    TIM2->DMAINTENR = 0;
    interrupt_disable(INTERRUPT_TIM2);
}

/* A tick between the comparison and wfi is slept through, which the next tick ends a millisecond later. */
void timer_sleep_ms(uint32_t milliseconds) {
    ticks_left = milliseconds;
    start();
    while (ticks_left) wait_for_interrupt();
    stop();
}
