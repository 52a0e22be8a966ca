/* SPDX-License-Identifier: MIT */
#include "firmware/listing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

#define MOST_OPERANDS 4

/* One line of code, taken apart. */
struct line {
    uint32_t address;
    char mnemonic[24];
    char operand[MOST_OPERANDS][64];
    int operands;
    int has_target;
    uint32_t target; /* the address in front of, or behind "# " of, a symbol in angle brackets */
};

static int same(const char *a, const char *b) {
    return strcmp(a, b) == 0;
}

/* ---- taking a line apart ---- */

/* "000000fc <main>:" */
static int parse_heading(const char *text, uint32_t *address, char **name) {
    char *end;
    if (!isxdigit((unsigned char)*text)) return 0;
    *address = (uint32_t)strtoul(text, &end, 16);
    size_t length = strlen(end);
    if (length < 5 || strncmp(end, " <", 2) != 0 || strcmp(end + length - 2, ">:") != 0) return 0;
    *name = strndup(end + 2, length - 4);
    return 1;
}

/* Operands are divided by commas; " <symbol>" and "# comment" end them. */
static void split_operands(const char *text, struct line *line) {
    while (*text && *text != '#' && *text != '<' && line->operands < MOST_OPERANDS) {
        size_t length = strcspn(text, ",<# \t");
        char *operand = line->operand[line->operands];
        if (length > 0 && length < sizeof line->operand[0]) {
            memcpy(operand, text, length);
            operand[length] = 0;
            line->operands++;
        }
        text += length;
        text += strspn(text, ", \t");
    }
}

/* The address in front of the last "<symbol>". */
static void find_target(const char *text, struct line *line) {
    const char *bracket = strrchr(text, '<');
    if (!bracket) return;
    const char *begin = bracket;
    while (begin > text && begin[-1] == ' ') begin--;
    while (begin > text && (isxdigit((unsigned char)begin[-1]) || begin[-1] == 'x')) begin--;
    char *end;
    line->target = (uint32_t)strtoul(begin, &end, 16);
    line->has_target = end != begin;
}

/* "  9c:<tab>addi<tab>sp,sp,-16" */
static int parse_line(const char *text, struct line *line) {
    char *end;
    memset(line, 0, sizeof *line);
    text += strspn(text, " \t");
    if (!isxdigit((unsigned char)*text)) return 0;
    line->address = (uint32_t)strtoul(text, &end, 16);
    if (*end != ':') return 0;
    text = end + 1 + strspn(end + 1, " \t");
    size_t length = strcspn(text, " \t");
    if (length == 0 || length >= sizeof line->mnemonic) return 0;
    memcpy(line->mnemonic, text, length);
    if (strncmp(line->mnemonic, "c.", 2) == 0) memmove(line->mnemonic, line->mnemonic + 2, length - 1);
    text += length;
    text += strspn(text, " \t");
    split_operands(text, line);
    find_target(text, line);
    return 1;
}

/* ---- what it does ---- */

static int is_number(const char *text) {
    return isdigit((unsigned char)text[*text == '-']);
}

static int is_one_of(const char *word, const char *list) {
    size_t length = strlen(word);
    for (const char *place = list; (place = strstr(place, word)); place += length)
        if ((place == list || place[-1] == ' ') && (place[length] == ' ' || !place[length])) return 1;
    return 0;
}

static int writes_first_operand(const struct line *line) {
    return !is_one_of(line->mnemonic, "sw sh sb swsp beq bne blt bge bltu bgeu bgt ble bgtu bleu beqz bnez "
                                      "bltz bgez blez bgtz j jr csrw csrs csrc csrwi csrsi csrci");
}

static void decode_stack(const struct line *line, struct dime_instruction *instruction) {
    if (line->operands < 1 || !same(line->operand[0], "sp") || !writes_first_operand(line)) return;
    const char *amount = line->operand[line->operands - 1];
    int adds = is_one_of(line->mnemonic, "add addi addi16sp");
    int from_sp = line->operands == 2 || (line->operands == 3 && same(line->operand[1], "sp"));
    if (adds && from_sp && is_number(amount))
        instruction->pushed = -(int32_t)strtol(amount, NULL, 0);
    else
        instruction->step = DIME_STEP_SP_UNKNOWN;
}

/* jal: "jal 9c <f>", "jal ra,9c <f>", "jal zero,9c <f>". */
static void decode_jal(const struct line *line, struct dime_instruction *instruction) {
    int discards = line->operands == 2 && is_one_of(line->operand[0], "zero x0");
    instruction->step = discards ? DIME_STEP_JUMP : DIME_STEP_CALL;
}

/* jr and jalr with an address register. `link` is the register that holds a return address, or "". */
static void decode_indirect(const struct line *line, const char *link, int calls,
                            struct dime_instruction *instruction) {
    const char *base = line->operands ? line->operand[line->operands - 1] : "";
    const char *bracket = strchr(base, '(');
    char name[16] = "";
    if (bracket)
        snprintf(name, sizeof name, "%.*s", (int)strcspn(bracket + 1, ")"), bracket + 1);
    else
        snprintf(name, sizeof name, "%.15s", base);
    if (line->has_target)
        instruction->step = calls ? DIME_STEP_CALL : DIME_STEP_JUMP;
    else if (!calls && (same(name, "ra") || (*link && same(name, link))))
        instruction->step = DIME_STEP_RETURN;
    else
        instruction->step = calls ? DIME_STEP_CALL_ANY : DIME_STEP_JUMP_ANY;
}

static void decode_jump(const struct line *line, const char *link, struct dime_instruction *instruction) {
    const char *mnemonic = line->mnemonic;
    instruction->target = line->target;
    if (is_one_of(mnemonic, "ret mret")) {
        instruction->step = DIME_STEP_RETURN;
    } else if (is_one_of(mnemonic, "j tail")) {
        instruction->step = DIME_STEP_JUMP;
    } else if (is_one_of(mnemonic, "jal call")) {
        decode_jal(line, instruction);
    } else if (same(mnemonic, "jr")) {
        decode_indirect(line, link, 0, instruction);
    } else if (same(mnemonic, "jalr")) {
        int discards = line->operands >= 2 && is_one_of(line->operand[0], "zero x0");
        decode_indirect(line, link, !discards, instruction);
    } else if (mnemonic[0] == 'b' && line->has_target) {
        instruction->step = DIME_STEP_BRANCH;
    }
}

/* ---- the whole listing ---- */

/* A growing listing. */
struct reader {
    struct dime_listing *listing;
    size_t function_room, instruction_room;
    char link[16]; /* "mv t0,ra" or "jal t0,..." was seen in this function: t0 */
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while reading a disassembly");
}

/* Room for one more; returns the array or NULL. */
static void *grow(void *array, size_t count, size_t *room, size_t element) {
    if (count < *room) return array;
    size_t larger = *room ? 2 * *room : 256;
    void *moved = realloc(array, larger * element);
    if (moved) *room = larger;
    return moved;
}

static int add_function(struct reader *reader, uint32_t address, char *name) {
    struct dime_listing *listing = reader->listing;
    void *functions = name ? grow(listing->functions, listing->function_count, &reader->function_room,
                                  sizeof *listing->functions)
                           : NULL;
    if (!functions) {
        free(name);
        return out_of_memory();
    }
    listing->functions = functions;
    listing->functions[listing->function_count++] =
        (struct dime_function){name, address, listing->instruction_count, 0};
    reader->link[0] = 0;
    return 0;
}

/* "mv t0,ra" and "jal t0,...": jr t0 is a return, in assembly with subroutines of its own. */
static int keeps_link(const struct line *line) {
    if (line->operands != 2 || is_one_of(line->operand[0], "zero x0 ra")) return 0;
    return (same(line->mnemonic, "mv") && same(line->operand[1], "ra")) || same(line->mnemonic, "jal");
}

static int add_instruction(struct reader *reader, const struct line *line) {
    struct dime_listing *listing = reader->listing;
    if (!listing->function_count) return 0;
    void *instructions = grow(listing->instructions, listing->instruction_count, &reader->instruction_room,
                              sizeof *listing->instructions);
    if (!instructions) return out_of_memory();
    listing->instructions = instructions;
    struct dime_instruction *instruction = &listing->instructions[listing->instruction_count++];
    *instruction = (struct dime_instruction){.address = line->address};
    if (keeps_link(line)) snprintf(reader->link, sizeof reader->link, "%.15s", line->operand[0]);
    decode_jump(line, reader->link, instruction);
    if (instruction->step == DIME_STEP_PLAIN) decode_stack(line, instruction);
    listing->functions[listing->function_count - 1].count++;
    return 0;
}

static int read_line(struct reader *reader, const char *text) {
    uint32_t address;
    char *name;
    struct line line;
    if (parse_heading(text, &address, &name)) return add_function(reader, address, name);
    return parse_line(text, &line) ? add_instruction(reader, &line) : 0;
}

static int by_address(const void *a, const void *b) {
    uint32_t left = ((const struct dime_function *)a)->address,
             right = ((const struct dime_function *)b)->address;
    return left < right ? -1 : left > right;
}

/* Sections come in the order of the file, in which code in RAM may precede code in flash. */
static int sort(struct dime_listing *listing) {
    struct dime_instruction *sorted = malloc(listing->instruction_count * sizeof *sorted);
    if (!sorted) return out_of_memory();
    qsort(listing->functions, listing->function_count, sizeof *listing->functions, by_address);
    size_t count = 0;
    for (size_t i = 0; i < listing->function_count; i++) {
        struct dime_function *function = &listing->functions[i];
        memcpy(sorted + count, listing->instructions + function->first, function->count * sizeof *sorted);
        function->first = count;
        count += function->count;
    }
    free(listing->instructions);
    listing->instructions = sorted;
    return 0;
}

int dime_listing_parse(const char *text, struct dime_listing *listing) {
    struct reader reader = {.listing = listing};
    *listing = (struct dime_listing){0};
    int code = 0;
    while (!code && *text) {
        char line[512];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < sizeof line ? length : sizeof line - 1), text);
        code = read_line(&reader, line);
        text += length + (text[length] == '\n');
    }
    if (!code && !listing->instruction_count)
        code = dime_error_set(DIME_ERROR_MALFORMED, "the disassembly has no instructions");
    if (!code) code = sort(listing);
    if (code) dime_listing_free(listing);
    return code;
}

void dime_listing_free(struct dime_listing *listing) {
    for (size_t i = 0; i < listing->function_count; i++) free(listing->functions[i].name);
    free(listing->functions);
    free(listing->instructions);
    *listing = (struct dime_listing){0};
}

const struct dime_function *dime_listing_function(const struct dime_listing *listing, uint32_t address) {
    for (size_t i = 0; i < listing->function_count; i++)
        if (listing->functions[i].address == address) return &listing->functions[i];
    return NULL;
}

const struct dime_function *dime_listing_named(const struct dime_listing *listing, const char *name) {
    for (size_t i = 0; i < listing->function_count; i++)
        if (same(listing->functions[i].name, name)) return &listing->functions[i];
    return NULL;
}
