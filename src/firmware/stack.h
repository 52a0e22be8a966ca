/* SPDX-License-Identifier: MIT */
/* The most stack that a linked program can need, from its instructions: every way through every function,
   with what it has pushed at each call. */
#ifndef DIME_FIRMWARE_STACK_H
#define DIME_FIRMWARE_STACK_H

#include <stdint.h>

#include "firmware/listing.h"

#define DIME_STACK_PATH_BYTES 512

/* A function that is called through a pointer by one other alone, or by those of several entries. Without
   this a function that calls through pointers, and is called through one itself, would seem to call itself.
 */
struct dime_stack_caller {
    const char *callee; /* name, or pattern of names with *; "": calls go back to the code that called it */
    const char *caller; /* name; one that is not in the program counts for nothing */
};

/* Where a program begins, and where it may be called from outside or through pointers. */
struct dime_stack_entries {
    uint32_t reset;           /* address of the function that sets the stack pointer */
    const uint32_t *handlers; /* of interrupts; one at a time interrupts the program, none another */
    uint32_t handler_count;
    const uint32_t *candidates; /* functions whose address is taken: a call through a pointer may reach any */
    uint32_t candidate_count;
    /* Of some of the candidates; a function that none of them fits may call any. */
    const struct dime_stack_caller *callers;
    uint32_t caller_count;
};

struct dime_stack_depth {
    uint32_t bytes; /* program and the deepest handler together */
    uint32_t handler_bytes;
    char path[DIME_STACK_PATH_BYTES]; /* "reset_handler > main > ... + usart1_handler" */
};

/* Errors: UNSUPPORTED where there is no bound (recursion, a stack pointer of unknown value, a loop that
   pushes, a call through a pointer that can reach no known function), naming the function; MALFORMED (an
   address without code); MEMORY. */
int dime_stack_measure(const struct dime_listing *listing, const struct dime_stack_entries *entries,
                       struct dime_stack_depth *depth);

/* Addresses of the functions that relocations other than calls and branches name, from `objdump -r` of the
   object files: malloc'ed. Names are looked up in the listing; local functions of one name all count. Errors:
   MEMORY. */
int dime_stack_candidates(const struct dime_listing *listing, const char *relocations, uint32_t **candidates,
                          uint32_t *count);

/* Words of the section in `objdump -s` that are addresses of functions, other than the first: malloc'ed. */
int dime_stack_handlers(const struct dime_listing *listing, const char *dump, uint32_t **handlers,
                        uint32_t *count);

#endif
