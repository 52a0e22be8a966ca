/* SPDX-License-Identifier: MIT */
/* Names of addresses, from an ELF's symbol table. */
#ifndef DIME_SIM_SYMBOLS_H
#define DIME_SIM_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct sim_symbol {
    const char *name;
    uint32_t address, size;
    uint8_t function, object;
};

struct sim_symbols {
    struct sim_symbol *list; /* by address */
    size_t count;
    char *names;
};

void sim_symbols_free(struct sim_symbols *symbols); /* NULL is allowed */
/* The symbol that an address lies in, or NULL: the nearest at or below whose size reaches it; functions
   without size reach up to the next symbol. Addresses of flash and of its alias at 0 are the same. */
const struct sim_symbol *sim_symbols_at(const struct sim_symbols *symbols, uint32_t address);
const struct sim_symbol *sim_symbols_named(const struct sim_symbols *symbols, const char *name);
/* "main+0x12", or the address in hexadecimal. Returns text. */
const char *sim_symbols_describe(const struct sim_symbols *symbols, uint32_t address, char *text,
                                 size_t size);

#endif
