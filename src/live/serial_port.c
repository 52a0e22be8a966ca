/* SPDX-License-Identifier: MIT */
#include "live/serial_port.h"

#include <errno.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "live/pseudo_terminal.h"

enum { SEND_MS = 1000, RECEIVE_MS = 500, RING = 256, PORTS_BYTES = 600 };

struct dime_serial_port {
    struct sp_port *port; /* of the library; NULL for a pseudo-terminal */
    int terminal;         /* its file, or -1 */
    uint8_t bytes[RING];  /* read, but not yet asked for */
    size_t count, next;
};

/* ---- what can go wrong ---- */

void dime_serial_ports_list(char *text, size_t size) {
    struct sp_port **ports = NULL;
    size_t used = 0;
    text[0] = 0;
    if (sp_list_ports(&ports) != SP_OK) ports = NULL;
    for (size_t i = 0; ports && ports[i] && used < size; i++) {
        const char *product = sp_get_port_description(ports[i]), *name = sp_get_port_name(ports[i]);
        int told = product && *product && !strstr(name, product);
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s%s", used ? ", " : "", name,
                                 told ? " (" : "", told ? product : "", told ? ")" : "");
    }
    if (ports) sp_free_port_list(ports);
    if (!used) snprintf(text, size, "none; is the board's cable plugged in?");
}

static int cannot_open(int code, const char *name, const char *reason) {
    char ports[PORTS_BYTES];
    dime_serial_ports_list(ports, sizeof ports);
    return dime_error_set(code, "%s: %s; serial ports of this machine: %s", name, reason, ports);
}

/* Why the library refused. */
static const char *reason_of(enum sp_return code) {
    if (code == SP_ERR_ARG) return "there is no such serial port";
    if (code == SP_ERR_MEM) return "out of memory";
    if (code == SP_ERR_SUPP) return "the port does not have this speed";
    if (errno == EACCES) return "not allowed; ports belong to a group, dialout in Debian, that you may join";
    return strerror(errno);
}

static int interrupted(const char *what, enum sp_return code) {
    return dime_error_set(DIME_ERROR_IO, "the serial port cannot be %s: %s; is the board still plugged in?",
                          what, reason_of(code));
}

/* ---- a port of the library ---- */

/* Bytes as they are, and nothing left from before. */
static enum sp_return configure(struct sp_port *port, uint32_t baud) {
    enum sp_return code = sp_set_baudrate(port, (int)baud);
    if (code == SP_OK) code = sp_set_bits(port, 8);
    if (code == SP_OK) code = sp_set_parity(port, SP_PARITY_NONE);
    if (code == SP_OK) code = sp_set_stopbits(port, 1);
    if (code == SP_OK) code = sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE);
    return code == SP_OK ? sp_flush(port, SP_BUF_BOTH) : code;
}

static int send_to_port(struct sp_port *port, const uint8_t *bytes, size_t size) {
    enum sp_return sent = sp_blocking_write(port, bytes, size, SEND_MS);
    if (sent < 0) return interrupted("written to", sent);
    if ((size_t)sent == size) return 0;
    return dime_error_set(DIME_ERROR_IO, "the serial port takes no more bytes; is it another device's?");
}

static int read_port(struct sp_port *port, uint8_t *bytes, size_t size) {
    enum sp_return got = sp_blocking_read_next(port, bytes, size, RECEIVE_MS);
    return got < 0 ? interrupted("read from", got) : (int)got;
}

static enum sp_return open_port(struct dime_serial_port *made, const char *path, uint32_t baud) {
    struct sp_port *port;
    enum sp_return code = sp_get_port_by_name(path, &port);
    if (code != SP_OK) return code;
    code = sp_open(port, SP_MODE_READ_WRITE);
    if (code != SP_OK) {
        sp_free_port(port);
        return code;
    }
    made->port = port;
    return configure(port, baud);
}

/* ---- either ---- */

static int open_terminal(struct dime_serial_port *made, const char *name, const char *path, uint32_t baud) {
    made->terminal = dime_pseudo_terminal_open(path, baud);
    if (made->terminal >= 0) return 0;
    int code = made->terminal;
    char reason[256];
    snprintf(reason, sizeof reason, "%s", dime_error_message());
    return cannot_open(code, name, reason);
}

static int open_either(struct dime_serial_port *made, const char *name, uint32_t baud) {
    char real[PATH_MAX]; /* the library knows ports by their own names, not by /dev/serial/by-id/... */
    const char *path = realpath(name, real) ? real : name;
    if (dime_pseudo_terminal_is(path)) return open_terminal(made, name, path, baud);
    enum sp_return code = open_port(made, path, baud);
    return code == SP_OK ? 0 : cannot_open(DIME_ERROR_IO, name, reason_of(code));
}

int dime_serial_port_open(struct dime_serial_port **port, const char *name, uint32_t baud) {
    struct dime_serial_port *made = calloc(1, sizeof *made);
    *port = NULL;
    if (!made) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", name);
    made->terminal = -1;
    int code = open_either(made, name, baud);
    if (code) {
        dime_serial_port_close(made);
        return code;
    }
    *port = made;
    return 0;
}

void dime_serial_port_close(struct dime_serial_port *port) {
    if (!port) return;
    if (port->terminal >= 0) close(port->terminal);
    if (port->port) {
        sp_close(port->port);
        sp_free_port(port->port);
    }
    free(port);
}

static int send(void *context, const uint8_t *bytes, size_t size) {
    const struct dime_serial_port *port = context;
    if (port->port) return send_to_port(port->port, bytes, size);
    return dime_pseudo_terminal_write(port->terminal, bytes, size);
}

static int read_some(const struct dime_serial_port *port, uint8_t *bytes, size_t size) {
    if (port->port) return read_port(port->port, bytes, size);
    return dime_pseudo_terminal_read(port->terminal, bytes, size, RECEIVE_MS);
}

static int receive(void *context) {
    struct dime_serial_port *port = context;
    if (port->next == port->count) {
        int got = read_some(port, port->bytes, sizeof port->bytes);
        if (got < 0) return got - 1; /* -1 is no error */
        port->count = (size_t)got;
        port->next = 0;
    }
    return port->next < port->count ? port->bytes[port->next++] : DIME_LIVE_NO_BYTE;
}

struct dime_live_port dime_serial_port_line(struct dime_serial_port *port) {
    return (struct dime_live_port){port, send, receive, NULL};
}
