/* SPDX-License-Identifier: MIT */
/* The reader of board files: whatever it accepts names chips that are there. */
#include <stdint.h>
#include <stdlib.h>

#include "sim/board.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_chip(const struct sim_board *board, uint32_t chip) {
    if (chip >= board->chip_count) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct sim_board board;
    if (size <= SIM_BOARD_LARGEST_FILE && !sim_board_parse("board.yaml", (const char *)data, size, &board)) {
        if (!board.chip_count || board.chip_count > SIM_WORLD_CHIPS) abort();
        for (uint32_t i = 0; i < board.camera_count; i++) check_chip(&board, board.cameras[i].chip);
        for (uint32_t i = 0; i < board.button_count; i++) check_chip(&board, board.buttons[i].chip);
        for (uint32_t i = 0; i < board.led_count; i++) check_chip(&board, board.leds[i].chip);
        for (uint32_t i = 0; i < board.display_count; i++) check_chip(&board, board.displays[i].chip);
        for (uint32_t i = 0; i < board.wire_count; i++) {
            check_chip(&board, board.wires[i].from);
            check_chip(&board, board.wires[i].to);
        }
    }
    if (size <= SIM_BOARD_LARGEST_FILE) sim_board_free(&board);
    return 0;
}
