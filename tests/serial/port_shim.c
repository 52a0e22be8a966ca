/* SPDX-License-Identifier: MIT */
/* Makes a pseudo-terminal look like the serial port of a USB device, for tests of libserialport without
   hardware: a library to be loaded before others (LD_PRELOAD). Names of /sys/class/tty and /dev/ttyACM* are
   looked up in the folder DIME_PORT_SHIM instead, and the signals of a modem, which a pseudo-terminal does
   not have, are there and at rest. tests/test_live_serial.py builds it and lays the folder out. */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096

/* next: the function of that name and type behind this library. */
#define NEXT(name)                                                                                           \
    __typeof__(&name) next;                                                                                  \
    void *found = dlsym(RTLD_NEXT, #name);                                                                   \
    if (!found) abort();                                                                                     \
    memcpy(&next, &found, sizeof found)

static const char *look_up(const char *path, char *room) {
    static const char *const prefixes[] = {"/sys/class/tty", "/dev/ttyACM"};
    const char *folder = getenv("DIME_PORT_SHIM");
    for (size_t i = 0; folder && i < sizeof prefixes / sizeof *prefixes; i++) {
        if (strncmp(path, prefixes[i], strlen(prefixes[i]))) continue;
        snprintf(room, PATH_BYTES, "%s%s", folder, path);
        return room;
    }
    return path;
}

int lstat(const char *restrict path, struct stat *restrict status) {
    char room[PATH_BYTES];
    NEXT(lstat);
    return next(look_up(path, room), status);
}

/* What lstat was before glibc 2.33, for a library that was linked with that. */
int __lxstat(int version, const char *path, struct stat *status);
int __lxstat(int version, const char *path, struct stat *status) {
    char room[PATH_BYTES];
    NEXT(__lxstat);
    return next(version, look_up(path, room), status);
}

ssize_t readlink(const char *restrict path, char *restrict target, size_t size) {
    char room[PATH_BYTES];
    NEXT(readlink);
    return next(look_up(path, room), target, size);
}

DIR *opendir(const char *path) {
    char room[PATH_BYTES];
    NEXT(opendir);
    return next(look_up(path, room));
}

FILE *fopen(const char *restrict path, const char *restrict mode) {
    char room[PATH_BYTES];
    NEXT(fopen);
    return next(look_up(path, room), mode);
}

int open(const char *path, int flags, ...) {
    char room[PATH_BYTES];
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    NEXT(open);
    return next(look_up(path, room), flags, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags) {
    return open(path, flags);
}

int ioctl(int file, unsigned long request, ...) {
    va_list more;
    va_start(more, request);
    void *argument = va_arg(more, void *);
    va_end(more);
    if (request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC) return 0;
    if (request == TIOCMGET) {
        memset(argument, 0, sizeof(int));
        return 0;
    }
    NEXT(ioctl);
    return next(file, request, argument);
}
