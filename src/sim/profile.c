/* SPDX-License-Identifier: MIT */
/* Callgrind format: Valgrind manual, "Callgrind Format Specification". */
#include "sim/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "sim/decode.h"
#include "sim/symbols.h"

enum {
    FLASH_SLOTS = SIM_FLASH_BYTES / 2,
    RAM_SLOTS = SIM_RAM_MOST / 2,
    SLOTS = FLASH_SLOTS + RAM_SLOTS,
    DEPTH_MOST = 256,
    EDGE_SLOTS = 1 << 13,
    EDGES_MOST = EDGE_SLOTS / 2,
    RA = 1,
    PC = 32,
};

struct counter {
    uint64_t cycles, instructions;
};

struct frame {
    uint32_t caller, callee; /* slots: of the call and of the function's first instruction */
    uint32_t back;           /* address after the call */
    uint64_t cycles, instructions;
};

/* Calls from one place to one function. */
struct edge {
    uint32_t caller, callee;
    uint64_t calls, cycles, instructions;
};

struct sim_profile {
    struct counter counters[SLOTS];
    struct frame frames[DEPTH_MOST];
    uint32_t depth;
    struct edge edges[EDGE_SLOTS];
    uint32_t edge_count;
    uint64_t cycles, instructions;
    uint32_t flash_base; /* 0, or SIM_FLASH_BASE where the program is linked there */
};

int sim_profile_create(struct sim_profile **profile) {
    *profile = calloc(1, sizeof **profile);
    return *profile ? DIME_OK : dime_error_set(DIME_ERROR_MEMORY, "not enough memory for a profile");
}

void sim_profile_free(struct sim_profile *profile) {
    free(profile);
}

static uint32_t slot_of(uint32_t address) {
    if (address - SIM_RAM_BASE < SIM_RAM_MOST) return FLASH_SLOTS + (address - SIM_RAM_BASE) / 2;
    return address % SIM_FLASH_BYTES / 2;
}

static uint32_t address_of(const struct sim_profile *profile, uint32_t slot) {
    return slot < FLASH_SLOTS ? profile->flash_base + slot * 2 : SIM_RAM_BASE + (slot - FLASH_SLOTS) * 2;
}

/* ---- recording ----------------------------------------------------------------------------------------- */

static struct edge *edge_between(struct sim_profile *profile, uint32_t caller, uint32_t callee) {
    uint32_t slot = (caller * 2654435761u ^ callee * 40503u) % EDGE_SLOTS;
    for (; profile->edges[slot].calls; slot = (slot + 1) % EDGE_SLOTS)
        if (profile->edges[slot].caller == caller && profile->edges[slot].callee == callee)
            return &profile->edges[slot];
    if (profile->edge_count == EDGES_MOST) return NULL;
    profile->edge_count++;
    profile->edges[slot].caller = caller;
    profile->edges[slot].callee = callee;
    return &profile->edges[slot];
}

static void push(struct sim_profile *profile, uint32_t caller, uint32_t callee, uint32_t back) {
    if (profile->depth == DEPTH_MOST) return;
    profile->frames[profile->depth++] =
        (struct frame){slot_of(caller), slot_of(callee), back, profile->cycles, profile->instructions};
}

static void pop(struct sim_profile *profile) {
    const struct frame *frame = &profile->frames[--profile->depth];
    struct edge *edge = edge_between(profile, frame->caller, frame->callee);
    if (!edge) return;
    edge->calls++;
    edge->cycles += profile->cycles - frame->cycles;
    edge->instructions += profile->instructions - frame->instructions;
}

/* A return ends the call that it goes back behind, and all that a longjmp or tail call left open above it. */
static void returned(struct sim_profile *profile, uint32_t to) {
    for (uint32_t i = profile->depth; i-- > 0;) {
        if (profile->frames[i].back != to) continue;
        while (profile->depth > i) pop(profile);
        return;
    }
}

void sim_profile_after(struct sim_profile *profile, struct sim_chip *chip, uint32_t pc, uint32_t instruction,
                       uint64_t cycles) {
    struct counter *counter = &profile->counters[slot_of(pc)];
    counter->cycles += cycles;
    counter->instructions++;
    profile->cycles += cycles;
    profile->instructions++;
    uint32_t opcode = instruction & 0x7F, quadrant = instruction & 3;
    if (quadrant == 3 ? opcode != 0x67 && opcode != 0x6F && opcode != 0x73 : quadrant == 0) return;
    struct sim_instruction i = sim_decode(instruction, pc, sim_chip_model(chip));
    uint32_t next = sim_chip_register(chip, PC);
    if ((i.operation == SIM_JAL || i.operation == SIM_JALR) && i.rd == RA)
        push(profile, pc, next, pc + i.size);
    else if (i.operation == SIM_JALR || i.operation == SIM_MRET)
        returned(profile, next);
}

void sim_profile_interrupt(struct sim_profile *profile, struct sim_chip *chip) {
    uint32_t handler = sim_chip_register(chip, PC), back = sim_chip_interrupted_pc(chip);
    push(profile, back, handler, back);
}

void sim_profile_finish(struct sim_profile *profile, struct sim_chip *chip) {
    const struct sim_symbols *symbols = sim_chip_symbols(chip);
    for (size_t i = 0; symbols && i < symbols->count; i++)
        if (symbols->list[i].function && symbols->list[i].address - SIM_FLASH_BASE < SIM_FLASH_BYTES)
            profile->flash_base = SIM_FLASH_BASE;
    while (profile->depth) pop(profile);
}

size_t sim_profile_addresses(const struct sim_profile *profile, uint32_t *addresses, size_t most) {
    size_t count = 0;
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        if (!profile->counters[slot].instructions) continue;
        if (count < most) addresses[count] = address_of(profile, slot);
        count++;
    }
    return count;
}

/* ---- functions ----------------------------------------------------------------------------------------- */

struct row {
    char name[64];
    struct sim_line line;
    uint64_t cycles, instructions, inclusive, calls;
};

struct rows {
    struct row *list;
    size_t count, room;
};

static struct row *add_row(struct rows *rows) {
    if (rows->count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 64;
        struct row *list = realloc(rows->list, room * sizeof *list);
        if (!list) return NULL;
        rows->list = list;
        rows->room = room;
    }
    struct row *row = &rows->list[rows->count++];
    *row = (struct row){0};
    return row;
}

static void function_name(const struct sim_profile *profile, const struct sim_chip *chip, uint32_t slot,
                          char *name, size_t size) {
    const struct sim_symbol *symbol = sim_symbols_at(sim_chip_symbols(chip), address_of(profile, slot));
    if (symbol)
        snprintf(name, size, "%s", symbol->name);
    else
        snprintf(name, size, "0x%08x", address_of(profile, slot));
}

static struct row *row_of_function(struct rows *rows, const struct sim_profile *profile,
                                   const struct sim_chip *chip, uint32_t slot) {
    char name[sizeof rows->list->name];
    const struct sim_symbol *symbol = sim_symbols_at(sim_chip_symbols(chip), address_of(profile, slot));
    snprintf(name, sizeof name, "%s", symbol ? symbol->name : "(no symbol)");
    for (size_t i = rows->count; i-- > 0;)
        if (!strcmp(rows->list[i].name, name)) return &rows->list[i];
    struct row *row = add_row(rows);
    if (row) memcpy(row->name, name, sizeof name);
    return row;
}

/* What a function's callees took is counted in the edges that leave it. A recursive one counts twice. */
static void collect_functions(const struct sim_profile *profile, const struct sim_chip *chip,
                              struct rows *rows) {
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const struct counter *counter = &profile->counters[slot];
        struct row *row = counter->instructions ? row_of_function(rows, profile, chip, slot) : NULL;
        if (!row) continue;
        row->cycles += counter->cycles;
        row->inclusive += counter->cycles;
        row->instructions += counter->instructions;
    }
    for (uint32_t i = 0; i < EDGE_SLOTS; i++) {
        const struct edge *edge = &profile->edges[i];
        if (!edge->calls) continue;
        struct row *caller = row_of_function(rows, profile, chip, edge->caller);
        if (caller) caller->inclusive += edge->cycles;
        struct row *callee = row_of_function(rows, profile, chip, edge->callee);
        if (callee) callee->calls += edge->calls;
    }
}

static void collect_lines(const struct sim_profile *profile, sim_line_finder *find, void *context,
                          struct rows *rows) {
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const struct counter *counter = &profile->counters[slot];
        if (!counter->instructions) continue;
        struct sim_line line = find(context, address_of(profile, slot));
        if (!line.file) continue;
        struct row *row = NULL;
        for (size_t i = 0; i < rows->count && !row; i++)
            if (rows->list[i].line.line == line.line && !strcmp(rows->list[i].line.file, line.file))
                row = &rows->list[i];
        if (!row) row = add_row(rows);
        if (!row) return;
        row->line = line;
        row->cycles += counter->cycles;
        row->instructions += counter->instructions;
    }
}

static int by_cycles(const void *left, const void *right) {
    const struct row *a = left, *b = right;
    if (a->cycles != b->cycles) return a->cycles < b->cycles ? 1 : -1;
    if (a->line.file && b->line.file && strcmp(a->line.file, b->line.file))
        return strcmp(a->line.file, b->line.file);
    if (a->line.line != b->line.line) return a->line.line < b->line.line ? -1 : 1;
    return strcmp(a->name, b->name);
}

static double percent(uint64_t part, uint64_t whole) {
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void write_functions(const struct sim_profile *profile, const struct sim_chip *chip, FILE *stream) {
    struct rows rows = {0};
    collect_functions(profile, chip, &rows);
    if (rows.count) qsort(rows.list, rows.count, sizeof *rows.list, by_cycles);
    fprintf(stream, "%12s %6s %12s %12s %9s  %s\n", "cycles", "%", "with callees", "instructions", "calls",
            "function");
    for (size_t i = 0; i < rows.count; i++) {
        const struct row *row = &rows.list[i];
        fprintf(stream, "%12llu %6.2f %12llu %12llu %9llu  %s\n", (unsigned long long)row->cycles,
                percent(row->cycles, profile->cycles), (unsigned long long)row->inclusive,
                (unsigned long long)row->instructions, (unsigned long long)row->calls, row->name);
    }
    free(rows.list);
}

void sim_profile_write_table(const struct sim_profile *profile, const struct sim_chip *chip,
                             sim_line_finder *find, void *context, size_t most, FILE *stream) {
    write_functions(profile, chip, stream);
    if (!find) return;
    struct rows rows = {0};
    collect_lines(profile, find, context, &rows);
    if (rows.count) {
        qsort(rows.list, rows.count, sizeof *rows.list, by_cycles);
        fprintf(stream, "\n%12s %6s %12s  %s\n", "cycles", "%", "instructions", "line");
    }
    for (size_t i = 0; i < rows.count && i < most; i++) {
        const struct row *row = &rows.list[i];
        fprintf(stream, "%12llu %6.2f %12llu  %s:%u\n", (unsigned long long)row->cycles,
                percent(row->cycles, profile->cycles), (unsigned long long)row->instructions, row->line.file,
                row->line.line);
    }
    free(rows.list);
}

/* ---- callgrind ----------------------------------------------------------------------------------------- */

struct writer {
    const struct sim_profile *profile;
    const struct sim_chip *chip;
    sim_line_finder *find;
    void *context;
    FILE *stream;
};

static struct sim_line line_at(const struct writer *w, uint32_t slot) {
    struct sim_line line = {0};
    if (w->find) line = w->find(w->context, address_of(w->profile, slot));
    if (!line.file) line = (struct sim_line){"???", 0};
    return line;
}

static void write_calls_from(const struct writer *w, uint32_t slot, uint32_t line) {
    const struct sim_profile *profile = w->profile;
    for (uint32_t i = 0; i < EDGE_SLOTS; i++) {
        const struct edge *edge = &w->profile->edges[i];
        char name[64];
        if (!edge->calls || edge->caller != slot) continue;
        function_name(profile, w->chip, edge->callee, name, sizeof name);
        struct sim_line callee = line_at(w, edge->callee);
        fprintf(w->stream, "cfi=%s\ncfn=%s\ncalls=%llu 0x%x %u\n0x%x %u %llu %llu\n", callee.file, name,
                (unsigned long long)edge->calls, address_of(profile, edge->callee), callee.line,
                address_of(profile, slot), line, (unsigned long long)edge->cycles,
                (unsigned long long)edge->instructions);
    }
}

static void mark_callers(const struct sim_profile *profile, uint8_t *callers) {
    memset(callers, 0, SLOTS);
    for (uint32_t i = 0; i < EDGE_SLOTS; i++)
        if (profile->edges[i].calls) callers[profile->edges[i].caller] = 1;
}

void sim_profile_write_callgrind(const struct sim_profile *profile, const struct sim_chip *chip,
                                 const char *elf, sim_line_finder *find, void *context, FILE *stream) {
    const struct writer w = {profile, chip, find, context, stream};
    char last[64] = "", name[64];
    uint8_t *callers = malloc(SLOTS);
    if (!callers) return;
    mark_callers(profile, callers);
    fprintf(stream,
            "# callgrind format\nversion: 1\ncreator: dime sim\ncmd: %s\npositions: instr line\n"
            "events: Cycles Instructions\nsummary: %llu %llu\n\nob=%s\n",
            elf, (unsigned long long)profile->cycles, (unsigned long long)profile->instructions, elf);
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
        const struct counter *counter = &profile->counters[slot];
        if (!counter->instructions && !callers[slot]) continue;
        struct sim_line line = line_at(&w, slot);
        function_name(profile, chip, slot, name, sizeof name);
        if (strcmp(name, last)) fprintf(stream, "\nfl=%s\nfn=%s\n", line.file, name);
        memcpy(last, name, sizeof last);
        fprintf(stream, "fe=%s\n0x%x %u %llu %llu\n", line.file, address_of(profile, slot), line.line,
                (unsigned long long)counter->cycles, (unsigned long long)counter->instructions);
        if (callers[slot]) write_calls_from(&w, slot, line.line);
    }
    free(callers);
}
