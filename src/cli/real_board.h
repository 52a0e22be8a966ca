/* SPDX-License-Identifier: MIT */
/* A real predictor at a serial port, for `predict --serial` and `live --serial`. */
#ifndef DIME_CLI_REAL_BOARD_H
#define DIME_CLI_REAL_BOARD_H

#include "live/exchange.h"
#include "live/serial_port.h"

struct cli_board {
    struct dime_serial_port *port;
    struct dime_exchange exchange;
    const char *name; /* of the port */
};

/* Opens the port and asks who is there. Errors: IO (no port, no answer; with the ports that there are),
   UNSUPPORTED (the board's network takes pictures of another size, or tells another number of classes
   apart). */
int cli_board_open(struct cli_board *board, const char *port, const char *model, uint32_t size,
                   uint32_t classes);
/* dime_exchange_picture(); its errors name the port. */
int cli_board_picture(struct cli_board *board, const uint8_t *grey, uint32_t size,
                      struct dime_link_result *result);
void cli_board_close(struct cli_board *board);

/* Whether a board's status, real or simulated, fits a model. Errors: UNSUPPORTED. */
int cli_board_check(const char *board, const struct dime_link_status *status, const char *model,
                    uint32_t size, uint32_t classes);

#endif
