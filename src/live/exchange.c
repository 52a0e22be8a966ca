/* SPDX-License-Identifier: MIT */
#include "live/exchange.h"

#include "base/error.h"

enum {
    TRIES = 3,
    MOST_BYTES = 4096, /* that are listened to for one frame */
    MOST_FRAMES = 16,  /* that are not the answer: of earlier pictures, about resets */
};

/* ---- log ---- */

static void log_word(struct dime_exchange *exchange, const char *word, int64_t number) {
    dime_text_put(exchange->log, word);
    dime_text_number(exchange->log, number);
}

static void log_sent(struct dime_exchange *exchange, const char *what, uint32_t bytes) {
    if (!exchange->log) return;
    dime_text_put(exchange->log, "> ");
    dime_text_put(exchange->log, what);
    log_word(exchange, " #", exchange->sequence);
    log_word(exchange, ": ", bytes);
    dime_text_put(exchange->log, " bytes\n");
}

static void log_result(struct dime_exchange *exchange, const struct dime_link_result *result) {
    dime_text_put(exchange->log, "RESULT");
    log_word(exchange, " #", exchange->frame.sequence);
    if (result->class == DIME_LINK_NO_DIGIT)
        dime_text_put(exchange->log, ": no digit");
    else
        log_word(exchange, ": class ", result->class);
    log_word(exchange, ", best ", result->best);
    log_word(exchange, ", margin ", result->margin);
    log_word(exchange, ", cycles ", result->cycles);
}

static void log_received(struct dime_exchange *exchange) {
    const struct dime_link_frame *frame = &exchange->frame;
    struct dime_link_result result;
    struct dime_link_error error;
    uint32_t wanted;
    if (!exchange->log) return;
    dime_text_put(exchange->log, "< ");
    if (dime_link_read_result(frame, &result)) {
        log_result(exchange, &result);
    } else if (dime_link_read_accepted(frame, &wanted)) {
        log_word(exchange, "ACCEPTED #", frame->sequence);
        log_word(exchange, ": next pixel ", wanted);
    } else if (dime_link_read_error(frame, &error)) {
        log_word(exchange, "ERROR #", frame->sequence);
        log_word(exchange, ": fault ", error.fault);
        log_word(exchange, ", detail ", error.detail);
    } else {
        log_word(exchange, "type ", frame->type);
        log_word(exchange, " #", frame->sequence);
    }
    dime_text_put(exchange->log, "\n");
}

/* ---- frames ---- */

static int no_answer(void) {
    return dime_error_set(DIME_ERROR_IO, "the predictor does not answer; is it connected and programmed with "
                                         "`dime firmware MODEL --app predictor`?");
}

static int other_version(uint32_t version) {
    return dime_error_set(DIME_ERROR_IO,
                          "the predictor speaks version %u of the link, this program version %d; program the "
                          "board with `dime firmware MODEL --app predictor` of this dime",
                          version, DIME_LINK_VERSION);
}

/* The predictor has understood and says no: sending again would change nothing. */
static int refused(const struct dime_link_error *error, uint32_t size) {
    if (error->fault == DIME_LINK_FAULT_PICTURE)
        return dime_error_set(DIME_ERROR_IO,
                              "the predictor refuses a prepared picture of %ux%u; program it with the same "
                              "model by `dime firmware MODEL --app predictor` of this dime",
                              size, size);
    return dime_error_set(
        DIME_ERROR_IO,
        "the predictor does not know frames of type %u; program it with `dime firmware MODEL "
        "--app predictor` of this dime",
        error->detail);
}

/* 1: a frame is there; 0: none came in time, or what came was damaged; or an error. */
static int receive_frame(struct dime_exchange *exchange) {
    for (int i = 0; i < MOST_BYTES; i++) {
        int byte = exchange->port.receive(exchange->port.context);
        if (byte == DIME_LIVE_NO_BYTE) return 0;
        if (byte < 0) return byte + 1;
        enum dime_link_event event = dime_link_receive(&exchange->receiver, &exchange->frame, (uint8_t)byte);
        if (event == DIME_LINK_NOTHING) continue;
        if (event == DIME_LINK_FRAME) log_received(exchange);
        return event == DIME_LINK_FRAME;
    }
    return 0;
}

static int is_reset(const struct dime_exchange *exchange) {
    struct dime_link_error error;
    return dime_link_read_error(&exchange->frame, &error) && error.fault == DIME_LINK_FAULT_RESET;
}

/* 1: the status is there; 0: ask again; or an error. */
static int ask(struct dime_exchange *exchange, struct dime_link_status *status) {
    static const uint8_t nothing[1] = {0};
    uint8_t wire[DIME_LINK_MOST_WIRE];
    uint32_t bytes = dime_link_encode(DIME_LINK_ASK, ++exchange->sequence, nothing, 0, wire);
    int code = exchange->port.send(exchange->port.context, wire, bytes);
    if (code) return code;
    log_sent(exchange, "ASK", bytes);
    for (int i = 0; i < MOST_FRAMES; i++) {
        int got = receive_frame(exchange);
        if (got <= 0) return got;
        if (exchange->frame.sequence == exchange->sequence)
            return dime_link_read_status(&exchange->frame, status);
    }
    return 0;
}

int dime_exchange_status(struct dime_exchange *exchange, struct dime_link_status *status) {
    for (int tries = 0; tries < TRIES; tries++) {
        int got = ask(exchange, status);
        if (got < 0) return got;
        if (got && status->version == DIME_LINK_VERSION) return 0;
        if (got) return other_version(status->version);
    }
    return no_answer();
}

/* ---- pictures ---- */

static int send_part(struct dime_exchange *exchange, const uint8_t *grey, uint32_t size, uint32_t offset) {
    uint8_t wire[DIME_LINK_MOST_WIRE];
    struct dime_link_picture part = {.prepared = DIME_LINK_PACKED,
                                     .width = (uint16_t)size,
                                     .height = (uint16_t)size,
                                     .offset = offset,
                                     .count = size * size - offset,
                                     .pixels = grey + offset};
    uint32_t bytes = dime_link_send_packed(&part, exchange->sequence, wire);
    log_sent(exchange, "PICTURE", bytes);
    return exchange->port.send(exchange->port.context, wire, bytes);
}

static int is_refusal(const struct dime_link_error *error) {
    return error->fault == DIME_LINK_FAULT_PICTURE || error->fault == DIME_LINK_FAULT_TYPE;
}

/* 1: *wanted is the next pixel; 2: the result is there; 0: send again; or an error. */
static int await_answer(struct dime_exchange *exchange, uint32_t size, uint32_t *wanted,
                        struct dime_link_result *result) {
    struct dime_link_error error;
    for (int i = 0; i < MOST_FRAMES; i++) {
        int got = receive_frame(exchange);
        if (got <= 0) return got;
        if (is_reset(exchange)) continue;
        int is_mine = exchange->frame.sequence == exchange->sequence; /* and of no earlier picture */
        if (is_mine && dime_link_read_error(&exchange->frame, &error) && is_refusal(&error))
            return refused(&error, size);
        if (exchange->frame.type == DIME_LINK_ERROR) return 0;
        if (!is_mine) continue;
        if (dime_link_read_result(&exchange->frame, result)) return 2;
        if (dime_link_read_accepted(&exchange->frame, wanted)) return 1;
    }
    return 0;
}

int dime_exchange_picture(struct dime_exchange *exchange, const uint8_t *grey, uint32_t size,
                          struct dime_link_result *result) {
    uint32_t offset = 0, tries = 0, wanted = 0;
    exchange->sequence++;
    while (tries < TRIES) {
        int code = offset < size * size ? send_part(exchange, grey, size, offset) : 0;
        if (code) return code;
        int got = await_answer(exchange, size, &wanted, result);
        if (got < 0) return got;
        if (got == 2) return 0;
        if (got == 0 || wanted <= offset)
            tries++;
        else
            offset = wanted;
    }
    return no_answer();
}
