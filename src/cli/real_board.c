/* SPDX-License-Identifier: MIT */
#include "cli/real_board.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

int cli_board_check(const char *board, const struct dime_link_status *status, const char *model,
                    uint32_t size, uint32_t classes) {
    if (status->input_size == size && status->classes == classes) return 0;
    return dime_error_set(
        DIME_ERROR_UNSUPPORTED,
        "%s: the board has a network of %ux%u inputs and %u classes, %s one of %ux%u and %u; program "
        "it with `dime firmware %s --app predictor`",
        board, status->input_size, status->input_size, status->classes, model, size, size, classes, model);
}

/* It may be the wrong port. */
static int say_ports(const char *name, int code) {
    char message[512], ports[400];
    snprintf(message, sizeof message, "%s", dime_error_message());
    dime_serial_ports_list(ports, sizeof ports);
    return dime_error_set(code, "%s: %s (serial ports of this machine: %s)", name, message, ports);
}

int cli_board_picture(struct cli_board *board, const uint8_t *grey, uint32_t size,
                      struct dime_link_result *result) {
    int code = dime_exchange_picture(&board->exchange, grey, size, result);
    if (!code) return 0;
    char message[512];
    snprintf(message, sizeof message, "%s", dime_error_message());
    return dime_error_set(code, "%s: %s", board->name, message);
}

int cli_board_open(struct cli_board *board, const char *port, const char *model, uint32_t size,
                   uint32_t classes) {
    struct dime_link_status status;
    memset(board, 0, sizeof *board);
    board->name = port;
    int code = dime_serial_port_open(&board->port, port, DIME_LINK_BAUD);
    if (code) return code;
    board->exchange.port = dime_serial_port_line(board->port);
    code = dime_exchange_status(&board->exchange, &status);
    code = code ? say_ports(port, code) : cli_board_check(port, &status, model, size, classes);
    if (code) cli_board_close(board);
    return code;
}

void cli_board_close(struct cli_board *board) {
    dime_serial_port_close(board->port);
    board->port = NULL;
}
