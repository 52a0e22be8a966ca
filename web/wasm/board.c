/* SPDX-License-Identifier: MIT */
/* The live page's board as a WebAssembly module: an exported network, and a simulated predictor board. */
#include <stdlib.h>

#include "base/error.h"
#include "dime_model.h"
#include "live/reader.h"
#include "live/sim_board.h"

#define EXPORT(name) __attribute__((export_name(#name)))
#define ROOM (4u << 20) /* an ELF file with its symbols */

static struct dime_sim_board *board;
static struct dime_live_reader reader;
static char answer[DIME_LIVE_ANSWER_BYTES];
static uint8_t *room;

static void compute_outputs(void *context, const uint8_t *grey, int32_t *outputs) {
    (void)context;
    dime_model_predict(grey, outputs);
}

/* Where the caller puts the ELF file or a picture's grey levels; NULL where there is no memory. */
EXPORT(room) uint8_t *room_for(uint32_t size) {
    if (!room) room = malloc(ROOM);
    return size <= ROOM ? room : NULL;
}

/* Starts the board with the ELF file in the room. 0, or a negative number: message() says why. */
EXPORT(open) int open_board(uint32_t size) {
    struct dime_link_status status;
    dime_sim_board_free(board);
    int code = dime_sim_board_create(&board, "predictor.elf", room, size, DIME_LINK_BAUD);
    if (code) return code;
    reader = (struct dime_live_reader){
        .exchange.port = dime_sim_board_port(board),
        .network = {NULL, compute_outputs, dime_model_input_size(), dime_model_classes()},
    };
    return dime_exchange_status(&reader.exchange, &status);
}

/* Reads the picture in the room. 0: the answer is there; or a negative number. */
EXPORT(read) int read_picture(uint32_t width, uint32_t height) {
    return dime_live_read(&reader, room, width, height, answer, sizeof answer);
}

EXPORT(answer) const char *last_answer(void) {
    return answer;
}

EXPORT(message) const char *last_message(void) {
    return dime_error_message();
}

EXPORT(name) const char *network_name(void) {
    return dime_model_name();
}
