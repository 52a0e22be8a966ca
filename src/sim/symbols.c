/* SPDX-License-Identifier: MIT */
#include "sim/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLASH_ALIAS = 0x08000000, FLASH_WINDOW = 16 * 1024 };

void sim_symbols_free(struct sim_symbols *symbols) {
    if (!symbols) return;
    free(symbols->list);
    free(symbols->names);
    *symbols = (struct sim_symbols){0};
}

static int reaches(const struct sim_symbols *symbols, size_t i, uint32_t address) {
    const struct sim_symbol *symbol = &symbols->list[i];
    if (symbol->size) return address - symbol->address < symbol->size;
    if (!symbol->function) return address == symbol->address;
    for (size_t next = i + 1; next < symbols->count; next++)
        if (symbols->list[next].function && symbols->list[next].address > symbol->address)
            return address < symbols->list[next].address;
    return address - symbol->address < 4096;
}

/* First index whose address is above. */
static size_t above(const struct sim_symbols *symbols, uint32_t address) {
    size_t low = 0, high = symbols->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (symbols->list[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Symbols that reach an address lie close below it; a few are passed over (labels, objects inside). */
static const struct sim_symbol *find(const struct sim_symbols *symbols, uint32_t address) {
    const struct sim_symbol *other = NULL;
    size_t i = above(symbols, address);
    for (size_t tries = 0; i > 0 && tries < 64; tries++) {
        i--;
        if (!reaches(symbols, i, address)) continue;
        if (symbols->list[i].function) return &symbols->list[i];
        if (!other) other = &symbols->list[i];
    }
    return other;
}

const struct sim_symbol *sim_symbols_at(const struct sim_symbols *symbols, uint32_t address) {
    if (!symbols) return NULL;
    const struct sim_symbol *symbol = find(symbols, address);
    if (!symbol && address < FLASH_WINDOW) symbol = find(symbols, address + FLASH_ALIAS);
    if (!symbol && address - FLASH_ALIAS < FLASH_WINDOW) symbol = find(symbols, address - FLASH_ALIAS);
    return symbol;
}

const struct sim_symbol *sim_symbols_named(const struct sim_symbols *symbols, const char *name) {
    for (size_t i = 0; symbols && i < symbols->count; i++)
        if (!strcmp(symbols->list[i].name, name)) return &symbols->list[i];
    return NULL;
}

const char *sim_symbols_describe(const struct sim_symbols *symbols, uint32_t address, char *text,
                                 size_t size) {
    const struct sim_symbol *symbol = sim_symbols_at(symbols, address);
    uint32_t offset = symbol ? (address - symbol->address) % FLASH_ALIAS : 0;
    if (!symbol)
        snprintf(text, size, "0x%08x", address);
    else if (offset)
        snprintf(text, size, "%s+0x%x", symbol->name, offset);
    else
        snprintf(text, size, "%s", symbol->name);
    return text;
}
