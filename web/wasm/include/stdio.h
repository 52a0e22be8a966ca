/* SPDX-License-Identifier: MIT */
/* Only what writes into memory; FILE is named by headers whose functions are not used here. */
#ifndef DIME_WASM_STDIO_H
#define DIME_WASM_STDIO_H

#include <stdarg.h>
#include <stddef.h>

typedef struct dime_wasm_file FILE;
int snprintf(char *text, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
int vsnprintf(char *text, size_t size, const char *format, va_list arguments);

#endif
