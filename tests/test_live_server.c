/* SPDX-License-Identifier: MIT */
/* The live page's server over loopback: what it serves, what it refuses, and that hostile requests neither
   end nor block it. DIME_MALFORMED=100000 sends that many of these instead of 1000. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "live/server.h"

enum { REPLY_BYTES = 64 * 1024, PATIENCE_MS = 5000 };

static struct dime_live_server *server;
static uint32_t pictures; /* that reached the board */

static int fake_picture(void *context, const uint8_t *pixels, uint32_t width, uint32_t height, char *answer,
                        size_t size) {
    uint32_t sum = 0;
    (void)context;
    for (uint32_t i = 0; i < width * height; i++) sum += pixels[i]; /* the sanitizer sees what is not there */
    pictures++;
    if (sum == 7) return dime_error_set(DIME_ERROR_IO, "the board has \"gone\"");
    snprintf(answer, size, "{\"sum\":%u}", sum);
    return 0;
}

static const struct dime_live_service service = {NULL, "{\"about\":\"a test\"}", fake_picture};

/* ---- a client ---- */

/* Closing resets the connection, so that no port stays occupied. */
static int connect_to_server(void) {
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_port = htons(dime_live_server_port(server))};
    struct linger linger = {1, 0};
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(client >= 0);
    assert_int_equal(connect(client, (struct sockaddr *)&place, sizeof place), 0);
    setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return client;
}

static void send_all(int client, const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t sent = send(client, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) return; /* the server may have had enough */
        bytes += sent;
        size -= (size_t)sent;
    }
}

/* Everything until the server closes; fails where it does not within PATIENCE_MS. */
static size_t receive_all(int client, char reply[REPLY_BYTES]) {
    size_t used = 0;
    for (;;) {
        struct pollfd wait = {client, POLLIN, 0};
        if (poll(&wait, 1, PATIENCE_MS) != 1) fail_msg("the server neither answers nor closes");
        ssize_t got = recv(client, reply + used, REPLY_BYTES - 1 - used, 0);
        if (got <= 0) break;
        used += (size_t)got;
    }
    reply[used] = 0;
    return used;
}

static int ask_bytes(const char *bytes, size_t size, char reply[REPLY_BYTES]) {
    int client = connect_to_server(), status = 0;
    send_all(client, bytes, size);
    shutdown(client, SHUT_WR);
    receive_all(client, reply);
    close(client);
    if (sscanf(reply, "HTTP/1.%*1[01] %d", &status) != 1) return 0;
    return status;
}

static int ask(const char *request, char reply[REPLY_BYTES]) {
    return ask_bytes(request, strlen(request), reply);
}

#define HOST "Host: localhost\r\nConnection: close\r\n"

static size_t make_post(char *request, size_t room, const char *more, uint32_t width, uint32_t height,
                        uint32_t body, uint8_t grey) {
    int head = snprintf(request, room, "POST /picture HTTP/1.1\r\n" HOST "%sContent-Length: %u\r\n\r\n", more,
                        body + 4);
    uint8_t *at = (uint8_t *)request + head;
    *at++ = (uint8_t)width, *at++ = (uint8_t)(width >> 8);
    *at++ = (uint8_t)height, *at++ = (uint8_t)(height >> 8);
    memset(at, grey, body);
    return (size_t)head + 4 + body;
}

/* ---- tests ---- */

static int start(void **state) {
    (void)state;
    return dime_live_server_start("127.0.0.1", 0, &service, &server);
}

static int stop(void **state) {
    (void)state;
    dime_live_server_stop(server);
    server = NULL;
    return 0;
}

static void test_what_is_served(void **state) {
    char reply[REPLY_BYTES];
    (void)state;
    assert_int_equal(ask("GET / HTTP/1.1\r\n" HOST "\r\n", reply), 200);
    assert_non_null(strstr(reply, "<title>dime live</title>"));
    assert_non_null(strstr(reply, "Content-Security-Policy: default-src 'self'"));
    assert_int_equal(ask("GET /page.js HTTP/1.1\r\n" HOST "\r\n", reply), 200);
    assert_non_null(strstr(reply, "Content-Type: text/javascript"));
    assert_int_equal(ask("GET /board HTTP/1.1\r\n" HOST "\r\n", reply), 200);
    assert_non_null(strstr(reply, "{\"about\":\"a test\"}"));
    assert_int_equal(ask("HEAD /style.css HTTP/1.1\r\n" HOST "\r\n", reply), 200);
    assert_null(strstr(reply, "color-scheme"));
}

static void test_a_picture(void **state) {
    static char request[400000];
    char reply[REPLY_BYTES];
    (void)state;
    assert_int_equal(ask_bytes(request, make_post(request, sizeof request, "", 3, 2, 6, 5), reply), 200);
    assert_non_null(strstr(reply, "{\"sum\":30}"));
    assert_int_equal(ask_bytes(request, make_post(request, sizeof request, "", 512, 512, 262144, 1), reply),
                     200);
    assert_non_null(strstr(reply, "{\"sum\":262144}"));
    assert_int_equal(ask_bytes(request, make_post(request, sizeof request, "", 7, 1, 7, 1), reply), 500);
    assert_non_null(strstr(reply, "{\"error\":\"the board has \\\"gone\\\"\"}"));
}

static void test_impossible_pictures(void **state) {
    static const struct {
        uint32_t width, height, body;
        int status;
    } cases[] = {{3, 2, 5, 400}, {3, 2, 7, 400},         {0, 9, 1, 400},         {513, 1, 513, 400},
                 {1, 1, 0, 411}, {65535, 65535, 1, 400}, {512, 513, 262656, 413}};
    static char request[400000];
    char reply[REPLY_BYTES];
    (void)state;
    uint32_t before = pictures;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size =
            make_post(request, sizeof request, "", cases[i].width, cases[i].height, cases[i].body, 1);
        assert_int_equal(ask_bytes(request, size, reply), cases[i].status);
        assert_non_null(strstr(reply, "{\"error\":"));
    }
    assert_int_equal(pictures, before);
}

static void test_what_is_refused(void **state) {
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /nothing HTTP/1.1\r\n" HOST "\r\n", 404},
        {"GET /../LICENSE HTTP/1.1\r\n" HOST "\r\n", 404},
        {"GET /%2e%2e/etc/passwd HTTP/1.1\r\n" HOST "\r\n", 404},
        {"GET / HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n", 403},
        {"GET / HTTP/1.1\r\nHost: localhost.elsewhere.example\r\nConnection: close\r\n\r\n", 403},
        {"GET / HTTP/1.0\r\n\r\n", 403},
        {"DELETE / HTTP/1.1\r\n" HOST "\r\n", 405},
        {"POST /board HTTP/1.1\r\n" HOST "Content-Length: 9\r\n\r\n123456789", 404},
        {"POST /picture HTTP/1.1\r\n" HOST "\r\n", 411},
        {"POST /picture HTTP/1.1\r\n" HOST "Content-Length: 99999999\r\n\r\n", 413},
        {"POST /picture HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 411},
        {"POST /picture HTTP/1.1\r\n" HOST "Origin: http://elsewhere.example\r\nContent-Length: 5\r\n\r\n"
         "12345",
         403},
    };
    char reply[REPLY_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int status = ask(cases[i].request, reply);
        if (status != cases[i].status)
            fail_msg("%s\nis answered %d instead of %d", cases[i].request, status, cases[i].status);
    }
}

static void test_own_origin(void **state) {
    static char request[1000];
    char reply[REPLY_BYTES];
    (void)state;
    size_t size = make_post(request, sizeof request, "Origin: http://localhost\r\n", 1, 1, 1, 9);
    assert_int_equal(ask_bytes(request, size, reply), 200);
}

static void test_hosts(void **state) {
    static const char *const safe[] = {"localhost", "localhost:8003", "127.0.0.1",     "127.0.0.1:1",
                                       "[::1]",     "[::1]:80",       "192.168.1.7:80"};
    static const char *const unsafe[] = {
        "",     "localhost.x", "xlocalhost",    "127.0.0.1.x", "[::1",       "::1]",
        "a:80", "localhost:x", "localhost:80/", "[localhost",  "127.0.0.1 ", "[::1]x"};
    (void)state;
    for (size_t i = 0; i < sizeof safe / sizeof *safe; i++) assert_true(dime_live_host_is_safe(safe[i]));
    for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
        assert_false(dime_live_host_is_safe(unsafe[i]));
}

/* Clients that begin a request and say no more do not keep others out. */
static void test_slow_clients(void **state) {
    static const char start[] =
        "POST /picture HTTP/1.1\r\nHost: localhost\r\nContent-Length: 90000\r\n\r\nabc";
    char reply[REPLY_BYTES];
    int slow[40];
    (void)state;
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) {
        slow[i] = connect_to_server();
        send_all(slow[i], start, i % 2 ? 20 : sizeof start - 1);
    }
    assert_int_equal(ask("GET /board HTTP/1.1\r\n" HOST "\r\n", reply), 200);
    for (size_t i = 0; i < sizeof slow / sizeof *slow; i++) close(slow[i]);
}

/* ---- malformed requests ---- */

#define START(text)                                                                                          \
    { text, sizeof text - 1 }
static const struct {
    const char *bytes;
    size_t size;
} starts[] = {
    START("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    START("GET /board?a=%00%ff&b HTTP/1.1\r\nHost: [::1]:1\r\nCookie: a=b; c\r\n\r\n"),
    START("POST /picture HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 13\r\n\r\n\3\0\3\0abcdefghi"),
    START("POST /picture HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
          "chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n"),
    START("POST /picture HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18446744073709551615\r\n\r\nabc"),
    START("POST /picture HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: "
          "9\r\n\r\nabcdefghi"),
    START("GET / HTTP/9.9\r\nHost\r\n: x\r\n\t folded\r\n\r\n"),
    START("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this begins as TLS does"),
    START("GET /index.html HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-,-1,9-2\r\nExpect: "
          "100-continue\r\n\r\n"),
};
enum { STARTS = sizeof starts / sizeof *starts, MOST_REQUEST = 40000 };

/* Some bytes changed, a part doubled, cut off, or a very long header. */
static size_t mutate(char *request, size_t size, struct dime_random *random) {
    uint32_t kind = dime_random_below(random, 5);
    for (uint32_t i = dime_random_below(random, 8); i > 0; i--)
        request[dime_random_below(random, (uint32_t)size)] = (char)dime_random_below(random, 256);
    if (kind == 0) return dime_random_below(random, (uint32_t)size);
    if (kind == 1) {
        memcpy(request + size, request, size);
        return 2 * size;
    }
    if (kind == 2) {
        size_t length = dime_random_below(random, MOST_REQUEST / 2),
               at = dime_random_below(random, (uint32_t)size);
        memmove(request + at + length, request + at, size - at);
        memset(request + at, "aA1: \r\n\0%"[dime_random_below(random, 9)], length);
        return size + length;
    }
    return size;
}

static long resident_kilobytes(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%*d %ld", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void send_malformed(struct dime_random *random) {
    static char request[2 * MOST_REQUEST];
    uint32_t which = dime_random_below(random, STARTS);
    memcpy(request, starts[which].bytes, starts[which].size);
    size_t size = mutate(request, starts[which].size, random);
    int client = connect_to_server();
    send_all(client, request, size);
    struct pollfd wait = {client, POLLIN, 0};
    /* A header that does not end is not answered, but ended by a time limit; and some clients go at once. */
    if (dime_random_below(random, 4)) poll(&wait, 1, 5);
    close(client);
}

static void test_malformed(void **state) {
    const char *wish = getenv("DIME_MALFORMED");
    uint32_t count = wish ? (uint32_t)strtoul(wish, NULL, 10) : 1000;
    char reply[REPLY_BYTES];
    long before = 0;
    struct dime_random random = dime_random_stream(7, 0, 0);
    (void)state;
    for (uint32_t i = 0; i < count; i++) {
        send_malformed(&random);
        if (i == count / 10) before = resident_kilobytes();
        if (i % 100 == 0) assert_int_equal(ask("GET /board HTTP/1.1\r\n" HOST "\r\n", reply), 200);
    }
    assert_int_equal(ask("GET /board HTTP/1.1\r\n" HOST "\r\n", reply), 200);
    long grown = resident_kilobytes() - before;
    print_message("%u malformed requests; memory grew by %ld KB\n", count, grown);
    if (!getenv("DIME_SANITIZED")) assert_true(grown < 4096);
}

static void test_taken_port(void **state) {
    struct dime_live_server *second;
    (void)state;
    assert_int_equal(dime_live_server_start("127.0.0.1", dime_live_server_port(server), &service, &second),
                     DIME_ERROR_IO);
    assert_non_null(strstr(dime_error_message(), "--port"));
    assert_int_equal(dime_live_server_start("localhost", 0, &service, &second), DIME_ERROR_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_served),      cmocka_unit_test(test_a_picture),
        cmocka_unit_test(test_impossible_pictures), cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_own_origin),          cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_slow_clients),        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_taken_port),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
