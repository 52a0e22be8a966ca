/* SPDX-License-Identifier: MIT */
#ifndef DIME_BASE_ERROR_H
#define DIME_BASE_ERROR_H

/* Every function that can fail returns 0 or a negative dime_error. */
enum dime_error {
    DIME_OK = 0,
    DIME_ERROR_IO = -1,          /* a file or connection could not be opened, read or written */
    DIME_ERROR_MALFORMED = -2,   /* content does not follow its format: truncated, oversized, contradictory */
    DIME_ERROR_CONFIG = -3,      /* a configuration key or value is wrong */
    DIME_ERROR_MEMORY = -4,      /* an allocation failed */
    DIME_ERROR_UNSUPPORTED = -5, /* well-formed, but this program cannot do it */
    DIME_ERROR_CHECKSUM = -6,    /* data differs from its known checksum */
    DIME_ERROR_INTERRUPTED = -7, /* stopped on request (Ctrl-C) */
    DIME_ERROR_USAGE = -8,       /* wrong command line */
};

/* Stores a one-line message for this thread (what and where, what was found, what was expected, what to do;
   no trailing newline, at most 1023 bytes) and returns `code`, so that callers write
   `return dime_error_set(DIME_ERROR_IO, "%s: ...", path)`. */
int dime_error_set(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* The analyzer looks at one file at a time; without this it follows paths on which an error is no error. */
#define dime_error_set(code, ...) (dime_error_set(code, __VA_ARGS__), (code))
#endif

/* The message last stored by this thread; "" if none. Valid until the next dime_error_set of this thread. */
const char *dime_error_message(void);

#endif
