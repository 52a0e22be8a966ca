/* SPDX-License-Identifier: MIT */
/* A pseudo-terminal as a serial port: a board simulated by another program stands behind it. libserialport
   refuses these. It looks ports up in /sys/class/tty, where a pseudo-terminal has no entry, and asks for
   modem signals, which it does not have. So it is opened here, as the plain terminal that it is. */
#ifndef DIME_LIVE_PSEUDO_TERMINAL_H
#define DIME_LIVE_PSEUDO_TERMINAL_H

#include <stdint.h>

#include "live/port.h"

struct dime_pseudo_terminal;

/* path: without links. */
int dime_pseudo_terminal_is(const char *path);
/* baud: 9600, 57600 or 115200; it changes nothing but what the far end may ask for. Errors: IO
   (it cannot be opened, or has no such speed), MEMORY; messages do not name the path. */
int dime_pseudo_terminal_open(struct dime_pseudo_terminal **terminal, const char *path, uint32_t baud);
void dime_pseudo_terminal_close(struct dime_pseudo_terminal *terminal); /* NULL is allowed */
/* Lives as long as the terminal. */
struct dime_live_port dime_pseudo_terminal_line(struct dime_pseudo_terminal *terminal);

#endif
