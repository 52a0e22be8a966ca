/* SPDX-License-Identifier: MIT */
/* A real predictor board at a serial port of this machine. */
#ifndef DIME_LIVE_SERIAL_PORT_H
#define DIME_LIVE_SERIAL_PORT_H

#include <stdint.h>

#include "live/port.h"

struct dime_serial_port;

/* name: "/dev/ttyACM0". baud: 9600, 57600 or 115200. 8 data bits, no parity, 1 stop bit. Errors: IO (there is
   no such port, with those that there are; or it cannot be opened), MEMORY. */
int dime_serial_port_open(struct dime_serial_port **port, const char *name, uint32_t baud);
void dime_serial_port_close(struct dime_serial_port *port); /* NULL is allowed */
/* Lives as long as the port. */
struct dime_live_port dime_serial_port_line(struct dime_serial_port *port);

#endif
