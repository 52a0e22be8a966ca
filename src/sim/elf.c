/* SPDX-License-Identifier: MIT */
/* Tool Interface Standard, Executable and Linking Format, version 1.2; RISC-V ELF psABI. */
#include "sim/elf.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "sim/core.h"

enum {
    HEADER_BYTES = 52,
    PROGRAM_HEADER_BYTES = 32,
    SECTION_HEADER_BYTES = 40,
    SYMBOL_BYTES = 16,
    CLASS_32 = 1,
    LITTLE_ENDIAN_DATA = 1,
    TYPE_EXECUTABLE = 2,
    MACHINE_RISCV = 243,
    FLAG_RVE = 8,
    LOADABLE = 1,
    SYMBOL_TABLE = 2,
    SYMBOL_OBJECT = 1,
    SYMBOL_FUNCTION = 2,
    SYMBOL_NO_TYPE = 0,
    SYMBOLS_MOST = 100000,
    FILE_MOST = 64 * 1024 * 1024,
};

struct file {
    const char *name;
    const uint8_t *bytes;
    size_t size;
};

static uint32_t get16(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

static uint32_t get32(const uint8_t *at) {
    return get16(at) | get16(at + 2) << 16;
}

/* `count` records of `bytes` at `offset`, or NULL where the file ends before them. */
static const uint8_t *records(const struct file *file, uint32_t offset, uint32_t count, uint32_t bytes) {
    if (offset > file->size || (uint64_t)count * bytes > file->size - offset) return NULL;
    return file->bytes + offset;
}

static int malformed(const struct file *file, const char *what) {
    return dime_error_set(DIME_ERROR_MALFORMED, "%s: not a usable ELF file: %s", file->name, what);
}

static int check_machine(const struct file *file) {
    const uint8_t *header = file->bytes;
    if (header[4] != CLASS_32 || header[5] != LITTLE_ENDIAN_DATA || get16(header + 18) != MACHINE_RISCV)
        return dime_error_set(
            DIME_ERROR_UNSUPPORTED,
            "%s: made for another machine (%s-bit, machine %u); expected 32-bit little-endian "
            "RISC-V: build with riscv64-unknown-elf-gcc -march=rv32ec_zicsr -mabi=ilp32e",
            file->name, header[4] == CLASS_32 ? "32" : "64", get16(header + 18));
    if (get16(header + 16) != TYPE_EXECUTABLE)
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "%s: ELF type %u; expected an executable (2): link the objects first",
                              file->name, get16(header + 16));
    if (!(get32(header + 36) & FLAG_RVE))
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "%s: built for 32 registers; the chip has 16: build with -march=rv32ec_zicsr "
                              "-mabi=ilp32e",
                              file->name);
    return DIME_OK;
}

static int check_header(const struct file *file) {
    if (file->size < 4 || memcmp(file->bytes, "\177ELF", 4))
        return malformed(file, "it does not begin with the letters ELF");
    if (file->size < HEADER_BYTES) return malformed(file, "it ends inside its header");
    return check_machine(file);
}

static int add_segment(struct sim_elf *elf, const struct file *file, const uint8_t *header) {
    uint32_t offset = get32(header + 4), size = get32(header + 16);
    if (get32(header) != LOADABLE || !size) return DIME_OK;
    const uint8_t *bytes = records(file, offset, 1, size);
    if (!bytes) return malformed(file, "a segment reaches beyond its end");
    if (elf->segment_count == SIM_SEGMENTS_MOST) return malformed(file, "it has more than 16 segments");
    elf->segments[elf->segment_count++] = (struct sim_segment){get32(header + 12), bytes, size};
    return DIME_OK;
}

static int read_segments(struct sim_elf *elf, const struct file *file) {
    uint32_t count = get16(file->bytes + 44), entry = get16(file->bytes + 42);
    if (count && entry < PROGRAM_HEADER_BYTES) return malformed(file, "its program headers are too small");
    const uint8_t *headers = records(file, get32(file->bytes + 28), count, entry);
    if (!headers) return malformed(file, "its program headers lie beyond its end");
    int status = DIME_OK;
    for (uint32_t i = 0; i < count && !status; i++)
        status = add_segment(elf, file, headers + (size_t)i * entry);
    if (!status && !elf->segment_count) return malformed(file, "nothing in it is to be loaded");
    return status;
}

/* ---- symbols ------------------------------------------------------------------------------------------- */

static int by_address(const void *left, const void *right) {
    const struct sim_symbol *a = left, *b = right;
    if (a->address != b->address) return a->address < b->address ? -1 : 1;
    if (a->function != b->function) return a->function < b->function ? -1 : 1;
    return strcmp(a->name, b->name);
}

static void add_symbol(struct sim_symbols *symbols, const uint8_t *entry, uint32_t names_size) {
    uint32_t name = get32(entry), type = entry[12] & 15u, section = get16(entry + 14);
    if (name >= names_size || !symbols->names[name] || !section) return;
    if (type != SYMBOL_NO_TYPE && type != SYMBOL_OBJECT && type != SYMBOL_FUNCTION) return;
    if (symbols->names[name] == '$' || symbols->names[name] == '.')
        return; /* mapping symbols, local labels */
    symbols->list[symbols->count++] = (struct sim_symbol){.name = symbols->names + name,
                                                          .address = get32(entry + 4),
                                                          .size = get32(entry + 8),
                                                          .function = type == SYMBOL_FUNCTION,
                                                          .object = type == SYMBOL_OBJECT};
}

static int read_symbol_table(struct sim_elf *elf, const struct file *file, const uint8_t *table,
                             const uint8_t *strings) {
    uint32_t count = get32(table + 20) / SYMBOL_BYTES, names_size = get32(strings + 20);
    const uint8_t *entries = records(file, get32(table + 16), count, SYMBOL_BYTES);
    const uint8_t *names = records(file, get32(strings + 16), 1, names_size);
    if (!entries || !names) return malformed(file, "its symbols lie beyond its end");
    if (count > SYMBOLS_MOST) return malformed(file, "it has more than 100000 symbols");
    elf->symbols.names = malloc((size_t)names_size + 1);
    elf->symbols.list = malloc(sizeof *elf->symbols.list * ((size_t)count + 1));
    if (!elf->symbols.names || !elf->symbols.list)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: not enough memory for its symbols", file->name);
    memcpy(elf->symbols.names, names, names_size);
    elf->symbols.names[names_size] = 0;
    for (uint32_t i = 0; i < count; i++)
        add_symbol(&elf->symbols, entries + (size_t)i * SYMBOL_BYTES, names_size);
    qsort(elf->symbols.list, elf->symbols.count, sizeof *elf->symbols.list, by_address);
    return DIME_OK;
}

static int read_symbols(struct sim_elf *elf, const struct file *file) {
    uint32_t count = get16(file->bytes + 48), entry = get16(file->bytes + 46);
    if (!count) return DIME_OK; /* stripped */
    if (entry < SECTION_HEADER_BYTES) return malformed(file, "its section headers are too small");
    const uint8_t *headers = records(file, get32(file->bytes + 32), count, entry);
    if (!headers) return malformed(file, "its section headers lie beyond its end");
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *table = headers + (size_t)i * entry;
        if (get32(table + 4) != SYMBOL_TABLE) continue;
        uint32_t strings = get32(table + 24);
        if (strings >= count) return malformed(file, "its symbols have no names");
        return read_symbol_table(elf, file, table, headers + (size_t)strings * entry);
    }
    return DIME_OK;
}

int sim_elf_read(struct sim_elf *elf, const char *name, const uint8_t *bytes, size_t size) {
    const struct file file = {name, bytes, size};
    *elf = (struct sim_elf){0};
    int status = check_header(&file);
    if (!status) status = read_segments(elf, &file);
    if (!status) status = read_symbols(elf, &file);
    if (status) sim_elf_free(elf);
    return status;
}

void sim_elf_free(struct sim_elf *elf) {
    sim_symbols_free(&elf->symbols);
}

/* ---- into the chip ------------------------------------------------------------------------------------- */

static uint8_t *destination(struct sim_chip *chip, const struct sim_segment *segment, uint32_t *room) {
    if (sim_in_flash(segment->address)) {
        *room = SIM_FLASH_BYTES - sim_flash_offset(segment->address);
        return chip->flash + sim_flash_offset(segment->address);
    }
    *room = 0;
    if (segment->address - SIM_RAM_BASE >= chip->ram_bytes) return NULL;
    *room = chip->ram_bytes - (segment->address - SIM_RAM_BASE);
    return chip->ram + (segment->address - SIM_RAM_BASE);
}

static int check_fit(struct sim_chip *chip, const char *name, const struct sim_elf *elf) {
    const uint32_t ram_kib = chip->ram_bytes / 1024;
    for (uint32_t i = 0; i < elf->segment_count; i++) {
        uint32_t room;
        const struct sim_segment *segment = &elf->segments[i];
        if (!destination(chip, segment, &room) || room < segment->size)
            return dime_error_set(DIME_ERROR_MALFORMED,
                                  "%s: %u bytes at 0x%08x do not fit into the chip's flash (16 KiB at 0 and "
                                  "0x08000000) or SRAM (%u KiB at 0x20000000)",
                                  name, segment->size, segment->address, ram_kib);
    }
    return DIME_OK;
}

/* Where static data ends, as the usual linker scripts name it. */
static uint32_t find_stack_limit(const struct sim_chip *chip) {
    static const char *const names[] = {"_end", "end", "_ebss", "__bss_end", "_bss_end", "__bss_end__"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct sim_symbol *symbol = sim_symbols_named(chip->symbols, names[i]);
        if (symbol && symbol->address - SIM_RAM_BASE < chip->ram_bytes) return symbol->address;
    }
    return 0;
}

int sim_chip_load_elf(struct sim_chip *chip, const char *name, const uint8_t *bytes, size_t size) {
    struct sim_elf elf;
    int status = sim_elf_read(&elf, name, bytes, size);
    if (status) return status;
    struct sim_symbols *symbols = malloc(sizeof *symbols);
    status = symbols ? check_fit(chip, name, &elf)
                     : dime_error_set(DIME_ERROR_MEMORY, "%s: not enough memory for its symbols", name);
    if (status) {
        free(symbols);
        sim_elf_free(&elf);
        return status;
    }
    for (uint32_t i = 0, room; i < elf.segment_count; i++)
        memcpy(destination(chip, &elf.segments[i], &room), elf.segments[i].bytes, elf.segments[i].size);
    sim_code_flush(chip);
    sim_symbols_free(chip->symbols);
    free(chip->symbols);
    *symbols = elf.symbols;
    chip->symbols = symbols;
    chip->stack_limit = find_stack_limit(chip);
    return DIME_OK;
}

int sim_chip_load_file(struct sim_chip *chip, const char *path) {
    uint8_t *bytes;
    size_t size;
    int status = dime_file_read(path, FILE_MOST, &bytes, &size);
    if (status) return status;
    status = sim_chip_load_elf(chip, path, bytes, size);
    free(bytes);
    return status;
}
