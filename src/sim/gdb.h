/* SPDX-License-Identifier: MIT */
/* GDB remote serial protocol: a debugger drives the simulated chip. GDB manual, appendix E. */
#ifndef DIME_SIM_GDB_H
#define DIME_SIM_GDB_H

#include <stdint.h>

#include "sim/chip.h"

/* Waits for a debugger on 127.0.0.1:port and serves it until it detaches, kills the program or closes the
   connection. After a detach the program runs on to its end or the limits. *stop is why it last stopped.
   Errors: IO. */
int sim_gdb_serve(struct sim_chip *chip, uint16_t port, const struct sim_limits *limits, enum sim_stop *stop);

#endif
