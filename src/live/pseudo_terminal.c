/* SPDX-License-Identifier: MIT */
#include "live/pseudo_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

enum { SEND_MS = 1000, RECEIVE_MS = 500, RING = 256 };

struct dime_pseudo_terminal {
    int file;
    uint8_t bytes[RING]; /* read, but not yet asked for */
    size_t count, next;
};

int dime_pseudo_terminal_is(const char *path) {
    static const char folder[] = "/dev/pts/";
    return !strncmp(path, folder, sizeof folder - 1);
}

static int failed(const char *what) {
    return dime_error_set(DIME_ERROR_IO, "the pseudo-terminal cannot be %s: %s", what, strerror(errno));
}

static int wait_for(const struct dime_pseudo_terminal *terminal, short events, int milliseconds) {
    struct pollfd wait = {terminal->file, events, 0};
    return poll(&wait, 1, milliseconds) == 1 && wait.revents & events;
}

static int send(void *context, const uint8_t *bytes, size_t size) {
    struct dime_pseudo_terminal *terminal = context;
    while (size > 0) {
        errno = ETIMEDOUT;
        if (!wait_for(terminal, POLLOUT, SEND_MS)) return failed("written to");
        ssize_t sent = write(terminal->file, bytes, size);
        if (sent < 0 && errno != EAGAIN) return failed("written to");
        if (sent < 0) continue;
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

static int receive(void *context) {
    struct dime_pseudo_terminal *terminal = context;
    if (terminal->next < terminal->count) return terminal->bytes[terminal->next++];
    if (!wait_for(terminal, POLLIN, RECEIVE_MS)) return DIME_LIVE_NO_BYTE;
    ssize_t got = read(terminal->file, terminal->bytes, sizeof terminal->bytes);
    if (got == 0) errno = ENODEV; /* the far end is closed */
    if (got <= 0) return failed("read from") - 1;
    terminal->count = (size_t)got;
    terminal->next = 1;
    return terminal->bytes[0];
}

/* B0: it has no such speed. */
static speed_t speed_of(uint32_t baud) {
    return baud == 115200 ? B115200 : baud == 57600 ? B57600 : baud == 9600 ? B9600 : B0;
}

/* Bytes as they are, and nothing left from before. */
static int configure(int file, uint32_t baud) {
    struct termios settings;
    speed_t speed = speed_of(baud);
    if (speed == B0)
        return dime_error_set(DIME_ERROR_IO,
                              "a pseudo-terminal has no speed of %u, only 9600, 57600 and 115200", baud);
    if (tcgetattr(file, &settings)) return failed("used");
    cfmakeraw(&settings);
    if (cfsetispeed(&settings, speed) || cfsetospeed(&settings, speed) ||
        tcsetattr(file, TCSANOW, &settings) || tcflush(file, TCIOFLUSH))
        return failed("set up");
    return 0;
}

int dime_pseudo_terminal_open(struct dime_pseudo_terminal **terminal, const char *path, uint32_t baud) {
    struct dime_pseudo_terminal *made = calloc(1, sizeof *made);
    *terminal = NULL;
    if (!made) return dime_error_set(DIME_ERROR_MEMORY, "out of memory");
    made->file = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int code = made->file < 0 ? failed("opened") : configure(made->file, baud);
    if (code) {
        dime_pseudo_terminal_close(made);
        return code;
    }
    *terminal = made;
    return 0;
}

void dime_pseudo_terminal_close(struct dime_pseudo_terminal *terminal) {
    if (!terminal) return;
    if (terminal->file >= 0) close(terminal->file);
    free(terminal);
}

struct dime_live_port dime_pseudo_terminal_line(struct dime_pseudo_terminal *terminal) {
    return (struct dime_live_port){terminal, send, receive, NULL};
}
