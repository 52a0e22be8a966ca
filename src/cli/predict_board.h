/* SPDX-License-Identifier: MIT */
/* dime predict --serial: a real predictor classifies, too. */
#ifndef DIME_CLI_PREDICT_BOARD_H
#define DIME_CLI_PREDICT_BOARD_H

#include "live/exchange.h"
#include "live/serial_port.h"

struct cli_board {
    struct dime_serial_port *port;
    struct dime_exchange exchange;
    const char *name; /* of the port */
};

/* Opens the port and asks who is there. Errors: IO (no port, no answer), UNSUPPORTED (the board's network
   takes pictures of another size, or tells another number of classes apart). */
int cli_board_open(struct cli_board *board, const char *port, const char *model, uint32_t size,
                   uint32_t classes);
void cli_board_close(struct cli_board *board);

#endif
