/* SPDX-License-Identifier: MIT */
/* A pseudo-terminal as a serial port: what is refused, with the name of the port, and bytes both ways. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "live/serial_port.h"

static void refuse(const char *name, uint32_t baud, const char *reason) {
    struct dime_serial_port *port;
    assert_int_equal(dime_serial_port_open(&port, name, baud), DIME_ERROR_IO);
    assert_null(port);
    const char *message = dime_error_message();
    if (strncmp(message, name, strlen(name)) || !strstr(message, reason) ||
        !strstr(message, "serial ports of"))
        fail_msg("%s", message);
}

static void test_refused(void **state) {
    (void)state;
    int far = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(far >= 0 && !grantpt(far) && !unlockpt(far));
    const char *name = ptsname(far);
    refuse(name, 12345, "no speed of 12345");
    refuse("/dev/pts/987654", 115200, "cannot be opened");
    close(far);
}

static void test_bytes(void **state) {
    (void)state;
    static const uint8_t sent[] = {0, '\r', '\n', 0x11, 0xFF};
    static const uint32_t speeds[] = {9600, 57600, 115200};
    int far = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(far >= 0 && !grantpt(far) && !unlockpt(far));
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        struct dime_serial_port *port;
        uint8_t came[sizeof sent];
        assert_int_equal(dime_serial_port_open(&port, ptsname(far), speeds[i]), 0);
        struct dime_live_port line = dime_serial_port_line(port);
        assert_int_equal(line.send(line.context, sent, sizeof sent), 0);
        assert_int_equal(read(far, came, sizeof came), sizeof came);
        assert_memory_equal(came, sent, sizeof sent);
        assert_int_equal(write(far, sent, sizeof sent), sizeof sent);
        for (size_t k = 0; k < sizeof sent; k++) assert_int_equal(line.receive(line.context), sent[k]);
        dime_serial_port_close(port);
    }
    close(far);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_refused), cmocka_unit_test(test_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
