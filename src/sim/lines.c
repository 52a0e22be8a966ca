/* SPDX-License-Identifier: MIT */
#include "sim/lines.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

struct sim_lines {
    const uint32_t *addresses;
    struct sim_line *found;
    size_t count;
    char *text;
    uint32_t *copy;
};

/* In the child: addr2line with `in` as stdin and `out` as stdout. */
static void become_addr2line(const char *elf, int in, int out) {
    static const char *const programs[] = {"riscv64-unknown-elf-addr2line", "riscv32-unknown-elf-addr2line",
                                           "riscv-none-elf-addr2line", "addr2line"};
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(in, 0);
    dup2(out, 1);
    if (nowhere >= 0) dup2(nowhere, 2);
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        execlp(programs[i], programs[i], "-s", "-e", elf, (char *)NULL);
    _exit(127);
}

static char *read_stream(FILE *stream) {
    size_t size = 0, room = 1 << 16;
    char *text = malloc(room);
    while (text) {
        size += fread(text + size, 1, room - size - 1, stream);
        if (size < room - 1) break;
        char *more = realloc(text, room *= 2);
        if (!more) free(text);
        text = more;
    }
    if (text) text[size] = 0;
    return text;
}

/* Addresses go through a temporary file, so that neither side can block on the other. */
static FILE *question(const uint32_t *addresses, size_t count) {
    FILE *file = tmpfile();
    if (!file) return NULL;
    for (size_t i = 0; i < count; i++) fprintf(file, "0x%x\n", addresses[i]);
    fflush(file);
    rewind(file);
    return file;
}

static char *ask(const char *elf, FILE *addresses) {
    FILE *answers = tmpfile();
    if (!answers) return NULL;
    pid_t child = fork();
    if (child == 0) become_addr2line(elf, fileno(addresses), fileno(answers));
    int status = -1;
    if (child > 0) waitpid(child, &status, 0);
    char *text = NULL;
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        rewind(answers);
        text = read_stream(answers);
    }
    fclose(answers);
    return text;
}

/* "file.c:12 (discriminator 3)" a line; "??:0" where nothing is known. Returns how many are known. */
static size_t parse(struct sim_lines *lines) {
    size_t known = 0;
    char *at = lines->text;
    for (size_t i = 0; i < lines->count && *at; i++) {
        char *end = strchr(at, '\n');
        if (end) *end = 0;
        char *colon = strrchr(at, ':');
        unsigned long line = colon ? strtoul(colon + 1, NULL, 10) : 0;
        if (colon && *at != '?' && line) {
            *colon = 0;
            lines->found[i] = (struct sim_line){at, (uint32_t)line};
            known++;
        }
        if (!end) break;
        at = end + 1;
    }
    return known;
}

int sim_lines_create(struct sim_lines **result, const char *elf, const uint32_t *addresses, size_t count) {
    *result = NULL;
    struct sim_lines *lines = calloc(1, sizeof *lines);
    FILE *file = question(addresses, count);
    if (lines) {
        lines->copy = calloc(count + 1, sizeof *lines->copy);
        lines->found = calloc(count + 1, sizeof *lines->found);
    }
    if (!file || !lines || !lines->copy || !lines->found) {
        if (file) fclose(file);
        sim_lines_free(lines);
        return dime_error_set(DIME_ERROR_MEMORY,
                              "%s: cannot look up source lines: out of memory or of space in /tmp", elf);
    }
    if (count) memcpy(lines->copy, addresses, count * sizeof *addresses);
    lines->addresses = lines->copy;
    lines->count = count;
    lines->text = ask(elf, file);
    fclose(file);
    if (!lines->text || !parse(lines)) {
        sim_lines_free(lines);
        return DIME_OK;
    }
    *result = lines;
    return DIME_OK;
}

struct sim_line sim_lines_find(void *context, uint32_t address) {
    const struct sim_lines *lines = context;
    size_t low = 0, high = lines->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (lines->addresses[middle] < address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < lines->count && lines->addresses[low] == address) return lines->found[low];
    return (struct sim_line){0};
}

void sim_lines_free(struct sim_lines *lines) {
    if (!lines) return;
    free(lines->copy);
    free(lines->found);
    free(lines->text);
    free(lines);
}
