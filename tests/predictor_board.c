/* SPDX-License-Identifier: MIT */
#include "predictor_board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

static void check(int code) {
    if (code) fail_msg("%s", dime_error_message());
}

static void hear_byte(void *context, uint64_t cycle, uint8_t byte, int framing_error) {
    (void)cycle;
    struct board *board = context;
    enum dime_link_event event = dime_link_receive(&board->receiver, &board->incoming, byte);
    if (framing_error || event == DIME_LINK_DAMAGED) board->bad_answers++;
    if (event == DIME_LINK_FRAME && board->answer_count < 64)
        board->answers[board->answer_count++] = board->incoming;
}

static void hear_pin(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    (void)cycle;
    struct board *board = context;
    if (port != 1 || number > 6) return;
    board->levels = (board->levels & ~(1u << number)) | (uint32_t)level << number;
}

/* What a person would read: 0..15, BOARD_DASH, or -1. Common anode: lit while low. */
int predictor_shown(const struct board *board) {
    static const uint8_t lit[17] = {0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F,
                                    0x6F, 0x77, 0x7C, 0x39, 0x5E, 0x79, 0x71, 0x40};
    for (int symbol = 0; symbol < 17; symbol++)
        if (lit[symbol] == (~board->levels & 0x7F)) return symbol;
    return -1;
}

void predictor_run(struct board *board, uint64_t cycles) {
    struct sim_limits limits = {board->now += cycles, UINT64_MAX};
    enum sim_stop stop = sim_chip_run(board->chip, &limits);
    if (stop == SIM_STOP_CYCLES) return;
    char text[2048] = "";
    if (stop == SIM_STOP_FAULT)
        sim_fault_describe(board->chip, sim_chip_fault(board->chip), text, sizeof text);
    fail_msg("the run ended by %s %s", sim_stop_name(stop), text);
}

void predictor_start(struct board *board, const char *elf) {
    static const uint32_t tx[2] = {2, 5}, rx[2] = {2, 6};
    memset(board, 0, sizeof *board);
    board->levels = 0x7F;
    check(sim_ch32v003_create(&board->chip, NULL));
    check(sim_chip_load_file(board->chip, elf));
    sim_chip_reset(board->chip);
    sim_chip_pin_listen(board->chip, hear_pin, board);
    sim_uart_wire_attach(&board->wire, board->chip, BOARD_BAUD, tx, rx, hear_byte, board);
    predictor_run(board, 5 * BOARD_MS);
    assert_int_equal(predictor_shown(board), BOARD_DASH);
}

/* The deepest stack of the run is within the bound that the build promised. */
void predictor_end(struct board *board, uint32_t stack_bytes) {
    uint32_t lowest = sim_chip_stack_lowest(board->chip);
    assert_true(lowest > 0x20000000 && 0x20000800 - lowest <= stack_bytes);
    sim_uart_wire_free(&board->wire);
    sim_chip_free(board->chip);
}

/* ---- talking ---- */

void predictor_send(struct board *board, const uint8_t *bytes, uint32_t size) {
    check(sim_uart_wire_send(&board->wire, bytes, size));
}

/* The next answer within `milliseconds`, or NULL. */
const struct dime_link_frame *predictor_wait(struct board *board, uint32_t milliseconds) {
    uint32_t before = board->answer_count;
    for (uint32_t i = 0; i < milliseconds && board->answer_count == before; i++)
        predictor_run(board, BOARD_MS);
    if (board->answer_count == before) return NULL;
    const struct dime_link_frame *answer = &board->answers[before];
    if (before > 48) board->answer_count = 0;
    return answer;
}

struct dime_link_frame predictor_ask(struct board *board, const uint8_t *bytes, uint32_t size) {
    predictor_send(board, bytes, size);
    const struct dime_link_frame *answer = predictor_wait(board, 3000);
    if (!answer) fail_msg("no answer");
    return *answer;
}
