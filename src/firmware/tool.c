/* SPDX-License-Identifier: MIT */
#include "firmware/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"

#define OUTPUT_LIMIT ((size_t)64 << 20)
#define NOT_STARTED 127

static int is_program(const char *path) {
    struct stat information;
    return !access(path, X_OK) && !stat(path, &information) && S_ISREG(information.st_mode);
}

char *dime_tool_find(const char *name) {
    if (strchr(name, '/')) return is_program(name) ? strdup(name) : NULL;
    const char *folder = getenv("PATH");
    while (folder && *folder) {
        size_t length = strcspn(folder, ":");
        char *path = NULL;
        if (asprintf(&path, "%.*s/%s", (int)length, length ? folder : ".", name) < 0) return NULL;
        if (is_program(path)) return path;
        free(path);
        folder += length + (folder[length] == ':');
    }
    return NULL;
}

/* In the child: never returns. What fails here is said through the pipe. */
static void become(const char *folder, const char *const *arguments, int output) {
    int nothing = open("/dev/null", O_RDONLY);
    if (nothing >= 0) dup2(nothing, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    setenv("LC_ALL", "C", 1); /* what the tools print is read by us */
    if (!folder || !chdir(folder)) {
        union {
            const char *const *borrowed;
            char *const *passed;
        } list = {arguments}; /* execvp does not write to them */
        execvp(arguments[0], list.passed);
    }
    dprintf(STDERR_FILENO, "%s: %s\n", arguments[0], strerror(errno));
    _exit(NOT_STARTED);
}

static int read_all(int pipe, char **output) {
    size_t size = 0, room = 0;
    for (;;) {
        if (room - size < 4096) {
            room = room ? 2 * room : 16384;
            char *larger = room > OUTPUT_LIMIT ? NULL : realloc(*output, room + 1);
            if (!larger) return dime_error_set(DIME_ERROR_MEMORY, "too much output of a tool");
            *output = larger;
        }
        ssize_t count = read(pipe, *output + size, room - size);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0)
            return dime_error_set(DIME_ERROR_IO, "cannot read a tool's output: %s", strerror(errno));
        if (count == 0) break;
        size += (size_t)count;
    }
    for (size_t i = 0; i < size; i++)
        if (!(*output)[i]) (*output)[i] = '?';
    (*output)[size] = 0;
    return 0;
}

static int wait_for(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return dime_error_set(DIME_ERROR_IO, "waitpid: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int dime_tool_run(const char *folder, const char *const *arguments, char **output) {
    int ends[2];
    *output = NULL;
    if (pipe2(ends, O_CLOEXEC)) return dime_error_set(DIME_ERROR_IO, "pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child == 0) become(folder, arguments, ends[1]);
    close(ends[1]);
    int code =
        child < 0 ? dime_error_set(DIME_ERROR_IO, "fork: %s", strerror(errno)) : read_all(ends[0], output);
    close(ends[0]);
    int status = child < 0 ? 0 : wait_for(child);
    return code ? code : status;
}
