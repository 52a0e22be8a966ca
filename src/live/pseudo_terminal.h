/* SPDX-License-Identifier: MIT */
/* A pseudo-terminal as a serial port: a board simulated by another program stands behind it. libserialport
   refuses these. It looks ports up in /sys/class/tty, where a pseudo-terminal has no entry, and asks for
   modem signals, which it does not have. So it is opened here, as the plain terminal that it is. */
#ifndef DIME_LIVE_PSEUDO_TERMINAL_H
#define DIME_LIVE_PSEUDO_TERMINAL_H

#include <stddef.h>
#include <stdint.h>

/* path: without links. */
int dime_pseudo_terminal_is(const char *path);
/* A file descriptor, to be closed with close. baud: 9600, 57600 or 115200; it changes nothing but what the
   far end may ask for. Errors: IO (it cannot be opened, or has no such speed); messages do not name the
   path. */
int dime_pseudo_terminal_open(const char *path, uint32_t baud);
/* Writes all bytes, waits up to a second for the far end to take some. Errors: IO. */
int dime_pseudo_terminal_write(int file, const uint8_t *bytes, size_t size);
/* How many bytes came, up to `size`; 0 where none came within `milliseconds`. Errors: IO. */
int dime_pseudo_terminal_read(int file, uint8_t *bytes, size_t size, int milliseconds);

#endif
