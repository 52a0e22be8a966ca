/* SPDX-License-Identifier: MIT */
#include "live/reader.h"

#include "base/error.h"
#include "display/segments.h"
#include "vision/vision.h"

#define LOG_BYTES 24576
#define CYCLES_A_MS 48000

/* Everything that is known of a picture when it was read. */
struct reading {
    enum dime_vision_finding finding;
    struct dime_vision_found found;
    uint8_t grey[DIME_LIVE_MOST_INPUT * DIME_LIVE_MOST_INPUT];
    int32_t outputs[DIME_LIVE_MOST_CLASSES];
    struct dime_link_result result;
    int lit;
    char log[LOG_BYTES];
};

static const char *finding_name(uint32_t finding) {
    static const char *const names[] = {"digit", "empty", "small", "full"};
    return finding < sizeof names / sizeof *names ? names[finding] : "unknown";
}

static void see(const struct dime_live_reader *reader, const uint8_t *pixels, uint32_t width, uint32_t height,
                struct reading *reading) {
    struct dime_vision vision;
    uint8_t cells[DIME_VISION_CELLS];
    dime_vision_begin(&vision, width, height, cells, sizeof cells);
    dime_vision_add(&vision, pixels, width * height);
    reading->finding =
        dime_vision_finish(&vision, DIME_VISION_AUTO, reader->network.size, reading->grey, &reading->found);
}

/* ---- JSON ---- */

static void put_key(struct dime_text *text, const char *key) {
    dime_text_put(text, text->used > 1 ? "," : "");
    dime_text_json(text, key);
    dime_text_put(text, ":");
}

static void put_integer(struct dime_text *text, const char *key, int64_t number) {
    put_key(text, key);
    dime_text_number(text, number);
}

static void put_lines(struct dime_text *text, const char *lines) {
    char line[1024];
    struct dime_text one;
    put_key(text, "log");
    dime_text_put(text, "[");
    for (int first = 1; *lines; first = 0) {
        dime_text_start(&one, line, sizeof line);
        for (; *lines && *lines != '\n'; lines++) {
            const char letter[2] = {*lines, 0};
            dime_text_put(&one, letter);
        }
        lines += *lines == '\n';
        dime_text_put(text, first ? "" : ",");
        dime_text_json(text, line);
    }
    dime_text_put(text, "]");
}

static void put_answer(struct dime_text *text, const struct dime_live_reader *reader,
                       const struct reading *reading) {
    uint32_t size = reader->network.size;
    dime_text_put(text, "{");
    put_key(text, "finding");
    dime_text_json(text, finding_name(reading->finding));
    put_integer(text, "class",
                reading->result.class == DIME_LINK_NO_DIGIT ? -1 : (int64_t)reading->result.class);
    put_integer(text, "best", reading->result.best);
    put_integer(text, "margin", reading->result.margin);
    put_integer(text, "cycles", reading->result.cycles);
    put_key(text, "milliseconds");
    dime_text_thousandths(text, ((uint64_t)reading->result.cycles * 1000 + CYCLES_A_MS / 2) / CYCLES_A_MS);
    put_integer(text, "segments", reading->lit);
    put_integer(text, "size", size);
    put_key(text, "input");
    for (uint32_t i = 0; i < size * size; i++) {
        dime_text_put(text, i ? "," : "[");
        dime_text_number(text, reading->grey[i]);
    }
    dime_text_put(text, "]");
    put_key(text, "outputs");
    for (uint32_t i = 0; i < reader->network.classes; i++) {
        dime_text_put(text, i ? "," : "[");
        dime_text_number(text, reading->outputs[i]);
    }
    dime_text_put(text, "]");
    put_lines(text, reading->log);
    dime_text_put(text, "}");
}

/* A real board's display cannot be seen from here: it shows the class it told. */
static int segments_of(const struct dime_live_reader *reader, const struct dime_link_result *result) {
    const struct dime_live_port *port = &reader->exchange.port;
    int lit = port->segments ? port->segments(port->context) : -1;
    return lit >= 0 ? lit : dime_segments_of_digit(result->class);
}

int dime_live_read(struct dime_live_reader *reader, const uint8_t *pixels, uint32_t width, uint32_t height,
                   char *answer, size_t size) {
    static struct reading reading; /* too large for a small stack; callers read one picture at a time */
    struct dime_text text, log;
    if (width < 1 || height < 1 || width > DIME_LIVE_MOST_SIDE || height > DIME_LIVE_MOST_SIDE)
        return dime_error_set(DIME_ERROR_USAGE, "a picture of %ux%u pixels; sides of 1 to %d are possible",
                              width, height, DIME_LIVE_MOST_SIDE);
    see(reader, pixels, width, height, &reading);
    reader->network.outputs(reader->network.context, reading.grey, reading.outputs);
    dime_text_start(&log, reading.log, sizeof reading.log);
    reader->exchange.log = &log;
    int code = dime_exchange_picture(&reader->exchange, reading.grey, reader->network.size, &reading.result);
    reader->exchange.log = NULL;
    if (code) return code;
    reading.lit = segments_of(reader, &reading.result);
    dime_text_start(&text, answer, size);
    put_answer(&text, reader, &reading);
    return text.full ? dime_error_set(DIME_ERROR_MEMORY, "the answer is too long") : 0;
}
