/* SPDX-License-Identifier: MIT */
/* The part of C that BitNetMCU headers are written in: directives, comments, arrays of numbers. Private to
   src/model. */
#ifndef DIME_MODEL_BITNETMCU_SCAN_H
#define DIME_MODEL_BITNETMCU_SCAN_H

#include <stddef.h>
#include <stdint.h>

struct dime_header_cursor {
    const char *name; /* of the file, for messages */
    const char *at, *end;
    uint32_t line;
};

#define DIME_HEADER_WORD 64  /* bytes of a name, with its zero */
#define DIME_HEADER_BODY 256 /* bytes of a macro's body, with its zero */

struct dime_header_directive {
    char keyword[DIME_HEADER_WORD]; /* "define" */
    char name[DIME_HEADER_WORD];    /* what is defined; "" for other directives */
    char body[DIME_HEADER_BODY];    /* the rest of the line without comments, quotes and outer blanks */
    uint32_t line;
};

struct dime_header_array {
    char type[DIME_HEADER_WORD]; /* "uint32_t" */
    char name[DIME_HEADER_WORD]; /* "L1_weights" */
    uint32_t *numbers;           /* two's complement where negative; the caller frees it */
    size_t count;
    uint32_t line;
};

/* "NAME:LINE: ..." as an error of that code. */
int dime_header_fail(const char *name, uint32_t line, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Skips white space and comments. Errors: MALFORMED. */
int dime_header_skip(struct dime_header_cursor *cursor);
/* Stands at '#'. Errors: MALFORMED. */
int dime_header_read_directive(struct dime_header_cursor *cursor, struct dime_header_directive *directive);
/* Stands at a declaration `[static] const TYPE NAME[] = { numbers };`. Errors: MALFORMED, UNSUPPORTED (a
   type), MEMORY. */
int dime_header_read_array(struct dime_header_cursor *cursor, struct dime_header_array *array);
/* Reads a C integer, hexadecimal or decimal, with or without suffix, of at most 2^32 - 1; 0 where `text` is
   nothing else, 1 on success. */
int dime_header_number(const char *text, size_t length, uint32_t *number);

#endif
