/* SPDX-License-Identifier: MIT */
#include "live/serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/error.h"

enum { SEND_MS = 1000, RECEIVE_MS = 500, RING = 256 };

struct dime_serial_port {
    int file;
    char name[128];
    uint8_t bytes[RING]; /* read, but not yet asked for */
    size_t count, next;
};

/* "/dev/ttyACM0 /dev/ttyUSB0", or what it means that there is none. */
static void list_ports(char *text, size_t size) {
    static const char *const patterns[] = {"/dev/ttyACM*", "/dev/ttyUSB*", "/dev/serial/by-id/*",
                                           "/dev/cu.usb*"};
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        glob_t found;
        if (glob(patterns[i], 0, NULL, &found)) continue;
        for (size_t k = 0; k < found.gl_pathc && used < size; k++)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? " " : "", found.gl_pathv[k]);
        globfree(&found);
    }
    if (!used) snprintf(text, size, "none; is the board's cable plugged in?");
}

static int failed(const char *name, const char *what) {
    char ports[400];
    const char *reason = strerror(errno);
    list_ports(ports, sizeof ports);
    return dime_error_set(DIME_ERROR_IO, "%s: cannot be %s: %s; USB serial ports of this machine: %s", name,
                          what, reason, ports);
}

static int wait_for(const struct dime_serial_port *port, short events, int milliseconds) {
    struct pollfd wait = {port->file, events, 0};
    return poll(&wait, 1, milliseconds) == 1 && wait.revents & events;
}

static int send(void *context, const uint8_t *bytes, size_t size) {
    struct dime_serial_port *port = context;
    while (size > 0) {
        if (!wait_for(port, POLLOUT, SEND_MS)) {
            errno = ETIMEDOUT;
            return failed(port->name, "written to");
        }
        ssize_t sent = write(port->file, bytes, size);
        if (sent < 0 && errno != EAGAIN) return failed(port->name, "written to");
        if (sent < 0) continue;
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

static int receive(void *context) {
    struct dime_serial_port *port = context;
    if (port->next < port->count) return port->bytes[port->next++];
    if (!wait_for(port, POLLIN, RECEIVE_MS)) return DIME_LIVE_NO_BYTE;
    ssize_t got = read(port->file, port->bytes, sizeof port->bytes);
    if (got <= 0) {
        if (got == 0) errno = ENODEV; /* unplugged */
        return failed(port->name, "read from") - 1;
    }
    port->count = (size_t)got;
    port->next = 1;
    return port->bytes[0];
}

static speed_t speed_of(uint32_t baud) {
    return baud == 115200 ? B115200 : baud == 57600 ? B57600 : baud == 9600 ? B9600 : B0;
}

/* Bytes as they are, no signals of a modem, nothing left from before. */
static int configure(const struct dime_serial_port *port, uint32_t baud) {
    struct termios settings;
    speed_t speed = speed_of(baud);
    if (tcgetattr(port->file, &settings)) return failed(port->name, "used as a serial port");
    cfmakeraw(&settings);
    settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSTOPB | PARENB | CRTSCTS)) | CLOCAL | CREAD;
    if (speed == B0 || cfsetispeed(&settings, speed) || cfsetospeed(&settings, speed) ||
        tcsetattr(port->file, TCSANOW, &settings) || tcflush(port->file, TCIOFLUSH))
        return failed(port->name, "set to this speed");
    return 0;
}

int dime_serial_port_open(struct dime_serial_port **port, const char *name, uint32_t baud) {
    struct dime_serial_port *made = calloc(1, sizeof *made);
    *port = NULL;
    if (!made) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    snprintf(made->name, sizeof made->name, "%s", name);
    made->file = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    int code = made->file < 0 ? failed(made->name, "opened") : configure(made, baud);
    if (code) {
        dime_serial_port_close(made);
        return code;
    }
    *port = made;
    return 0;
}

void dime_serial_port_close(struct dime_serial_port *port) {
    if (!port) return;
    if (port->file >= 0) close(port->file);
    free(port);
}

struct dime_live_port dime_serial_port_line(struct dime_serial_port *port) {
    return (struct dime_live_port){port, send, receive, NULL};
}
