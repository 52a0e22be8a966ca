/* SPDX-License-Identifier: MIT */
/* A serial line to a predictor, simulated or real. */
#ifndef DIME_LIVE_PORT_H
#define DIME_LIVE_PORT_H

#include <stddef.h>
#include <stdint.h>

struct dime_live_port {
    void *context;
    /* 0 or a negative dime_error. */
    int (*send)(void *context, const uint8_t *bytes, size_t size);
    /* The next byte 0..255; -1 where none came in time; less: a dime_error. */
    int (*receive)(void *context);
    /* Segments that are lit, bit 0 segment A .. bit 6 segment G; -1 where nobody can see them. May be NULL.
     */
    int (*segments)(void *context);
};
enum { DIME_LIVE_NO_BYTE = -1 };

#endif
