/* SPDX-License-Identifier: MIT */
/* A real predictor board at a serial port of this machine, through libserialport. */
#ifndef DIME_LIVE_SERIAL_PORT_H
#define DIME_LIVE_SERIAL_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "live/port.h"

struct dime_serial_port;

/* name: "/dev/ttyACM0", a link to it, or a pseudo-terminal with a simulated board behind it. baud: in bits a
   second. 8 data bits, no parity, 1 stop bit, no flow control. Errors: IO (there is no such port, or it
   cannot be opened: with the ports that there are), MEMORY. */
int dime_serial_port_open(struct dime_serial_port **port, const char *name, uint32_t baud);
void dime_serial_port_close(struct dime_serial_port *port); /* NULL is allowed */
/* Lives as long as the port. A byte is waited for half a second, until a frame is taken a second. */
struct dime_live_port dime_serial_port_line(struct dime_serial_port *port);

/* The serial ports of this machine with what is plugged in, as "/dev/ttyACM0 (WCH-Link), /dev/ttyS0", or what
   it means that there is none. What does not fit into `size` bytes is left out. */
void dime_serial_ports_list(char *text, size_t size);

#endif
