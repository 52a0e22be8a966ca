/* SPDX-License-Identifier: MIT */
/* USART1 on PD5 (TX) and PD6 (RX), 8 data bits, no parity, 1 stop bit: RM chapter 12. */
#ifndef FIRMWARE_USART_H
#define FIRMWARE_USART_H

#include "ch32v003.h"
#include "clock.h"

/* divider: USART_DIVIDER of 733 .. 3000000 baud; HCLK must be 48 MHz. */
void usart_start(uint32_t divider);
/* To be used with a constant, so that the compiler divides. */
#define USART_DIVIDER(baud) ((CLOCK_HZ + (baud) / 2) / (baud))

/* Waits until the transmitter takes the byte. */
void usart_put(uint8_t byte);
void usart_write(const uint8_t *bytes, uint32_t count);

/* Sends bytes by DMA, channel 4, while the program goes on; waits for an earlier transmission. The bytes must
   stay as they are until usart_finish(), or the next usart_send(), returns. count: 1..65535. */
void usart_send(const void *bytes, uint32_t count);

/* Waits until the last bit has left the pin. */
void usart_finish(void);

/* Waits for a byte. errors: USART_STATR_ORE (a byte before this one was lost), _FE and _NE are added to it.
   Must be called again before two more bytes have arrived: 480 cycles each at 1000000 baud. */
uint8_t usart_get(uint32_t *errors);
/* Whatever arrived until now is not waited for, nor are its errors. */
void usart_forget(void);

/* Receives bytes by DMA, channel 5, into a ring of `size` bytes, without the core. usart_ring_position() is
   where the next byte will be written. */
void usart_receive_ring(void *ring, uint32_t size);
uint32_t usart_ring_position(uint32_t size);

#endif
