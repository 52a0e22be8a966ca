/* SPDX-License-Identifier: MIT */
/* dime sim --board: a photograph in front of the camera, a press of the button, a digit on the display. */
#include "cli/cli_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "data/picture.h"
#include "data/png_write.h"
#include "sim/symbols.h"

enum {
    READY_MS = 400, /* an LED that stays lit so long does not blink */
    SHOWN_MS = 60,  /* a pattern that stays so long is what a person reads */
    TURN_MS = 400,  /* where faults are to be expected: longer than E and a fault's number stay, in turns */
    SEEN_MS = 8,    /* after which a chip without LED has seen that a button is pressed */
    VISIBLE = 20,   /* lines of a frame before its first output */
    FRAMES = 6,     /* that the camera gets to adjust to another photograph */
    DIGITS_MOST = 4096,
    BIG_ROWS = 9,
    BIG_COLUMNS = 9,
    SEGMENTS_E = 0x79,
};
#define MILLION 1000000.0

/* What came of one photograph. */
struct outcome {
    uint8_t lit; /* segments, when all was done */
    int changed; /* the display changed after the press */
    double milliseconds;
    double taken, sent; /* milliseconds from the press until the LED went out, for the frame was taken, and
                           until the first byte was on a wire; 0: neither */
    char *frame;        /* malloc'ed: the file with what the camera put out, or NULL */
};

struct session {
    const struct cli_board_settings *settings;
    struct sim_board board;
    struct cli_board_images images;
    struct sim_setup *setup;
    int digits[DIGITS_MOST]; /* shown, in order; -1 for what is no digit */
    size_t digit_count;
    uint8_t steady;
    int over; /* every chip has ended */
    double seconds;
};

/* ---- time ---------------------------------------------------------------------------------------------- */

static double host_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static uint64_t now(const struct session *session) {
    return session->setup->world.time;
}

static int lasts(const struct session *session, const struct sim_light *light, uint64_t milliseconds) {
    return now(session) >= light->since + milliseconds * SIM_WORLD_MS;
}

/* Keeps what the first display shows for long enough to be read. */
static void follow_display(struct session *session) {
    const struct sim_light *light = &session->setup->shown[0];
    if (light->lit == session->steady || !lasts(session, light, SHOWN_MS)) return;
    session->steady = light->lit;
    if (light->lit && session->digit_count < DIGITS_MOST)
        session->digits[session->digit_count++] = sim_display_digit(light->lit);
}

static int advance(struct session *session) {
    int status = sim_setup_run(session->setup);
    session->over = status > 0;
    follow_display(session);
    return status < 0 ? status : DIME_OK;
}

/* Runs until a time, or until all is over. */
static int run_until(struct session *session, uint64_t end) {
    int status = DIME_OK;
    while (!status && !session->over && now(session) < end) status = advance(session);
    return status;
}

/* ---- faults -------------------------------------------------------------------------------------------- */

static int check_faults(const struct session *session) {
    for (uint32_t i = 0; i < session->board.chip_count; i++) {
        char text[768];
        const struct sim_world_chip *chip = &session->setup->world.chips[i];
        if (chip->stop != SIM_STOP_FAULT) continue;
        sim_fault_describe(chip->chip, sim_chip_fault(chip->chip), text, sizeof text);
        return dime_error_set(DIME_ERROR_MALFORMED, "chip %s: fault: %s", session->board.chips[i].name, text);
    }
    return DIME_OK;
}

struct unmodelled {
    const char *chip;
    const struct sim_chip *at;
};

static void say_unmodelled(void *context, const char *device, uint32_t address, const char *what,
                           uint32_t pc) {
    const struct unmodelled *who = context;
    char where[64];
    fprintf(stderr, "dime sim: %s: %s 0x%02x: %s (at %s)\n", who->chip, device, address, what,
            sim_symbols_describe(sim_chip_symbols(who->at), pc, where, sizeof where));
}

/* ---- the photograph ------------------------------------------------------------------------------------ */

static int show_photo(struct session *session, const char *path) {
    struct dime_picture picture;
    int status = dime_picture_read(path, &picture);
    if (status) return status;
    for (uint32_t i = 0; i < session->board.camera_count; i++)
        sim_ov7670_show(session->setup->cameras[i], picture.pixels, picture.width, picture.height);
    dime_picture_free(&picture);
    return DIME_OK;
}

static int not_ready(const struct session *session) {
    return dime_error_set(DIME_ERROR_UNSUPPORTED,
                          "%s: no LED stayed lit for %d ms within %d ms: the camera is not ready; its LED "
                          "blinks an error, see docs/hardware.md, or --press MS presses all the same",
                          session->settings->board, READY_MS, session->settings->limit_ms);
}

/* An LED that stays on says that the camera is ready. */
static int wait_for_ready(struct session *session) {
    const struct sim_setup *setup = session->setup;
    uint64_t end = now(session) + (uint64_t)session->settings->limit_ms * SIM_WORLD_MS;
    if (session->settings->press_ms >= 0)
        return run_until(session, (uint64_t)session->settings->press_ms * SIM_WORLD_MS);
    for (;;) {
        for (uint32_t i = 0; i < session->board.led_count; i++)
            if (setup->leds[i].lit && lasts(session, &setup->leds[i], READY_MS)) return DIME_OK;
        if (session->over || now(session) >= end) break;
        int status = advance(session);
        if (status) return status;
    }
    int status = check_faults(session);
    return status ? status : not_ready(session);
}

/* A new photograph: the exposure follows within a few frames. */
static int wait_for_exposure(struct session *session) {
    if (!session->board.camera_count) return DIME_OK;
    const struct sim_ov7670 *camera = session->setup->cameras[0];
    uint64_t frame = camera->frame + FRAMES, end = now(session) + 10000 * SIM_WORLD_MS;
    int status = DIME_OK;
    while (!status && !session->over && camera->frame < frame && now(session) < end)
        status = advance(session);
    return status;
}

static double frame_milliseconds(const struct session *session) {
    if (!session->board.camera_count) return 0;
    const struct sim_ov7670 *camera = session->setup->cameras[0];
    return (double)camera->frame_cycles * 1000 / (double)sim_chip_clock(camera->chip);
}

/* The next press falls elsewhere in a frame than the one before: after so many presses all of a frame's
   phases have had their turn (multiples of the golden section are spread evenly). */
static int wait_for_phase(struct session *session, size_t number) {
    if (!session->board.camera_count || session->settings->press_ms >= 0) return DIME_OK;
    double frames = (double)number * 0.6180339887;
    frames -= (double)(size_t)frames;
    return run_until(session,
                     now(session) + (uint64_t)(frames * frame_milliseconds(session) * (double)SIM_WORLD_MS));
}

/* DIR/photograph.png of a photograph "folder/photograph.pgm". */
static int name_frame(const struct session *session, const char *photo, char **path) {
    const char *slash = strrchr(photo, '/'), *name = slash ? slash + 1 : photo, *dot = strrchr(name, '.');
    int length = (int)(dot ? (size_t)(dot - name) : strlen(name));
    if (asprintf(path, "%s/%.*s.png", session->settings->frames, length, name) >= 0) return DIME_OK;
    *path = NULL;
    return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", photo);
}

/* The frame that the chip takes: the one that is over, or nearly so, when the LED goes out. Without an LED
   the one under way when the press has been seen. */
struct taken {
    uint64_t number; /* of the camera's frames; 0: not known yet */
    uint8_t *pixels; /* malloc'ed, once it is whole */
    uint32_t width, height;
};

static int is_taken(const struct session *session, uint64_t pressed) {
    const struct sim_light *led = session->setup->leds;
    if (session->board.led_count) return !led->lit && led->since > pressed;
    return now(session) >= pressed + SEEN_MS * SIM_WORLD_MS;
}

/* Called all the time from the press on. */
static int follow_frame(struct session *session, uint64_t pressed, struct taken *taken) {
    if (!session->settings->frames || !session->board.camera_count || taken->pixels) return DIME_OK;
    const struct sim_ov7670 *camera = session->setup->cameras[0];
    /* Behind a whole frame line 0 is yet to begin. */
    if (!taken->number && is_taken(session, pressed))
        taken->number = camera->frame - (camera->line < VISIBLE && !camera->whole ? 1 : 0);
    if (!taken->number || camera->frame == taken->number) return DIME_OK;
    taken->pixels = malloc((size_t)SIM_OV7670_WIDTH * SIM_OV7670_HEIGHT);
    if (!taken->pixels)
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", session->settings->board);
    if (!sim_ov7670_last_frame(camera, taken->pixels, &taken->width, &taken->height))
        taken->width = taken->height = 0;
    return DIME_OK;
}

static double since(uint64_t pressed, uint64_t time) {
    return time > pressed ? (double)(time - pressed) / (double)SIM_WORLD_MS : 0;
}

/* Where the time goes; likewise. */
static void follow_stages(const struct session *session, uint64_t pressed, uint64_t bytes,
                          struct outcome *outcome) {
    const struct sim_setup *setup = session->setup;
    if (outcome->taken <= 0 && session->board.led_count && is_taken(session, pressed))
        outcome->taken = since(pressed, setup->leds[0].since);
    if (outcome->sent <= 0 && session->board.wire_count && setup->wires[0].bytes != bytes)
        outcome->sent = since(pressed, now(session));
}

/* How long an answer stays at least. */
static uint64_t answer_ms(const struct session *session) {
    uint32_t spoilt = 0;
    for (uint32_t i = 0; i < session->board.wire_count; i++) {
        const struct sim_damage *damage = &session->board.wires[i].damage;
        spoilt |= damage->drop | damage->flip | damage->insert;
    }
    return spoilt ? TURN_MS : SHOWN_MS;
}

static int write_frame(const struct session *session, const char *photo, const struct taken *taken,
                       struct outcome *outcome) {
    if (!taken->pixels || !taken->height || !outcome->changed) return DIME_OK;
    int status = dime_make_folders(session->settings->frames);
    if (!status) status = name_frame(session, photo, &outcome->frame);
    return status ? status : dime_png_write(outcome->frame, taken->pixels, taken->height, taken->width);
}

/* Presses, and waits for a pattern that stays; where none does, but E was there, E it is. A display that does
   not change shows the same as before. */
static int take_photo(struct session *session, const char *photo, struct outcome *outcome) {
    const struct sim_light *light = &session->setup->shown[0];
    uint64_t pressed = now(session);
    uint64_t end = pressed + (uint64_t)session->settings->limit_ms * SIM_WORLD_MS;
    uint64_t bytes = session->board.wire_count ? session->setup->wires[0].bytes : 0;
    uint64_t stays = answer_ms(session);
    int status = DIME_OK, has_answer = 0, has_fault = 0;
    struct taken taken = {0};
    sim_setup_press(session->setup, 0, (uint32_t)session->settings->hold_ms);
    while (!status && !session->over && !has_answer && now(session) < end) {
        status = advance(session);
        if (!status) status = follow_frame(session, pressed, &taken);
        follow_stages(session, pressed, bytes, outcome);
        if (light->since <= pressed) continue;
        has_answer = light->lit && lasts(session, light, stays);
        has_fault |= light->lit == SEGMENTS_E && lasts(session, light, SHOWN_MS);
    }
    outcome->lit = has_fault && !has_answer ? SEGMENTS_E : light->lit;
    outcome->changed = light->since > pressed;
    outcome->milliseconds = since(pressed, light->since);
    if (!status) status = write_frame(session, photo, &taken, outcome);
    free(taken.pixels);
    /* The button is let go before the next press. */
    if (!status)
        status = run_until(session, pressed + ((uint64_t)session->settings->hold_ms + 100) * SIM_WORLD_MS);
    return status ? status : check_faults(session);
}

/* ---- reporting ----------------------------------------------------------------------------------------- */

/* Segments as strokes, two characters thick. A top, then clockwise B, C, D, E, F; G middle. */
static void draw_big(uint8_t lit) {
    static const char *const rows[BIG_ROWS] = {" AAAAAA ", "FF    BB", "FF    BB", "FF    BB", " GGGGGG ",
                                               "EE    CC", "EE    CC", "EE    CC", " DDDDDD "};
    for (int row = 0; row < BIG_ROWS; row++) {
        char text[BIG_COLUMNS + 1];
        int at = 0;
        for (const char *cell = rows[row]; *cell; cell++)
            text[at++] = *cell != ' ' && lit >> (*cell - 'A') & 1 ? '#' : ' ';
        while (at && text[at - 1] == ' ') at--;
        text[at] = 0;
        printf("   %s\n", text);
    }
}

static void print_outcome(const char *photo, const struct outcome *outcome, int single) {
    int digit = sim_display_digit(outcome->lit);
    char name[2] = {(char)('0' + digit), 0};
    const char *what = digit >= 0             ? name
                       : outcome->lit == 0x40 ? "a dash"
                       : outcome->lit         ? "no digit"
                                              : "dark";
    if (single) {
        putchar('\n');
        draw_big(outcome->lit);
        putchar('\n');
    }
    if (outcome->changed)
        printf("%s: %s, %.1f ms after the button\n", photo, what, outcome->milliseconds);
    else
        printf("%s: %s, the display did not change\n", photo, what);
    fflush(stdout);
}

static void add_outcome(cJSON *list, const char *photo, const struct outcome *outcome) {
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "photo", photo);
    cJSON_AddNumberToObject(item, "digit", sim_display_digit(outcome->lit));
    cJSON_AddNumberToObject(item, "segments", outcome->lit);
    cJSON_AddBoolToObject(item, "changed", outcome->changed);
    cJSON_AddNumberToObject(item, "button_to_frame_milliseconds", outcome->taken);
    cJSON_AddNumberToObject(item, "button_to_wire_milliseconds", outcome->sent);
    cJSON_AddNumberToObject(item, "button_to_digit_milliseconds", outcome->milliseconds);
    if (outcome->frame) cJSON_AddStringToObject(item, "frame", outcome->frame);
    cJSON_AddItemToArray(list, item);
}

static void add_chips(cJSON *object, const struct session *session) {
    cJSON *list = cJSON_AddArrayToObject(object, "chips");
    for (uint32_t i = 0; i < session->board.chip_count; i++) {
        const struct sim_world_chip *chip = &session->setup->world.chips[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "name", session->board.chips[i].name);
        cJSON_AddNumberToObject(item, "cycles", (double)sim_chip_now(chip->chip));
        cJSON_AddNumberToObject(item, "instructions", (double)sim_chip_instructions(chip->chip));
        cJSON_AddNumberToObject(item, "stack_lowest", sim_chip_stack_lowest(chip->chip));
        cJSON_AddStringToObject(item, "exit", chip->over ? sim_stop_name(chip->stop) : "running");
        cJSON_AddItemToArray(list, item);
    }
}

static void add_wires(cJSON *object, const struct session *session) {
    cJSON *list = cJSON_AddArrayToObject(object, "wires");
    for (uint32_t i = 0; i < session->board.wire_count; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "bytes", (double)session->setup->wires[i].bytes);
        cJSON_AddNumberToObject(item, "damaged", (double)session->setup->wires[i].damaged);
        cJSON_AddItemToArray(list, item);
    }
}

static int print_json(const struct session *session, cJSON *object) {
    cJSON *list = cJSON_AddArrayToObject(object, "display");
    for (size_t i = 0; i < session->digit_count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(session->digits[i]));
    cJSON_AddNumberToObject(object, "milliseconds", (double)now(session) / (double)SIM_WORLD_MS);
    cJSON_AddNumberToObject(object, "frame_milliseconds", frame_milliseconds(session));
    cJSON_AddNumberToObject(object, "seconds", session->seconds);
    add_chips(object, session);
    add_wires(object, session);
    return cli_print_json(object);
}

static int print_summary(const struct session *session) {
    printf("a camera frame takes %.1f ms; %.1f ms simulated in %.2f s\n", frame_milliseconds(session),
           (double)now(session) / (double)SIM_WORLD_MS, session->seconds);
    return CLI_DONE;
}

/* ---- running ------------------------------------------------------------------------------------------- */

static int take_photos(struct session *session, cJSON *list) {
    const char **photos = session->settings->photos;
    for (size_t i = 0; photos[i]; i++) {
        struct outcome outcome = {.frame = NULL};
        int status = show_photo(session, photos[i]);
        if (!status) status = i ? wait_for_exposure(session) : wait_for_ready(session);
        if (!status) status = wait_for_phase(session, i);
        if (!status) status = take_photo(session, photos[i], &outcome);
        if (!status) add_outcome(list, photos[i], &outcome);
        if (!status && !session->settings->json) print_outcome(photos[i], &outcome, !photos[1]);
        free(outcome.frame);
        if (status) return status;
    }
    return DIME_OK;
}

/* Without a photograph: so long as it may take. */
static int run_photos(struct session *session, cJSON *list) {
    struct unmodelled who[SIM_WORLD_CHIPS];
    for (uint32_t i = 0; i < session->board.chip_count; i++) {
        who[i] = (struct unmodelled){session->board.chips[i].name, session->setup->chips[i]};
        sim_chip_unmodelled_listen(session->setup->chips[i], say_unmodelled, &who[i]);
    }
    double start = host_seconds();
    int status = take_photos(session, list);
    session->seconds = host_seconds() - start;
    return status;
}

static int read_damage(const struct cli_board_settings *settings, struct sim_board *board) {
    char *end;
    double percent = settings->damage ? strtod(settings->damage, &end) : 0;
    if (settings->damage && (!*settings->damage || *end || !(percent >= 0 && percent <= 90)))
        return dime_error_set(DIME_ERROR_USAGE, "--damage %s: expected percent of the bytes, 0..90",
                              settings->damage);
    for (uint32_t i = 0; i < board->wire_count; i++) {
        struct sim_damage *damage = &board->wires[i].damage;
        if (settings->damage)
            damage->drop = damage->flip = damage->insert = (uint32_t)(percent * MILLION / 300);
        if (settings->seed >= 0) damage->seed = (uint64_t)settings->seed + i;
    }
    for (uint32_t i = 0; settings->seed >= 0 && i < board->camera_count; i++)
        board->cameras[i].settings.seed = (uint64_t)settings->seed;
    return DIME_OK;
}

static int check_board(const struct session *session) {
    const struct sim_board *board = &session->board;
    if (board->camera_count && board->button_count && board->display_count) return DIME_OK;
    return dime_error_set(DIME_ERROR_CONFIG, "%s: a photograph needs a camera, a button and a display",
                          session->settings->board);
}

static int prepare(struct session *session) {
    const struct cli_board_settings *settings = session->settings;
    int status = sim_board_read(settings->board, &session->board);
    if (!status) status = check_board(session);
    if (!status) status = read_damage(settings, &session->board);
    if (!status) status = cli_board_images_open(&session->images, settings, &session->board);
    if (!status) status = sim_setup_create(&session->setup, &session->board, session->images.images);
    return status;
}

static int check(const struct cli_board_settings *settings) {
    if (!settings->photos || !settings->photos[0])
        return dime_error_set(DIME_ERROR_USAGE, "--photo PICTURE is missing: what the camera looks at");
    if (settings->hold_ms < 1 || settings->hold_ms > 10000)
        return dime_error_set(DIME_ERROR_USAGE, "--hold %d: expected milliseconds, 1..10000",
                              settings->hold_ms);
    if (settings->limit_ms < 1 || settings->limit_ms > 3600000)
        return dime_error_set(DIME_ERROR_USAGE, "--limit %d: expected milliseconds, 1..3600000",
                              settings->limit_ms);
    return DIME_OK;
}

int cli_board_run(const struct cli_board_settings *settings) {
    struct session session = {.settings = settings};
    cJSON *object = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(object, "photos");
    int status = check(settings);
    if (!status) status = prepare(&session);
    if (!status) status = run_photos(&session, list);
    int done;
    if (status)
        done = cli_fail(&cli_sim, status);
    else
        done = settings->json ? print_json(&session, object) : print_summary(&session);
    if (status || !settings->json) cJSON_Delete(object);
    sim_setup_free(session.setup);
    cli_board_images_close(&session.images);
    sim_board_free(&session.board);
    return done;
}
