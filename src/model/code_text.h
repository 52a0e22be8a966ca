/* SPDX-License-Identifier: MIT */
/* Writes RV32EC assembly and counts its bytes and cycles as it goes. Private to src/model. */
#ifndef DIME_MODEL_CODE_TEXT_H
#define DIME_MODEL_CODE_TEXT_H

#include <stdarg.h>
#include <stdio.h>

#include "model/conv_code.h"

struct dime_code {
    FILE *stream; /* NULL: count only */
    struct dime_code_cost cost;
};

/* From flash at one wait state (docs/simulator.md): a 16-bit instruction takes a cycle, a 32-bit one two, and
   a load or store two whatever its size. */
static inline void dime_code_line(struct dime_code *code, uint32_t bytes, uint32_t cycles, const char *format,
                                  va_list arguments) {
    if (code->stream) {
        fputs("    ", code->stream);
        vfprintf(code->stream, format, arguments);
        fputc('\n', code->stream);
    }
    code->cost.bytes += bytes;
    code->cost.cycles += cycles;
}

#define DIME_DEFINE_CODE(name, bytes, cycles)                                                                \
    __attribute__((format(printf, 2, 3))) static inline void name(struct dime_code *code,                    \
                                                                  const char *format, ...) {                 \
        va_list arguments;                                                                                   \
        va_start(arguments, format);                                                                         \
        dime_code_line(code, bytes, cycles, format, arguments);                                              \
        va_end(arguments);                                                                                   \
    }

DIME_DEFINE_CODE(dime_code_short, 2, 1)  /* a 16-bit instruction of the ALU */
DIME_DEFINE_CODE(dime_code_long, 4, 2)   /* a 32-bit one */
DIME_DEFINE_CODE(dime_code_memory, 2, 2) /* a 16-bit load or store */
DIME_DEFINE_CODE(dime_code_load, 4, 2)   /* a 32-bit load or store */
DIME_DEFINE_CODE(dime_code_jump, 2, 4)   /* a 16-bit jump or taken branch */
DIME_DEFINE_CODE(dime_code_branch, 4, 4) /* a 32-bit branch, taken */

/* A global function in a section of its own. */
static inline void dime_code_function(struct dime_code *code, const char *symbol) {
    if (!code->stream) return;
    fprintf(code->stream, "    .section .text.%s, \"ax\", @progbits\n    .globl %s\n", symbol, symbol);
    fprintf(code->stream, "    .type %s, @function\n    .p2align 2\n%s:\n", symbol, symbol);
}

static inline void dime_code_function_end(struct dime_code *code, const char *symbol) {
    if (code->stream) fprintf(code->stream, "    .size %s, . - %s\n\n", symbol, symbol);
}

/* A line that costs nothing: a label, a comment. */
static inline void dime_code_text(struct dime_code *code, const char *text) {
    if (code->stream) fputs(text, code->stream);
}

#endif
