/* SPDX-License-Identifier: MIT */
/* Text over the single wire of the programmer (SWIO, PD1), through two registers of the debug module. */
#ifndef FIRMWARE_DEBUG_PRINT_H
#define FIRMWARE_DEBUG_PRINT_H

#include <stdint.h>

/* Sends 1..7 bytes. Waits for the programmer to fetch the ones before; when nobody has for about 40 ms, text
   is thrown away until somebody does. */
void debug_send(const uint8_t *bytes, uint32_t count);

/* Waits, as long as that, until the last bytes have been fetched. */
void debug_finish(void);

#endif
