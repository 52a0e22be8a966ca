/* SPDX-License-Identifier: MIT */
/* What `objdump -d` says about a RISC-V program, as far as its stack depends on it. */
#ifndef DIME_FIRMWARE_LISTING_H
#define DIME_FIRMWARE_LISTING_H

#include <stddef.h>
#include <stdint.h>

enum dime_step {
    DIME_STEP_PLAIN,      /* the next instruction follows */
    DIME_STEP_BRANCH,     /* `target`, or the next one */
    DIME_STEP_JUMP,       /* `target`: within the function, or a tail call */
    DIME_STEP_CALL,       /* `target`, then the next one */
    DIME_STEP_CALL_ANY,   /* a call through a pointer */
    DIME_STEP_JUMP_ANY,   /* a tail call through a pointer */
    DIME_STEP_RETURN,     /* ret, mret, or a jump to where the return address was moved */
    DIME_STEP_SP_UNKNOWN, /* the stack pointer gets a value that the listing does not tell */
};

struct dime_instruction {
    uint32_t address;
    uint32_t target; /* of BRANCH, JUMP, CALL */
    int32_t pushed;  /* bytes by which the stack grows; negative: shrinks */
    enum dime_step step;
};

struct dime_function {
    char *name;
    uint32_t address;
    size_t first, count; /* instructions */
};

struct dime_listing {
    struct dime_function *functions; /* ascending addresses */
    size_t function_count;
    struct dime_instruction *instructions; /* ascending addresses */
    size_t instruction_count;
};

/* Reads `objdump -d --no-show-raw-insn` of a linked file. Lines of other shapes are passed over. Errors:
   MEMORY, MALFORMED (no function at all). */
int dime_listing_parse(const char *text, struct dime_listing *listing);
void dime_listing_free(struct dime_listing *listing);

/* The function that begins at an address, or of a name; NULL where there is none. */
const struct dime_function *dime_listing_function(const struct dime_listing *listing, uint32_t address);
const struct dime_function *dime_listing_named(const struct dime_listing *listing, const char *name);

#endif
