/* SPDX-License-Identifier: MIT */
#include "firmware/toolchain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "firmware/tool.h"

#define MOST_ARGUMENTS 160

static const char *const prefixes[] = {"riscv64-unknown-elf-", "riscv32-unknown-elf-", "riscv-none-elf-",
                                       "riscv-none-embed-"};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while running the cross compiler");
}

static int has_compiler(const char *prefix) {
    char name[512];
    snprintf(name, sizeof name, "%.400sgcc", prefix);
    char *path = dime_tool_find(name);
    free(path);
    return path != NULL;
}

static int choose_prefix(struct dime_toolchain *toolchain) {
    const char *wanted = getenv("DIME_CROSS"), *found = NULL;
    if (wanted && *wanted) {
        found = has_compiler(wanted) ? wanted : NULL;
        if (!found)
            return dime_error_set(DIME_ERROR_UNSUPPORTED, "DIME_CROSS=%.200s: there is no program %.200sgcc",
                                  wanted, wanted);
    }
    for (size_t i = 0; !found && i < sizeof prefixes / sizeof *prefixes; i++)
        if (has_compiler(prefixes[i])) found = prefixes[i];
    if (!found)
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "no RISC-V cross compiler: install it with `apt-get install "
                              "gcc-riscv64-unknown-elf`, or set DIME_CROSS to the prefix of another GCC");
    toolchain->prefix = strdup(found);
    return toolchain->prefix ? 0 : out_of_memory();
}

/* The first line that says error, else the first line at all. */
static const char *telling_line(const char *output, int *length) {
    const char *line = strstr(output, "error: ");
    while (line && line > output && line[-1] != '\n') line--;
    if (!line || strncmp(line, "collect2", 8) == 0) line = output; /* the linker said it before */
    *length = (int)strcspn(line, "\n");
    return line;
}

int dime_toolchain_run(const struct dime_toolchain *toolchain, const char *folder,
                       const char *const *arguments, char **output) {
    const char *complete[MOST_ARGUMENTS + 1] = {NULL};
    char *tool = NULL;
    *output = NULL;
    if (asprintf(&tool, "%s%s", toolchain->prefix, arguments[0]) < 0) return out_of_memory();
    complete[0] = tool;
    size_t count = 1;
    for (; count < MOST_ARGUMENTS && arguments[count]; count++) complete[count] = arguments[count];
    int status = arguments[count] ? dime_error_set(DIME_ERROR_UNSUPPORTED, "more than %d arguments for %s",
                                                   MOST_ARGUMENTS, tool)
                                  : dime_tool_run(folder, complete, output);
    if (status > 0) {
        int length;
        const char *line = telling_line(*output, &length);
        status = dime_error_set(DIME_ERROR_IO, "%s failed (status %d): %.*s", tool, status, length, line);
    }
    free(tool);
    return status;
}

/* Older releases of GCC take the CSR instructions as part of the base and do not know their extension's name.
 */
static int choose_architecture(struct dime_toolchain *toolchain) {
    static const char *const arguments[] = {"gcc", "-march=rv32ec_zicsr", "-mabi=ilp32e", "-S", "-x",
                                            "c",   "/dev/null",           "-o",           "-",  NULL};
    char *output = NULL;
    int code = dime_toolchain_run(toolchain, NULL, arguments, &output);
    toolchain->architecture = code ? "-march=rv32ec" : "-march=rv32ec_zicsr";
    toolchain->multiplying = code ? "-march=rv32emc" : "-march=rv32emc_zicsr"; /* Zmmul: from GCC 13 on */
    free(output);
    return code == DIME_ERROR_MEMORY ? code : 0;
}

/* Debian's GCC finds the library of this architecture by the name without _zicsr. */
static int ask_library(struct dime_toolchain *toolchain) {
    static const char *const arguments[] = {"gcc", "-march=rv32ec", "-mabi=ilp32e", "-print-libgcc-file-name",
                                            NULL};
    int code = dime_toolchain_run(toolchain, NULL, arguments, &toolchain->libgcc);
    if (!code) toolchain->libgcc[strcspn(toolchain->libgcc, "\n")] = 0;
    return code;
}

/* GCC answers with a path where it has the part, and with its bare name where not. */
static int ask_lto(struct dime_toolchain *toolchain) {
    static const char *const parts[] = {"-print-prog-name=lto1", "-print-prog-name=lto-wrapper",
                                        "-print-file-name=liblto_plugin.so"};
    toolchain->has_lto = 1;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *const arguments[] = {"gcc", parts[i], NULL};
        char *answer = NULL;
        int code = dime_toolchain_run(toolchain, NULL, arguments, &answer);
        if (code) return code;
        if (!strchr(answer, '/')) toolchain->has_lto = 0;
        free(answer);
    }
    return 0;
}

static int ask_version(struct dime_toolchain *toolchain) {
    static const char *const arguments[] = {"gcc", "--version", NULL};
    int code = dime_toolchain_run(toolchain, NULL, arguments, &toolchain->version);
    if (!code) toolchain->version[strcspn(toolchain->version, "\n")] = 0;
    return code;
}

int dime_toolchain_find(struct dime_toolchain *toolchain) {
    *toolchain = (struct dime_toolchain){0};
    int code = choose_prefix(toolchain);
    if (!code) code = choose_architecture(toolchain);
    if (!code) code = ask_library(toolchain);
    if (!code) code = ask_lto(toolchain);
    if (!code) code = ask_version(toolchain);
    if (code) dime_toolchain_free(toolchain);
    return code;
}

void dime_toolchain_free(struct dime_toolchain *toolchain) {
    free(toolchain->prefix);
    free(toolchain->version);
    free(toolchain->libgcc);
    *toolchain = (struct dime_toolchain){0};
}
