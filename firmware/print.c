/* SPDX-License-Identifier: MIT */
#include "print.h"

#include "debug_print.h"
#include "usart.h"

#ifdef DIME_PRINT_SWIO

/* The wire carries up to seven bytes at once; text waits here until there are so many, or a line ends. */
static uint8_t waiting[7];
static uint8_t waiting_count;

static void flush(void) {
    if (waiting_count) debug_send(waiting, waiting_count);
    waiting_count = 0;
}

static void put(uint8_t byte) {
    waiting[waiting_count++] = byte;
    if (byte == '\n' || waiting_count == sizeof waiting) flush();
}

void print_start(uint32_t divider) {
    (void)divider;
}

void print_finish(void) {
    flush();
    debug_finish();
}

#else

static void put(uint8_t byte) {
    usart_put(byte);
}

void print_start(uint32_t divider) {
    usart_start(divider);
}

void print_finish(void) {
    usart_finish();
}

#endif

void print_text(const char *text) {
    while (*text) put((uint8_t)*text++);
}

/* By subtraction of powers of ten: the chip cannot divide. */
void print_unsigned(uint32_t value) {
    static const uint32_t powers[] = {1000000000, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100, 10};
    uint32_t begun = 0;
    for (uint32_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        uint8_t digit = '0';
        for (; value >= powers[i]; value -= powers[i]) digit++;
        begun |= digit != '0';
        if (begun) put(digit);
    }
    put((uint8_t)('0' + value));
}

void print_signed(int32_t value) {
    if (value < 0) put('-');
    print_unsigned(value < 0 ? 0u - (uint32_t)value : (uint32_t)value);
}

void print_hexadecimal(uint32_t value) {
    for (uint32_t i = 0; i < 8; i++, value <<= 4) {
        uint32_t digit = value >> 28;
        put((uint8_t)(digit < 10 ? '0' + digit : 'a' - 10 + digit));
    }
}
