/* SPDX-License-Identifier: MIT */
#include "live/pseudo_terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

enum { SEND_MS = 1000 };

int dime_pseudo_terminal_is(const char *path) {
    static const char folder[] = "/dev/pts/";
    return !strncmp(path, folder, sizeof folder - 1);
}

static int failed(const char *what) {
    return dime_error_set(DIME_ERROR_IO, "the pseudo-terminal cannot be %s: %s", what, strerror(errno));
}

static int wait_for(int file, short events, int milliseconds) {
    struct pollfd wait = {file, events, 0};
    return poll(&wait, 1, milliseconds) == 1 && wait.revents & events;
}

int dime_pseudo_terminal_write(int file, const uint8_t *bytes, size_t size) {
    while (size > 0) {
        errno = ETIMEDOUT;
        if (!wait_for(file, POLLOUT, SEND_MS)) return failed("written to");
        ssize_t sent = write(file, bytes, size);
        if (sent < 0 && errno != EAGAIN) return failed("written to");
        if (sent < 0) continue;
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

int dime_pseudo_terminal_read(int file, uint8_t *bytes, size_t size, int milliseconds) {
    if (!wait_for(file, POLLIN, milliseconds)) return 0;
    ssize_t got = read(file, bytes, size);
    if (got == 0) errno = ENODEV; /* the far end is closed */
    return got > 0 ? (int)got : failed("read from");
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

int dime_pseudo_terminal_open(const char *path, uint32_t baud) {
    int file = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0) return failed("opened");
    int code = configure(file, baud);
    if (!code) return file;
    close(file);
    return code;
}
