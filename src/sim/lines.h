/* SPDX-License-Identifier: MIT */
/* Source lines of addresses, asked of binutils' addr2line where it is installed. */
#ifndef DIME_SIM_LINES_H
#define DIME_SIM_LINES_H

#include "sim/profile.h"

struct sim_lines;

/* Looks all addresses (ascending) up at once. *lines is NULL where there is no addr2line or no debug
   information; that is no error. Errors: MEMORY, IO. */
int sim_lines_create(struct sim_lines **lines, const char *elf, const uint32_t *addresses, size_t count);
struct sim_line sim_lines_find(void *lines, uint32_t address); /* a sim_line_finder */
void sim_lines_free(struct sim_lines *lines);

#endif
