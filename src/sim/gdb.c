/* SPDX-License-Identifier: MIT */
#include "sim/gdb.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

enum {
    PACKET_MOST = 4096,
    MEMORY_MOST = (PACKET_MOST - 8) / 2,
    SLICE_CYCLES = 4800000, /* a tenth of a second on the chip, between looks for Ctrl-C */
    INTERRUPT_BYTE = 3,
    PC = 32,
    REGISTERS = 16,
};

struct server {
    struct sim_chip *chip;
    const struct sim_limits *limits;
    int connection;
    int done;     /* the debugger left */
    int detached; /* the program runs on */
    int no_acks;
    enum sim_stop stop;
    uint8_t input[1024];
    size_t input_size, input_at;
    char packet[PACKET_MOST + 1];
    char reply[PACKET_MOST + 1];
};

/* ---- bytes and packets --------------------------------------------------------------------------------- */

static void reply_with(struct server *server, const char *text) {
    snprintf(server->reply, sizeof server->reply, "%s", text);
}

static int get_byte(struct server *server) {
    if (server->input_at == server->input_size) {
        ssize_t got;
        do got = recv(server->connection, server->input, sizeof server->input, 0);
        while (got < 0 && errno == EINTR);
        if (got <= 0) return -1;
        server->input_size = (size_t)got;
        server->input_at = 0;
    }
    return server->input[server->input_at++];
}

static int send_bytes(struct server *server, const char *bytes, size_t size) {
    while (size) {
        ssize_t sent = send(server->connection, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        bytes += sent;
        size -= (size_t)sent;
    }
    return 0;
}

static int send_packet(struct server *server, const char *text) {
    char frame[PACKET_MOST + 8];
    unsigned sum = 0;
    for (const char *at = text; *at; at++) sum += (unsigned char)*at;
    int size = snprintf(frame, sizeof frame, "$%s#%02x", text, sum & 0xFF);
    return send_bytes(server, frame, (size_t)size);
}

static int hex_digit(int letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

/* 1 with a packet that has the right checksum, 0 for a wrong one, -1 at the end of the connection. */
static int read_body(struct server *server) {
    size_t size = 0;
    unsigned sum = 0;
    for (;;) {
        int byte = get_byte(server);
        if (byte < 0) return -1;
        if (byte == '#') break;
        sum += (unsigned)byte;
        if (size < PACKET_MOST) server->packet[size++] = (char)byte;
    }
    server->packet[size] = 0;
    int high = get_byte(server), low = high < 0 ? -1 : get_byte(server);
    if (low < 0) return -1;
    return hex_digit(high) == (int)(sum >> 4 & 15) && hex_digit(low) == (int)(sum & 15);
}

static int get_packet(struct server *server) {
    for (;;) {
        int byte = get_byte(server);
        if (byte < 0) return -1;
        if (byte != '$') continue;
        int right = read_body(server);
        if (right < 0) return -1;
        if (!server->no_acks && send_bytes(server, right ? "+" : "-", 1)) return -1;
        if (right) return 0;
    }
}

static uint32_t get_number(const char **text) {
    uint32_t value = 0;
    for (; hex_digit(**text) >= 0; (*text)++) value = value << 4 | (uint32_t)hex_digit(**text);
    return value;
}

static size_t put_hex(char *to, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i++) snprintf(to + 2 * i, 3, "%02x", bytes[i]);
    return 2 * size;
}

/* Returns how many whole bytes there were. */
static size_t get_hex(const char *text, uint8_t *bytes, size_t most) {
    size_t size = 0;
    while (size < most && hex_digit(text[0]) >= 0 && hex_digit(text[1]) >= 0) {
        bytes[size++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
        text += 2;
    }
    return size;
}

/* ---- registers and memory ------------------------------------------------------------------------------ */

static void put_register(struct server *server, char *to, uint32_t number) {
    uint32_t value = sim_chip_register(server->chip, number);
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                        (uint8_t)(value >> 24)};
    put_hex(to, bytes, 4);
}

static int set_register(struct server *server, uint32_t number, const char *text) {
    uint8_t bytes[4];
    if (get_hex(text, bytes, 4) < 4) return -1;
    sim_chip_set_register(server->chip, number,
                          (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                              (uint32_t)bytes[3] << 24);
    return 0;
}

/* In the order of the target description: x0..x15, pc. */
static void read_registers(struct server *server) {
    for (uint32_t i = 0; i < REGISTERS; i++) put_register(server, server->reply + 8 * (size_t)i, i);
    put_register(server, server->reply + 8 * (size_t)REGISTERS, PC);
}

static void write_registers(struct server *server, const char *text) {
    for (uint32_t i = 0; i <= REGISTERS; i++)
        if (strlen(text) < 8 * ((size_t)i + 1) ||
            set_register(server, i == REGISTERS ? PC : i, text + 8 * (size_t)i)) {
            reply_with(server, "E01");
            return;
        }
    reply_with(server, "OK");
}

static void read_register(struct server *server, const char *text) {
    uint32_t number = get_number(&text);
    if (number < REGISTERS || number == PC)
        put_register(server, server->reply, number);
    else
        reply_with(server, "E01");
}

static void write_register(struct server *server, const char *text) {
    uint32_t number = get_number(&text);
    int right = *text == '=' && (number < REGISTERS || number == PC);
    reply_with(server, right && !set_register(server, number, text + 1) ? "OK" : "E01");
}

static void read_memory(struct server *server, const char *text) {
    uint8_t bytes[MEMORY_MOST];
    uint32_t address = get_number(&text);
    if (*text == ',') text++;
    size_t size = get_number(&text);
    if (size > MEMORY_MOST) size = MEMORY_MOST;
    size_t got = sim_chip_peek(server->chip, address, bytes, size);
    if (!got && size)
        reply_with(server, "E14");
    else
        server->reply[put_hex(server->reply, bytes, got)] = 0;
}

static void write_memory(struct server *server, const char *text) {
    uint8_t bytes[MEMORY_MOST];
    uint32_t address = get_number(&text);
    if (*text == ',') text++;
    size_t size = get_number(&text);
    int right = *text == ':' && size <= MEMORY_MOST && get_hex(text + 1, bytes, size) == size &&
                sim_chip_poke(server->chip, address, bytes, size) == size;
    reply_with(server, right ? "OK" : "E14");
}

/* ---- running ------------------------------------------------------------------------------------------- */

static void describe_stop(struct server *server) {
    enum sim_watch kind;
    uint32_t address;
    switch (server->stop) {
    case SIM_STOP_WATCHPOINT:
        address = sim_chip_watch_hit(server->chip, &kind);
        snprintf(server->reply, sizeof server->reply, "T05%s:%08x;",
                 kind == SIM_WATCH_WRITE  ? "watch"
                 : kind == SIM_WATCH_READ ? "rwatch"
                                          : "awatch",
                 address);
        return;
    case SIM_STOP_FAULT:
        reply_with(server, "S0b");
        return;
    case SIM_STOP_CYCLES:
        reply_with(server, "S18");
        return; /* SIGXCPU */
    case SIM_STOP_REQUEST:
    case SIM_STOP_BREAKPOINT:
    case SIM_STOP_EBREAK:
    case SIM_STOP_LOOP:
    case SIM_STOP_SLEEP:
        break;
    }
    reply_with(server, "S05");
}

/* Ctrl-C from the debugger, or the end of the connection. */
static int wants_attention(struct server *server) {
    struct pollfd poll_file = {.fd = server->connection, .events = POLLIN};
    if (server->input_at < server->input_size) return 1;
    return poll(&poll_file, 1, 0) > 0;
}

static void resume(struct server *server) {
    for (;;) {
        struct sim_limits limits = *server->limits;
        uint64_t slice = sim_chip_now(server->chip) + SLICE_CYCLES;
        if (slice < limits.cycles) limits.cycles = slice;
        server->stop = sim_chip_run(server->chip, &limits);
        if (server->stop != SIM_STOP_CYCLES || sim_chip_now(server->chip) >= server->limits->cycles) break;
        if (!wants_attention(server)) continue;
        int byte = get_byte(server);
        if (byte < 0) server->done = 1;
        if (byte < 0 || byte == INTERRUPT_BYTE) {
            reply_with(server, "S02");
            return;
        }
    }
    describe_stop(server);
}

static void step(struct server *server) {
    server->stop = sim_chip_step(server->chip);
    describe_stop(server);
}

/* Z0, Z1 breakpoints; Z2, Z3, Z4 write, read and access watchpoints. */
static void set_point(struct server *server, const char *text, int insert) {
    static const enum sim_watch kinds[] = {SIM_WATCH_WRITE, SIM_WATCH_READ, SIM_WATCH_ACCESS};
    char type = *text++;
    if (type < '0' || type > '4') return; /* an empty reply: not supported */
    if (*text == ',') text++;
    uint32_t address = get_number(&text);
    if (*text == ',') text++;
    uint32_t size = get_number(&text);
    int status = 0;
    if (type <= '1' && insert)
        status = sim_chip_break_add(server->chip, address);
    else if (type <= '1')
        sim_chip_break_remove(server->chip, address);
    else if (insert)
        status = sim_chip_watch_add(server->chip, kinds[type - '2'], address, size);
    else
        sim_chip_watch_remove(server->chip, kinds[type - '2'], address, size);
    reply_with(server, status ? "E0c" : "OK");
}

/* ---- queries ------------------------------------------------------------------------------------------- */

static const char target_description[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target version=\"1.0\">"
    "<architecture>riscv:rv32</architecture><feature name=\"org.gnu.gdb.riscv.cpu\">"
    "<reg name=\"zero\" bitsize=\"32\" type=\"int\" regnum=\"0\"/><reg name=\"ra\" bitsize=\"32\" "
    "type=\"code_ptr\"/>"
    "<reg name=\"sp\" bitsize=\"32\" type=\"data_ptr\"/><reg name=\"gp\" bitsize=\"32\" type=\"data_ptr\"/>"
    "<reg name=\"tp\" bitsize=\"32\" type=\"data_ptr\"/><reg name=\"t0\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"t1\" bitsize=\"32\" type=\"int\"/><reg name=\"t2\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"fp\" bitsize=\"32\" type=\"data_ptr\"/><reg name=\"s1\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"a0\" bitsize=\"32\" type=\"int\"/><reg name=\"a1\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"a2\" bitsize=\"32\" type=\"int\"/><reg name=\"a3\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"a4\" bitsize=\"32\" type=\"int\"/><reg name=\"a5\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"pc\" bitsize=\"32\" type=\"code_ptr\" regnum=\"32\"/></feature></target>";

/* "m" or "l" (last) and a piece of the description. */
static void send_description(struct server *server, const char *text) {
    size_t offset = get_number(&text);
    if (*text == ',') text++;
    size_t size = get_number(&text), length = sizeof target_description - 1;
    if (offset > length) offset = length;
    if (size > PACKET_MOST - 16) size = PACKET_MOST - 16;
    int last = length - offset <= size;
    snprintf(server->reply, sizeof server->reply, "%c%.*s", last ? 'l' : 'm',
             (int)(last ? length - offset : size), target_description + offset);
}

static int begins(const char *text, const char *with, const char **rest) {
    size_t size = strlen(with);
    if (strncmp(text, with, size)) return 0;
    *rest = text + size;
    return 1;
}

static void query(struct server *server, const char *text) {
    const char *rest;
    if (begins(text, "qSupported", &rest))
        snprintf(server->reply, sizeof server->reply,
                 "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;hwbreak+;swbreak+", PACKET_MOST);
    else if (begins(text, "qXfer:features:read:target.xml:", &rest))
        send_description(server, rest);
    else if (!strcmp(text, "qAttached"))
        reply_with(server, "1");
    else if (!strcmp(text, "qC"))
        reply_with(server, "QC1");
    else if (!strcmp(text, "qfThreadInfo"))
        reply_with(server, "m1");
    else if (!strcmp(text, "qsThreadInfo"))
        reply_with(server, "l");
    else if (!strcmp(text, "QStartNoAckMode")) {
        server->no_acks = 1;
        reply_with(server, "OK");
    }
}

static void resume_at(struct server *server, const char *text) {
    int stepping = *text++ == 's';
    if (*text) sim_chip_set_register(server->chip, PC, get_number(&text));
    if (stepping)
        step(server);
    else
        resume(server);
}

/* Replies are in server->reply; empty means "not supported". Returns 0 where none is sent. */
static int answer(struct server *server) {
    const char *text = server->packet;
    *server->reply = 0;
    switch (*text) {
    case '?':
        describe_stop(server);
        break;
    case 'g':
        read_registers(server);
        break;
    case 'G':
        write_registers(server, text + 1);
        break;
    case 'p':
        read_register(server, text + 1);
        break;
    case 'P':
        write_register(server, text + 1);
        break;
    case 'm':
        read_memory(server, text + 1);
        break;
    case 'M':
        write_memory(server, text + 1);
        break;
    case 'c':
    case 's':
        resume_at(server, text);
        break;
    case 'Z':
        set_point(server, text + 1, 1);
        break;
    case 'z':
        set_point(server, text + 1, 0);
        break;
    case 'H':
    case 'T':
        reply_with(server, "OK");
        break;
    case 'D':
        reply_with(server, "OK");
        server->done = server->detached = 1;
        break;
    case 'k':
        server->done = 1;
        return 0;
    case 'q':
    case 'Q':
        query(server, text);
        break;
    default:
        break;
    }
    return 1;
}

static void serve(struct server *server) {
    server->stop = SIM_STOP_REQUEST;
    while (!server->done && !get_packet(server))
        if (answer(server) && send_packet(server, server->reply)) return;
}

/* ---- connecting ---------------------------------------------------------------------------------------- */

static int io_error(uint16_t port, const char *what) {
    return dime_error_set(DIME_ERROR_IO, "--gdb %u: %s: %s; choose another port", port, what,
                          strerror(errno));
}

static int wait_for_debugger(uint16_t port, int *connection) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0) return io_error(port, "no socket");
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) || listen(listener, 1)) {
        int status = io_error(port, "cannot listen");
        close(listener);
        return status;
    }
    do *connection = accept(listener, NULL, NULL);
    while (*connection < 0 && errno == EINTR);
    int status = *connection < 0 ? io_error(port, "no connection") : DIME_OK;
    close(listener);
    if (!status) setsockopt(*connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return status;
}

int sim_gdb_serve(struct sim_chip *chip, uint16_t port, const struct sim_limits *limits,
                  enum sim_stop *stop) {
    struct server *server = calloc(1, sizeof *server);
    if (!server) return dime_error_set(DIME_ERROR_MEMORY, "not enough memory for a debugger");
    server->chip = chip;
    server->limits = limits;
    int status = wait_for_debugger(port, &server->connection);
    if (!status) {
        serve(server);
        close(server->connection);
        *stop = server->stop;
        if (server->detached) *stop = sim_chip_run(chip, limits);
    }
    free(server);
    return status;
}
