/* SPDX-License-Identifier: MIT */
#include "cli/predict_board.h"

#include <string.h>

#include "base/error.h"

static int check_status(const struct cli_board *board, const char *model, uint32_t size, uint32_t classes,
                        const struct dime_link_status *status) {
    if (status->input_size == size && status->classes == classes) return 0;
    return dime_error_set(
        DIME_ERROR_UNSUPPORTED,
        "%s: the board has a network of %ux%u inputs and %u classes, %s one of %ux%u and %u; program "
        "it with `dime firmware %s --app predictor`",
        board->name, status->input_size, status->input_size, status->classes, model, size, size, classes,
        model);
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
    if (!code) code = check_status(board, model, size, classes, &status);
    if (code) cli_board_close(board);
    return code;
}

void cli_board_close(struct cli_board *board) {
    dime_serial_port_close(board->port);
    board->port = NULL;
}
