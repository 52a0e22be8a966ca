/* SPDX-License-Identifier: MIT */
#include "live/sim_board.h"

#include <stdlib.h>

#include "base/error.h"
#include "sim/chip.h"
#include "sim/display.h"
#include "sim/uart_wire.h"

enum {
    RECEIVED = 512,      /* bytes that may wait, a power of two */
    CYCLES_A_MS = 48000, /* at full speed */
    START_CYCLES = 20 * CYCLES_A_MS,
    RECEIVE_CYCLES = 500 * CYCLES_A_MS, /* a picture is read in less, or the chip hangs */
    SETTLE_CYCLES = CYCLES_A_MS / 10,
    SHOW_CYCLES = 2 * CYCLES_A_MS, /* after the result, until the display shows it */
};
static const uint32_t tx[2] = {2, 5}, rx[2] = {2, 6}; /* PD5, PD6: USART1 */

struct dime_sim_board {
    struct sim_chip *chip;
    struct sim_display display;
    struct sim_uart_wire wire;
    uint8_t bytes[RECEIVED]; /* from the chip, a ring */
    uint32_t written, read;
};

static void hear(void *context, uint64_t cycle, uint8_t byte, int framing_error) {
    struct dime_sim_board *board = context;
    (void)cycle, (void)framing_error; /* a byte that is wrong damages its frame: that is the link's task */
    if (board->written - board->read == RECEIVED) board->read++;
    board->bytes[board->written++ % RECEIVED] = byte;
    sim_chip_stop(board->chip);
}

/* The watchdog may reset the chip, that is as on the desk; but a stopped chip does not go on. */
static int run(struct dime_sim_board *board, uint64_t cycles) {
    const struct sim_limits limits = {sim_chip_now(board->chip) + cycles, UINT64_MAX};
    enum sim_stop stop = sim_chip_run(board->chip, &limits);
    if (stop == SIM_STOP_CYCLES || stop == SIM_STOP_REQUEST) return 0;
    return dime_error_set(DIME_ERROR_IO, "the simulated chip has stopped: %s",
                          stop == SIM_STOP_FAULT ? sim_fault_name(sim_chip_fault(board->chip)->kind)
                                                 : sim_stop_name(stop));
}

static int send(void *context, const uint8_t *bytes, size_t size) {
    struct dime_sim_board *board = context;
    return sim_uart_wire_send(&board->wire, bytes, size);
}

static int receive(void *context) {
    struct dime_sim_board *board = context;
    if (board->read == board->written) {
        int code = run(board, RECEIVE_CYCLES);
        if (code) return code - 1; /* -1 is no error */
    }
    return board->read == board->written ? DIME_LIVE_NO_BYTE : board->bytes[board->read++ % RECEIVED];
}

static int segments(void *context) {
    struct dime_sim_board *board = context;
    run(board, SHOW_CYCLES);
    return board->display.lit;
}

int dime_sim_board_create(struct dime_sim_board **board, const char *name, const uint8_t *elf, size_t size,
                          uint32_t baud) {
    struct dime_sim_board *made = calloc(1, sizeof *made);
    *board = NULL;
    if (!made) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a simulated board");
    int code = sim_ch32v003_create(&made->chip, NULL);
    if (!code) code = sim_chip_load_elf(made->chip, name, elf, size);
    if (!code) {
        sim_display_attach(&made->display, made->chip, SETTLE_CYCLES);
        sim_uart_wire_attach(&made->wire, made->chip, baud, tx, rx, hear, made);
        sim_chip_reset(made->chip);
        code = run(made, START_CYCLES);
    }
    if (code) {
        dime_sim_board_free(made);
        return code;
    }
    *board = made;
    return 0;
}

void dime_sim_board_free(struct dime_sim_board *board) {
    if (!board) return;
    sim_chip_free(board->chip);
    if (board->wire.chip) sim_uart_wire_free(&board->wire);
    sim_display_free(&board->display);
    free(board);
}

struct dime_live_port dime_sim_board_port(struct dime_sim_board *board) {
    return (struct dime_live_port){board, send, receive, segments};
}

uint64_t dime_sim_board_cycles(const struct dime_sim_board *board) {
    return sim_chip_now(board->chip);
}
