/* SPDX-License-Identifier: MIT */
/* Frames from the serial line, received by interrupt while the program does something else: two may wait. */
#ifndef FIRMWARE_INBOX_H
#define FIRMWARE_INBOX_H

#include "link.h"

struct inbox_counts {
    uint16_t damaged, dropped; /* frames, modulo 65536 */
    uint8_t dropped_sequence;  /* of the last one dropped */
};

void inbox_start(uint32_t divider); /* see usart_start() */

/* The oldest frame that waits, or NULL. It stays until inbox_release(). */
const struct dime_link_frame *inbox_frame(void);
void inbox_release(void);

struct inbox_counts inbox_counts(void);

#endif
