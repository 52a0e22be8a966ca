/* SPDX-License-Identifier: MIT */
/* Bytes from the serial line, kept by an interrupt until the program takes them. Faulty ones are kept like
   others: whoever sends has a checksum. */
#ifndef FIRMWARE_PREDICTOR_INBOX_H
#define FIRMWARE_PREDICTOR_INBOX_H

#include <stdint.h>

#include "recognise.h"

/* The last so many are kept, a power of two. 512 bytes arrive in 44 ms, longer than any network of configs/
   takes that leaves room for them; 128 hold a frame and a half; and where maps take all the RAM a sender has
   to wait for answers. */
#ifdef DIME_PREPARED_ONLY
#define INBOX_BYTES (RECOGNISE_BYTES > 1200 ? 64 : RECOGNISE_BYTES > 700 ? 128 : 512)
#else
#define INBOX_BYTES 128
#endif

void inbox_start(void);   /* USART1 has been started */
int32_t inbox_take(void); /* the oldest byte, or -1 */
/* 1 where more bytes wait than there is room for, so that the oldest have been overwritten: all are thrown
   away. */
int inbox_lost(void);

#endif
