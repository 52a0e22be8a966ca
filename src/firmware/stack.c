/* SPDX-License-Identifier: MIT */
#include "firmware/stack.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define DEEPEST 65536 /* more than any chip of this kind has */

enum state { UNSEEN, BUSY, DONE };

/* What is known of the code that begins at an instruction. */
struct entry {
    enum state state;
    int32_t bytes;  /* its worst depth */
    size_t deepest; /* the entry that it calls there; SIZE_MAX: none */
};

struct analysis {
    const struct dime_listing *listing;
    const struct dime_stack_entries *entries;
    struct entry *entry; /* one an instruction; used where something is called */
};

/* One entry's code being followed. */
struct walk {
    size_t start;
    int32_t *offset; /* bytes pushed when an instruction is reached, the most of all ways; -1: not reached */
    size_t *waiting;
    size_t waiting_count;
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while measuring the stack");
}

/* The index of the instruction at an address, or SIZE_MAX. */
static size_t find(const struct dime_listing *listing, uint32_t address) {
    size_t low = 0, high = listing->instruction_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (listing->instructions[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    int found = low < listing->instruction_count && listing->instructions[low].address == address;
    return found ? low : SIZE_MAX;
}

/* The function that an instruction lies in. */
static const char *name_of(const struct dime_listing *listing, size_t index) {
    const char *name = "?";
    for (size_t i = 0; i < listing->function_count && listing->functions[i].first <= index; i++)
        if (listing->functions[i].count) name = listing->functions[i].name;
    return name;
}

static int no_code(uint32_t address) {
    return dime_error_set(DIME_ERROR_MALFORMED,
                          "the program goes to 0x%08x, where the disassembly has no code", address);
}

static int measure_entry(struct analysis *analysis, size_t start);

/* Continues at an instruction, unless it has been reached with as much on the stack. */
static int reach(const struct analysis *analysis, struct walk *walk, size_t index, int32_t offset) {
    if (index >= analysis->listing->instruction_count) return 0;
    if (offset > DEEPEST)
        return dime_error_set(DIME_ERROR_UNSUPPORTED, "%s: a loop pushes without end: its stack has no bound",
                              name_of(analysis->listing, index));
    if (walk->offset[index] >= offset) return 0;
    if (walk->offset[index] < 0)
        walk->waiting[walk->waiting_count++] = index;
    else {
        /* reached before with less: wait again unless it waits already */
        for (size_t i = 0; i < walk->waiting_count; i++)
            if (walk->waiting[i] == index) {
                walk->offset[index] = offset;
                return 0;
            }
        walk->waiting[walk->waiting_count++] = index;
    }
    walk->offset[index] = offset;
    return 0;
}

static void note_depth(struct analysis *analysis, size_t start, int32_t bytes, size_t callee) {
    struct entry *entry = &analysis->entry[start];
    if (bytes <= entry->bytes) return;
    entry->bytes = bytes;
    entry->deepest = callee;
}

static int follow_call(struct analysis *analysis, struct walk *walk, uint32_t address, int32_t offset) {
    size_t callee = find(analysis->listing, address);
    if (callee == SIZE_MAX) return no_code(address);
    int code = measure_entry(analysis, callee);
    if (!code) note_depth(analysis, walk->start, offset + analysis->entry[callee].bytes, callee);
    return code;
}

/* Whether `name` is that function, or a part that the compiler has split off: "name.part.0". */
static int is_of(const char *name, const char *function) {
    size_t length = strlen(function);
    return strncmp(name, function, length) == 0 && (name[length] == 0 || name[length] == '.');
}

/* Whether its calls through pointers go back to the code that called it. */
static int goes_back(const struct analysis *analysis, const char *from) {
    for (uint32_t i = 0; i < analysis->entries->caller_count; i++)
        if (!*analysis->entries->callers[i].callee && is_of(from, analysis->entries->callers[i].caller))
            return 1;
    return 0;
}

/* Whether a call through a pointer in the function `from` may reach a candidate. */
static int may_call(const struct analysis *analysis, const char *from, uint32_t candidate) {
    const struct dime_function *function = dime_listing_function(analysis->listing, candidate);
    int is_known = 0;
    for (uint32_t i = 0; function && i < analysis->entries->caller_count; i++) {
        const struct dime_stack_caller *known = &analysis->entries->callers[i];
        if (!*known->callee ||
            (!is_of(function->name, known->callee) && fnmatch(known->callee, function->name, 0) != 0))
            continue;
        if (!dime_listing_named(analysis->listing, known->caller)) continue;
        if (is_of(from, known->caller)) return 1;
        is_known = 1;
    }
    return !is_known;
}

/* Whether a candidate is among those that lead here. */
static int is_under_way(const struct analysis *analysis, uint32_t candidate) {
    size_t start = find(analysis->listing, candidate);
    return start != SIZE_MAX && analysis->entry[start].state == BUSY;
}

/* What the table does not know to call any of the candidates may call them all, but for those that lead here.
   Returns how many were followed, or an error. */
static int follow_candidates(struct analysis *analysis, struct walk *walk, const char *from, int32_t offset,
                             int is_unknown) {
    int code = 0, reached = 0;
    for (uint32_t i = 0; !code && i < analysis->entries->candidate_count; i++) {
        uint32_t candidate = analysis->entries->candidates[i];
        if (is_unknown ? is_under_way(analysis, candidate) : !may_call(analysis, from, candidate)) continue;
        code = follow_call(analysis, walk, candidate, offset);
        reached++;
    }
    return code ? code : reached;
}

static int follow_any(struct analysis *analysis, struct walk *walk, size_t index, int32_t offset) {
    const char *from = name_of(analysis->listing, index);
    int calls = analysis->listing->instructions[index].step == DIME_STEP_CALL_ANY;
    if (goes_back(analysis, from)) return 0;
    int reached = follow_candidates(analysis, walk, from, offset, 0);
    if (!reached && !calls) return 0; /* a jump within assembly, back to where another one came from */
    if (!reached) reached = follow_candidates(analysis, walk, from, offset, 1);
    if (reached) return reached < 0 ? reached : 0;
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s calls through a pointer at 0x%08x, and no function is known that it could call",
                          from, analysis->listing->instructions[index].address);
}

static int follow_jump(const struct analysis *analysis, struct walk *walk, uint32_t address, int32_t offset) {
    size_t target = find(analysis->listing, address);
    return target == SIZE_MAX ? no_code(address) : reach(analysis, walk, target, offset);
}

static int unknown_pointer(const struct analysis *analysis, struct walk *walk, size_t index) {
    const struct dime_instruction *instruction = &analysis->listing->instructions[index];
    if (walk->start == find(analysis->listing, analysis->entries->reset))
        return reach(analysis, walk, index + 1, 0); /* the stack begins here */
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s: the stack pointer gets an unknown value at 0x%08x: its stack has no bound",
                          name_of(analysis->listing, index), instruction->address);
}

static int follow(struct analysis *analysis, struct walk *walk, size_t index) {
    const struct dime_instruction *instruction = &analysis->listing->instructions[index];
    int32_t offset = walk->offset[index] + instruction->pushed;
    int code = 0;
    if (offset < 0) offset = 0; /* reset code, which begins with no stack at all */
    note_depth(analysis, walk->start, offset, SIZE_MAX);
    switch (instruction->step) {
    case DIME_STEP_RETURN:
        return 0;
    case DIME_STEP_SP_UNKNOWN:
        return unknown_pointer(analysis, walk, index);
    case DIME_STEP_JUMP:
        return follow_jump(analysis, walk, instruction->target, offset);
    case DIME_STEP_JUMP_ANY:
        return follow_any(analysis, walk, index, offset);
    case DIME_STEP_BRANCH:
        code = follow_jump(analysis, walk, instruction->target, offset);
        break;
    case DIME_STEP_CALL:
        code = follow_call(analysis, walk, instruction->target, offset);
        break;
    case DIME_STEP_CALL_ANY:
        code = follow_any(analysis, walk, index, offset);
        break;
    case DIME_STEP_PLAIN:
        break;
    }
    return code ? code : reach(analysis, walk, index + 1, offset);
}

static int walk_entry(struct analysis *analysis, size_t start) {
    size_t count = analysis->listing->instruction_count;
    struct walk walk = {start, malloc(count * sizeof *walk.offset), malloc(count * sizeof *walk.waiting), 0};
    int code = walk.offset && walk.waiting ? 0 : out_of_memory();
    if (!code) memset(walk.offset, -1, count * sizeof *walk.offset); /* never reached */
    if (!code) code = reach(analysis, &walk, start, 0);
    while (!code && walk.waiting_count) code = follow(analysis, &walk, walk.waiting[--walk.waiting_count]);
    free(walk.offset);
    free(walk.waiting);
    return code;
}

static int measure_entry(struct analysis *analysis, size_t start) {
    struct entry *entry = &analysis->entry[start];
    if (entry->state == DONE) return 0;
    if (entry->state == BUSY)
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "%s calls itself, directly or not: its stack has no bound",
                              name_of(analysis->listing, start));
    *entry = (struct entry){BUSY, 0, SIZE_MAX};
    int code = walk_entry(analysis, start);
    entry->state = DONE;
    return code;
}

static void append(char *text, size_t room, const char *more) {
    size_t used = strlen(text);
    snprintf(text + used, room - used, "%s", more);
}

static void append_path(const struct analysis *analysis, size_t start, char *path) {
    for (size_t at = start; at != SIZE_MAX; at = analysis->entry[at].deepest) {
        if (at != start) append(path, DIME_STACK_PATH_BYTES, " > ");
        append(path, DIME_STACK_PATH_BYTES, name_of(analysis->listing, at));
    }
}

static int measure_handlers(struct analysis *analysis, size_t *deepest) {
    int code = 0;
    for (uint32_t i = 0; !code && i < analysis->entries->handler_count; i++) {
        size_t start = find(analysis->listing, analysis->entries->handlers[i]);
        code = start == SIZE_MAX ? no_code(analysis->entries->handlers[i]) : measure_entry(analysis, start);
        if (!code && (*deepest == SIZE_MAX || analysis->entry[start].bytes > analysis->entry[*deepest].bytes))
            *deepest = start;
    }
    return code;
}

int dime_stack_measure(const struct dime_listing *listing, const struct dime_stack_entries *entries,
                       struct dime_stack_depth *depth) {
    struct analysis analysis = {listing, entries, calloc(listing->instruction_count, sizeof *analysis.entry)};
    *depth = (struct dime_stack_depth){0};
    if (!analysis.entry) return out_of_memory();
    size_t reset = find(listing, entries->reset), handler = SIZE_MAX;
    int code = reset == SIZE_MAX ? no_code(entries->reset) : measure_entry(&analysis, reset);
    if (!code) code = measure_handlers(&analysis, &handler);
    if (!code) {
        depth->bytes = (uint32_t)analysis.entry[reset].bytes;
        append_path(&analysis, reset, depth->path);
    }
    if (!code && handler != SIZE_MAX && analysis.entry[handler].bytes > 0) {
        depth->handler_bytes = (uint32_t)analysis.entry[handler].bytes;
        depth->bytes += depth->handler_bytes;
        append(depth->path, sizeof depth->path, " + ");
        append_path(&analysis, handler, depth->path);
    }
    free(analysis.entry);
    return code;
}

/* ---- entries ---- */

/* A set of function addresses in the making. */
static int add_address(uint32_t **addresses, uint32_t *count, uint32_t address) {
    for (uint32_t i = 0; i < *count; i++)
        if ((*addresses)[i] == address) return 0;
    uint32_t *larger = realloc(*addresses, (*count + 1) * sizeof **addresses);
    if (!larger) return out_of_memory();
    *addresses = larger;
    larger[(*count)++] = address;
    return 0;
}

static int is_control_flow(const char *type) {
    static const char *const types[] = {"R_RISCV_CALL",       "R_RISCV_JAL",   "R_RISCV_BRANCH",
                                        "R_RISCV_RVC_BRANCH", "R_RISCV_RVC_J", "R_RISCV_RELAX"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0) return 1;
    return 0;
}

/* All functions of a name; "name+0x4" and "name.part" are other symbols. The vector table looks like code,
   but nothing calls it. */
static int add_named(const struct dime_listing *listing, const char *name, uint32_t **addresses,
                     uint32_t *count) {
    int code = 0;
    if (strcmp(name, "vector_table") == 0) return 0;
    for (size_t i = 0; !code && i < listing->function_count; i++)
        if (strcmp(listing->functions[i].name, name) == 0 && listing->functions[i].count)
            code = add_address(addresses, count, listing->functions[i].address);
    return code;
}

/* Debugging information names functions without any call; the vector table names handlers. */
static int is_no_pointer(const char *heading) {
    return strstr(heading, "[.debug_") || strstr(heading, "[.eh_frame") || strstr(heading, "[.vectors");
}

int dime_stack_candidates(const struct dime_listing *listing, const char *relocations, uint32_t **candidates,
                          uint32_t *count) {
    int code = 0, passed_over = 0;
    *candidates = NULL;
    *count = 0;
    while (!code && *relocations) {
        char line[512], type[64], name[256];
        size_t length = strcspn(relocations, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1),
                 relocations);
        relocations += length + (relocations[length] == '\n');
        if (strncmp(line, "RELOCATION RECORDS", 18) == 0) passed_over = is_no_pointer(line);
        if (passed_over || sscanf(line, "%*x %63s %255s", type, name) != 2 || is_control_flow(type)) continue;
        if (strncmp(type, "R_RISCV_", 8) == 0) code = add_named(listing, name, candidates, count);
    }
    if (code) free(*candidates);
    return code;
}

/* " 0010 00000000 f6000000 ...": four bytes a group, lowest first. */
static uint32_t little_endian_word(const char *digits) {
    char number[9] = "";
    for (int i = 0; i < 4; i++) memcpy(number + 6 - 2 * i, digits + 2 * i, 2);
    return (uint32_t)strtoul(number, NULL, 16);
}

int dime_stack_handlers(const struct dime_listing *listing, const char *dump, uint32_t **handlers,
                        uint32_t *count) {
    static const char digits[] = "0123456789abcdef";
    int code = 0, first = 1;
    *handlers = NULL;
    *count = 0;
    for (const char *next; !code && *dump; dump = next) {
        next = dump + strcspn(dump, "\n");
        next += *next == '\n';
        if (*dump != ' ') continue; /* a heading */
        size_t used = 1 + strspn(dump + 1, digits);
        for (const char *group = dump + used + 1; !code && strspn(group, digits) == 8; group += 9) {
            uint32_t word = little_endian_word(group);
            if (!first && word && dime_listing_function(listing, word))
                code = add_address(handlers, count, word);
            first = 0;
        }
    }
    if (code) free(*handlers);
    return code;
}
