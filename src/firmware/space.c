/* SPDX-License-Identifier: MIT */
#include "firmware/space.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while measuring a program");
}

static int add_item(struct dime_space *space, size_t *room, const struct dime_space_item *item) {
    if (space->count == *room) {
        size_t larger = *room ? 2 * *room : 64;
        struct dime_space_item *items = realloc(space->items, larger * sizeof *items);
        if (!items) return out_of_memory();
        space->items = items;
        *room = larger;
    }
    space->items[space->count] = *item;
    space->items[space->count].name = strdup(item->name);
    return space->items[space->count].name ? (space->count++, 0) : out_of_memory();
}

/* nm's letter tells what a symbol is; code in RAM was loaded from flash. */
static struct dime_space_item measure(char *name, char type, uint32_t address, uint32_t size) {
    int in_ram = address >= DIME_CHIP_RAM_BASE;
    int is_loaded = type != 'b' && type != 'B';
    return (struct dime_space_item){name, is_loaded ? size : 0, in_ram ? size : 0};
}

static int larger_first(const void *a, const void *b) {
    const struct dime_space_item *left = a, *right = b;
    uint32_t x = left->flash + left->ram, y = right->flash + right->ram;
    return x != y ? (x < y ? 1 : -1) : strcmp(left->name, right->name);
}

static const char hexadecimal[] = "0123456789abcdefABCDEF";

/* A number of eight digits and the space behind it; returns what follows, or NULL. */
static const char *read_number(const char *text, uint32_t *number) {
    if (strspn(text, hexadecimal) != 8 || text[8] != ' ') return NULL;
    *number = (uint32_t)strtoul(text, NULL, 16);
    return text + 9;
}

/* "20000000 00000040 b activations"; symbols without size have three columns. Two names for one function take
   the space once. */
static int read_symbol(struct dime_space *space, size_t *room, char *line, int *has_end) {
    uint32_t address, size;
    const char *rest = read_number(line, &address);
    if (!rest) return 0;
    const char *sized = read_number(rest, &size);
    const char *letter = sized ? sized : rest;
    if (!letter[0] || letter[1] != ' ') return 0;
    char *name = line + (letter - line) + 2;
    if (!sized && strcmp(name, "_end") == 0) {
        space->ram = address - DIME_CHIP_RAM_BASE;
        *has_end = 1;
    }
    if (!sized || size == 0 || strncmp(name, "__hidden_", 9) == 0) return 0;
    struct dime_space_item item = measure(name, *letter, address, size);
    return add_item(space, room, &item);
}

int dime_space_parse(const char *text, struct dime_space *space) {
    size_t room = 0;
    int code = 0, has_end = 0;
    *space = (struct dime_space){0};
    while (!code && *text) {
        char line[512];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1), text);
        code = read_symbol(space, &room, line, &has_end);
        text += length + (text[length] == '\n');
    }
    if (!code && !has_end)
        code = dime_error_set(DIME_ERROR_MALFORMED,
                              "the linked program has no symbol _end, the end of its data");
    if (code)
        dime_space_free(space);
    else if (space->count)
        qsort(space->items, space->count, sizeof *space->items, larger_first);
    return code;
}

void dime_space_free(struct dime_space *space) {
    for (size_t i = 0; i < space->count; i++) free(space->items[i].name);
    free(space->items);
    *space = (struct dime_space){0};
}

static void print_row(FILE *stream, const char *name, long flash, long ram) {
    fprintf(stream, "  %-32s %8ld %8ld\n", name, flash, ram);
}

/* An overflow as a number below 0 would be read over. */
static void print_left(FILE *stream, const char *what, long left) {
    if (left < 0)
        fprintf(stream, "%s: %ld bytes too many", what, -left);
    else
        fprintf(stream, "%s: %ld bytes left", what, left);
}

void dime_space_print(const struct dime_space *space, const struct dime_chip *chip, uint32_t flash,
                      uint32_t stack, size_t most, FILE *stream) {
    char has[32];
    long other_flash = (long)flash, other_ram = (long)space->ram;
    fprintf(stream, "  %-32s %8s %8s\n", "bytes", "flash", "RAM");
    for (size_t i = 0; i < space->count && i < most; i++) {
        const struct dime_space_item *item = &space->items[i];
        print_row(stream, item->name, item->flash, item->ram);
        other_flash -= item->flash;
        other_ram -= item->ram;
    }
    print_row(stream, "everything else", other_flash, other_ram);
    print_row(stream, "stack, worst case", 0, stack);
    print_row(stream, "total", flash, (long)space->ram + stack);
    snprintf(has, sizeof has, "the %s has", chip->full_name);
    print_row(stream, has, chip->flash_bytes, chip->ram_bytes);
    fputs("  ", stream);
    print_left(stream, "flash", (long)chip->flash_bytes - (long)flash);
    print_left(stream, ", RAM", (long)chip->ram_bytes - (long)space->ram - (long)stack);
    fputc('\n', stream);
}
