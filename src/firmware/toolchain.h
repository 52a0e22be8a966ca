/* SPDX-License-Identifier: MIT */
/* The cross compiler. */
#ifndef DIME_FIRMWARE_TOOLCHAIN_H
#define DIME_FIRMWARE_TOOLCHAIN_H

struct dime_toolchain {
    char *prefix;             /* "riscv64-unknown-elf-" */
    char *version;            /* first line of --version */
    const char *architecture; /* "-march=..." of the CH32V003 */
    const char *multiplying;  /* the same of a chip with a multiplier and no divider; -mno-div goes with it */
    char *libgcc;             /* path of its library */
    int has_lto;              /* 1: can optimize at link time */
};

/* $DIME_CROSS is the prefix, or the first of the usual ones in $PATH. Errors: UNSUPPORTED (none; says how to
   get one), IO, MEMORY. */
int dime_toolchain_find(struct dime_toolchain *toolchain);
void dime_toolchain_free(struct dime_toolchain *toolchain);

/* Runs PREFIX<tool> in a folder; output malloc'ed, of which the first line with an error becomes the message.
   NULL in `arguments` ends the list; its first element is the tool's name without prefix. Errors: IO, MEMORY.
 */
int dime_toolchain_run(const struct dime_toolchain *toolchain, const char *folder,
                       const char *const *arguments, char **output);

#endif
