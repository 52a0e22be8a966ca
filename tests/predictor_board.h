/* SPDX-License-Identifier: MIT */
/* A predictor on a simulated chip, at the other end of a serial line. Failures fail the cmocka test. */
#ifndef PREDICTOR_BOARD_H
#define PREDICTOR_BOARD_H

#include <stdint.h>

#include "link/link.h"
#include "sim/chip.h"
#include "sim/uart_wire.h"

#define BOARD_BAUD 115200
#define BOARD_MS UINT64_C(48000) /* cycles */
#define BOARD_DASH 16            /* symbols: 0..15, and this one */
#define BOARD_E 14

struct board {
    struct sim_chip *chip;
    struct sim_uart_wire wire;
    struct dime_link_receiver receiver;
    struct dime_link_frame incoming;
    struct dime_link_frame answers[64];
    uint32_t answer_count, bad_answers;
    uint32_t levels; /* of PC0..PC6 */
    uint64_t now;
};

/* Powers it on; it must show a dash. */
void predictor_start(struct board *board, const char *elf);
/* The deepest stack of the run must be within the bound that the build promised. */
void predictor_end(struct board *board, uint32_t stack_bytes);
void predictor_run(struct board *board, uint64_t cycles);
/* What a person would read: 0..15, BOARD_DASH, or -1. */
int predictor_shown(const struct board *board);

void predictor_send(struct board *board, const uint8_t *bytes, uint32_t size);
/* The next answer within `milliseconds`, or NULL. */
const struct dime_link_frame *predictor_wait(struct board *board, uint32_t milliseconds);
/* Sends, and returns the answer, which must come within three seconds. */
struct dime_link_frame predictor_ask(struct board *board, const uint8_t *bytes, uint32_t size);

#endif
