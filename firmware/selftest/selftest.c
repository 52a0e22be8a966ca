/* SPDX-License-Identifier: MIT */
/* Tries every driver and prints a line for each: `ok NAME` or `FAILED NAME`, then how many failed. Then
   it hangs until the watchdog resets the chip, and says so. Nothing need be connected, and nothing may be to
   PA1. */
#include <stddef.h>

#include "clock.h"
#include "debug_print.h"
#include "display.h"
#include "finish.h"
#include "gpio.h"
#include "interrupt.h"
#include "print.h"
#include "timer.h"
#include "usart.h"
#include "watchdog.h"

#ifndef DIME_BAUD
#define DIME_BAUD 115200
#endif

void *memcpy(void *restrict target, const void *restrict source, size_t size);
void *memmove(void *target, const void *source, size_t size);
void *memset(void *target, int value, size_t size);
int memcmp(const void *a, const void *b, size_t size);

static uint32_t failures;
static volatile uint32_t initialised = 0x12345678; /* comes from flash by the start-up code */
static volatile uint32_t zeroed;

static void check(int holds, const char *name) {
    print_text(holds ? "ok " : "FAILED ");
    print_text(name);
    print_text("\n");
    if (!holds) failures++;
}

static void check_start(void) {
    check(initialised == 0x12345678 && zeroed == 0, "data and bss");
    check(((RCC->CFGR0 >> 2) & 3) == 2 && FLASH->ACTLR == FLASH_ACTLR_LATENCY_1, "clock from the PLL");
}

/* One microsecond is 48 cycles; the timer and SysTick count the same clock in two ways. */
static void check_time(void) {
    uint32_t start = cycles_now();
    timer_sleep_ms(10);
    uint32_t cycles = cycles_now() - start;
    check(cycles > 10 * 47500 && cycles < 10 * 48500 + 48000, "ten milliseconds");
}

static void check_pins(void) {
    gpio_start(RCC_APB2_GPIOA);
    gpio_configure(GPIOA, 2, GPIO_PULLED);
    gpio_write(GPIOA, 2, 0);
    uint32_t up = GPIOA->INDR & 2;
    gpio_write(GPIOA, 0, 2);
    uint32_t down = GPIOA->INDR & 2;
    check(up && !down, "pull-up and pull-down");
    display_start();
    display_show(8);
    check((GPIOC->OUTDR & 0x7F) == 0x00, "display lit");
    display_clear();
    check((GPIOC->OUTDR & 0x7F) == 0x7F, "display dark");
}

static void check_memory(void) {
    static uint8_t a[12], b[12];
    for (uint8_t i = 0; i < sizeof a; i++) a[i] = i;
    memcpy(b, a, sizeof b);
    int equal = memcmp(a, b, sizeof a) == 0;
    memmove(b + 2, b, 8);
    int moved = b[2] == 0 && b[9] == 7 && b[10] == 10;
    memset(b, 0x55, 4);
    check(equal && moved && b[0] == 0x55 && b[4] == 2 && memcmp(a, b, sizeof a) < 0, "memory functions");
}

/* Against products and quotients that the compiler has worked out. */
static void check_arithmetic(void) {
    static const int32_t factors[][2] = {
        {7, -21}, {-128, 255}, {65535, 65537}, {-5, 0}, {-2147483647 - 1, 3}};
    static const uint32_t products[] = {0xFFFFFF6D, 0xFFFF8080, 0xFFFFFFFF, 0, 0x80000000};
    static const int32_t quotients[][4] = {{100, 7, 14, 2},
                                           {-100, 7, -14, -2},
                                           {100, -7, -14, 2},
                                           {6, 7, 0, 6},
                                           {-2147483647 - 1, 2, -1073741824, 0}};
    int right = 1;
    for (uint32_t i = 0; i < 5; i++) {
        volatile int32_t a = factors[i][0], b = factors[i][1];
        right &= (uint32_t)a * (uint32_t)b == products[i];
        volatile int32_t n = quotients[i][0], d = quotients[i][1];
        right &= n / d == quotients[i][2] && n % d == quotients[i][3];
    }
    volatile uint32_t large = 4294967295u, divisor = 3000000000u, ten = 10;
    right &= large / divisor == 1 && large % divisor == 1294967295u && large / ten == 429496729 &&
             large % ten == 5;
    check(right, "multiplication and division");
}

static void print_numbers(void) {
    print_text("numbers ");
    print_unsigned(0);
    print_text(" ");
    print_unsigned(4294967295u);
    print_text(" ");
    print_signed(-2147483647 - 1);
    print_text(" ");
    print_unsigned(1000000000);
    print_text(" ");
    print_hexadecimal(0xDEADBEEF);
    print_text("\n");
}

static void check_dma(void) {
    static const char line[] = "sent by DMA\n";
    usart_finish();
    uint32_t start = cycles_now();
    usart_send(line, sizeof line - 1);
    uint32_t started = cycles_now() - start;
    usart_finish();
    uint32_t all = cycles_now() - start;
    uint32_t byte = 10 * USART1->BRR; /* cycles: ten bits */
    check(started < byte && all > (sizeof line - 2) * byte && all < (sizeof line + 2) * byte,
          "the core goes on while DMA sends");
}

static void check_ring(void) {
    static uint8_t ring[8];
    usart_receive_ring(ring, sizeof ring);
    check(usart_ring_position(sizeof ring) == 0, "a ring for received bytes");
}

static void end(void) {
    print_unsigned(failures);
    print_text(" failed\n");
    print_finish();
}

/* Feeds the watchdog for a while, then hangs until it resets the chip, which starts from main again. */
static void check_watchdog(void) {
    watchdog_start(100);
    for (uint32_t i = 0; i < 8; i++) {
        timer_sleep_ms(25);
        watchdog_feed();
    }
    check(1, "alive after 200 ms of feeding the watchdog");
    end();
    for (;;) {
    }
}

static void check_all(void) {
    static const uint8_t hello[] = {'s', 'w', 'i', 'o', '\n'};
    check_start();
    check_time();
    check_pins();
    check_memory();
    check_arithmetic();
    print_numbers();
    check_dma();
    check_ring();
    debug_send(hello, sizeof hello);
    check_watchdog();
}

int main(void) {
    clock_start();
    cycles_start();
    usart_start(USART_DIVIDER(DIME_BAUD));
    print_start(USART_DIVIDER(DIME_BAUD));
    interrupts_on();
    int bitten = watchdog_has_bitten();
    if (!bitten) check_all();
    check(bitten, "the watchdog resets a chip that hangs");
    end();
    finish();
}
