/* SPDX-License-Identifier: MIT */
/* Text and numbers without printf. They go to USART1, or with DIME_PRINT_SWIO defined to the programmer's
   single wire. */
#ifndef FIRMWARE_PRINT_H
#define FIRMWARE_PRINT_H

#include <stdint.h>

/* divider: of USART1, see usart_start(). */
void print_start(uint32_t divider);
void print_text(const char *text);
void print_unsigned(uint32_t value);
void print_signed(int32_t value);
void print_hexadecimal(uint32_t value); /* eight digits */
/* Waits until everything has left. */
void print_finish(void);

#endif
