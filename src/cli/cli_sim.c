/* SPDX-License-Identifier: MIT */
/* dime sim: runs a firmware on the simulated chip. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/cli_board.h"
#include "sim/chip.h"
#include "sim/display.h"
#include "sim/gdb.h"
#include "sim/lines.h"
#include "sim/profile.h"
#include "sim/symbols.h"
#include "sim/trace.h"
#include "sim/vcd.h"

#define MINUTE "2880000000"
enum {
    CYCLES_A_MS = 48000,
    SETTLE_CYCLES = 4800, /* 0.1 ms: a pattern that stays shorter is one being built up pin by pin */
    INPUT_MOST = 256 * 1024 * 1024,
    TABLE_LINES = 30,
    DIGITS_A_ROW = 24,
};

struct settings {
    const char *file, *chip, *uart_in, *uart_wait, *vcd, *profile_out, *max_cycles;
    int uart_block, trace, profile, traps, json, gdb;
    uint64_t cycles;
    enum sim_model model;
};

/* Bytes for the chip to receive; with a prompt, `block` of them for each prompt that it sends. */
struct input {
    uint8_t *bytes;
    size_t size, at, allowed;
    int prompt; /* -1: none */
    size_t block;
};

struct output {
    char *text; /* with a zero byte behind */
    size_t size, room;
    int to_terminal, lost;
};

struct session {
    struct settings settings;
    struct sim_chip *chip;
    struct input input;
    struct output output;
    struct sim_display display;
    struct sim_trace trace;
    struct sim_profile *profile;
    struct sim_vcd vcd;
    FILE *vcd_stream;
    enum sim_stop stop;
    double seconds;
};

/* ---- bytes --------------------------------------------------------------------------------------------- */

static void keep(struct output *output, uint8_t byte) {
    if (output->size + 2 > output->room) {
        size_t room = output->room ? output->room * 2 : 4096;
        char *text = realloc(output->text, room);
        if (!text) {
            output->lost = 1;
            return;
        }
        output->text = text;
        output->room = room;
    }
    output->text[output->size++] = (char)byte;
    output->text[output->size] = 0;
}

static void hear(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    struct session *session = context;
    (void)cycle;
    if (session->output.to_terminal) {
        fputc(byte, stdout);
        if (byte == '\n') fflush(stdout);
    }
    keep(&session->output, byte);
    if (channel == SIM_CHANNEL_UART && byte == session->input.prompt)
        session->input.allowed += session->input.block;
}

static int supply(void *context, uint64_t cycle) {
    struct input *input = context;
    (void)cycle;
    if (input->at >= input->size || (input->prompt >= 0 && input->at >= input->allowed)) return -1;
    return input->bytes[input->at++];
}

static void say_unmodelled(void *context, const char *device, uint32_t address, const char *what,
                           uint32_t pc) {
    struct session *session = context;
    char where[64];
    fprintf(stderr, "dime sim: %s 0x%08x: %s (at %s)\n", device, address, what,
            sim_symbols_describe(sim_chip_symbols(session->chip), pc, where, sizeof where));
}

/* ---- observing ----------------------------------------------------------------------------------------- */

static void before(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction) {
    struct session *session = context;
    (void)pc, (void)instruction;
    if (session->settings.trace) sim_trace_before(&session->trace, chip);
}

static void after(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction, uint64_t cycles) {
    struct session *session = context;
    if (session->settings.trace) sim_trace_after(&session->trace, chip, pc, instruction);
    if (session->profile) sim_profile_after(session->profile, chip, pc, instruction, cycles);
}

static void interrupt(void *context, struct sim_chip *chip, uint32_t line) {
    struct session *session = context;
    if (session->settings.trace) sim_trace_interrupt(&session->trace, chip, line);
    if (session->profile) sim_profile_interrupt(session->profile, chip);
}

/* ---- settings ------------------------------------------------------------------------------------------ */

static int parse_number(const char *option, const char *text, uint64_t *number) {
    char *end;
    errno = 0;
    *number = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno && *number) return 0;
    return dime_error_set(DIME_ERROR_USAGE, "%s %s: expected a number from 1, as in %s", option, text,
                          MINUTE);
}

static int check(struct settings *settings) {
    if (!strcmp(settings->chip, "v003"))
        settings->model = SIM_CH32V003;
    else if (!strcmp(settings->chip, "v002"))
        settings->model = SIM_CH32V002;
    else
        return dime_error_set(DIME_ERROR_USAGE, "--chip %s: unknown; the simulated chips are v003 and v002",
                              settings->chip);
    if (settings->uart_wait && strlen(settings->uart_wait) != 1)
        return dime_error_set(DIME_ERROR_USAGE, "--uart-wait %s: expected one character",
                              settings->uart_wait);
    if (settings->uart_wait && settings->uart_block < 1)
        return dime_error_set(DIME_ERROR_USAGE, "--uart-block %d: expected a number from 1",
                              settings->uart_block);
    if (settings->gdb < 0 || settings->gdb > 65535)
        return dime_error_set(DIME_ERROR_USAGE, "--gdb %d: expected a TCP port, 1..65535", settings->gdb);
    return parse_number("--max-cycles", settings->max_cycles, &settings->cycles);
}

static int open_input(struct session *session) {
    const struct settings *settings = &session->settings;
    struct input *input = &session->input;
    input->prompt = settings->uart_wait ? (unsigned char)*settings->uart_wait : -1;
    input->block = (size_t)settings->uart_block;
    if (!settings->uart_in) return DIME_OK;
    int status = dime_file_read(settings->uart_in, INPUT_MOST, &input->bytes, &input->size);
    if (!status) sim_chip_byte_source(session->chip, SIM_CHANNEL_UART, supply, input);
    return status;
}

static int open_vcd(struct session *session) {
    if (!session->settings.vcd) return DIME_OK;
    session->vcd_stream = fopen(session->settings.vcd, "w");
    if (!session->vcd_stream)
        return dime_error_set(DIME_ERROR_IO, "%s: cannot be written: %s", session->settings.vcd,
                              strerror(errno));
    return sim_vcd_attach(&session->vcd, session->chip, session->vcd_stream);
}

static int observe(struct session *session) {
    const struct settings *settings = &session->settings;
    const struct sim_observer observer = {session, before, after, interrupt};
    if (!settings->trace && !settings->profile) return DIME_OK;
    session->trace.stream = stderr;
    int status = settings->profile ? sim_profile_create(&session->profile) : DIME_OK;
    if (!status) sim_chip_observe(session->chip, &observer);
    return status;
}

static int prepare(struct session *session) {
    const struct sim_options options = {session->settings.model,
                                        session->settings.traps ? SIM_FAULT_TRAP : SIM_FAULT_STOP};
    int status = sim_ch32v003_create(&session->chip, &options);
    if (!status) status = sim_chip_load_file(session->chip, session->settings.file);
    if (!status) status = sim_chip_byte_listen(session->chip, hear, session);
    if (!status) status = open_input(session);
    if (!status) status = open_vcd(session);
    if (!status) status = observe(session);
    if (status) return status;
    session->output.to_terminal = !session->settings.json;
    sim_display_attach(&session->display, session->chip, SETTLE_CYCLES);
    sim_chip_unmodelled_listen(session->chip, say_unmodelled, session);
    sim_chip_reset(session->chip);
    return DIME_OK;
}

/* ---- running ------------------------------------------------------------------------------------------- */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int run(struct session *session) {
    const struct sim_limits limits = {session->settings.cycles, UINT64_MAX};
    double start = now();
    int status = DIME_OK;
    if (session->settings.gdb)
        status = sim_gdb_serve(session->chip, (uint16_t)session->settings.gdb, &limits, &session->stop);
    else
        session->stop = sim_chip_run(session->chip, &limits);
    session->seconds = now() - start;
    if (status) return status;
    sim_display_finish(&session->display, sim_chip_now(session->chip));
    if (session->vcd_stream) sim_vcd_finish(&session->vcd, sim_chip_now(session->chip));
    if (session->profile) sim_profile_finish(session->profile, session->chip);
    return DIME_OK;
}

static int close_vcd(struct session *session) {
    FILE *stream = session->vcd_stream;
    session->vcd_stream = NULL;
    if (!stream) return DIME_OK;
    int failed = ferror(stream) != 0;
    if (fclose(stream) || failed)
        return dime_error_set(DIME_ERROR_IO, "%s: could not be written whole", session->settings.vcd);
    return DIME_OK;
}

static int find_lines(struct session *session, struct sim_lines **lines) {
    size_t count = sim_profile_addresses(session->profile, NULL, 0);
    uint32_t *addresses = malloc((count + 1) * sizeof *addresses);
    if (!addresses) return dime_error_set(DIME_ERROR_MEMORY, "not enough memory for a profile");
    sim_profile_addresses(session->profile, addresses, count);
    int status = sim_lines_create(lines, session->settings.file, addresses, count);
    free(addresses);
    return status;
}

static int write_callgrind(struct session *session, struct sim_lines *lines) {
    struct dime_file_writer writer;
    int status = dime_file_writer_open(&writer, session->settings.profile_out);
    if (status) return status;
    sim_profile_write_callgrind(session->profile, session->chip, session->settings.file,
                                lines ? sim_lines_find : NULL, lines, writer.stream);
    return dime_file_writer_commit(&writer);
}

static int write_profile(struct session *session) {
    struct sim_lines *lines = NULL;
    if (!session->profile) return DIME_OK;
    int status = find_lines(session, &lines);
    if (!status)
        sim_profile_write_table(session->profile, session->chip, lines ? sim_lines_find : NULL, lines,
                                TABLE_LINES, stderr);
    if (!status && session->settings.profile_out) status = write_callgrind(session, lines);
    sim_lines_free(lines);
    return status;
}

/* ---- reporting ----------------------------------------------------------------------------------------- */

static void print_fault(const struct session *session) {
    char text[2048];
    if (session->stop != SIM_STOP_FAULT) return;
    sim_fault_describe(session->chip, sim_chip_fault(session->chip), text, sizeof text);
    fprintf(stderr, "dime sim: %s: fault: %s\n", session->settings.file, text);
}

static void draw_display(const struct sim_display *display) {
    for (size_t first = 0; first < display->count; first += DIGITS_A_ROW)
        for (int row = 0; row < SIM_DISPLAY_ROWS; row++) {
            for (size_t i = first; i < display->count && i < first + DIGITS_A_ROW; i++) {
                char text[SIM_DISPLAY_COLUMNS + 1];
                sim_display_row(display->shown[i], row, text);
                printf("  %s", text);
            }
            putchar('\n');
        }
}

static uint32_t exit_code(const struct session *session) {
    return session->stop == SIM_STOP_EBREAK ? sim_chip_register(session->chip, 10) : 0;
}

static void print_summary(const struct session *session) {
    uint64_t cycles = sim_chip_now(session->chip), instructions = sim_chip_instructions(session->chip);
    uint32_t lowest = sim_chip_stack_lowest(session->chip);
    if (session->output.size && session->output.text[session->output.size - 1] != '\n') putchar('\n');
    draw_display(&session->display);
    printf(
        "%llu cycles, %llu instructions, %.3f ms at 48 MHz; simulated in %.3f s (%.0f million instructions a "
        "second)\n",
        (unsigned long long)cycles, (unsigned long long)instructions, (double)cycles / CYCLES_A_MS,
        session->seconds, session->seconds > 0 ? (double)instructions / session->seconds / 1e6 : 0);
    if (lowest) printf("stack down to 0x%08x\n", lowest);
    printf("exit: %s", sim_stop_name(session->stop));
    if (session->stop == SIM_STOP_EBREAK) printf(" %u", exit_code(session));
    putchar('\n');
}

/* The numbers behind "Prediction:" in what the chip sent. */
static void add_predictions(cJSON *object, const struct output *output) {
    static const char key[] = "Prediction:";
    cJSON *list = cJSON_AddArrayToObject(object, "predictions");
    const char *found = output->text ? strstr(output->text, key) : NULL;
    for (; found; found = strstr(found, key)) {
        char *end;
        found += sizeof key - 1;
        long digit = strtol(found, &end, 10);
        if (end != found) cJSON_AddItemToArray(list, cJSON_CreateNumber((double)digit));
    }
}

/* JSON carries text: bytes outside ASCII become '?', zero bytes too. */
static void make_printable(struct output *output) {
    for (size_t i = 0; i < output->size; i++) {
        unsigned char byte = (unsigned char)output->text[i];
        if (byte >= 0x80 || byte == 0) output->text[i] = '?';
    }
}

static void add_display(cJSON *object, const struct sim_display *display) {
    cJSON *list = cJSON_AddArrayToObject(object, "display");
    for (size_t i = 0; i < display->count; i++)
        cJSON_AddItemToArray(list, cJSON_CreateNumber(sim_display_digit(display->shown[i])));
}

static void add_fault(cJSON *object, const struct session *session) {
    char text[2048];
    if (session->stop != SIM_STOP_FAULT) return;
    sim_fault_describe(session->chip, sim_chip_fault(session->chip), text, sizeof text);
    cJSON_AddStringToObject(object, "fault", text);
}

static int print_json(struct session *session) {
    cJSON *object = cJSON_CreateObject();
    uint64_t cycles = sim_chip_now(session->chip);
    uint32_t lowest = sim_chip_stack_lowest(session->chip);
    make_printable(&session->output);
    cJSON_AddNumberToObject(object, "cycles", (double)cycles);
    cJSON_AddNumberToObject(object, "instructions", (double)sim_chip_instructions(session->chip));
    cJSON_AddNumberToObject(object, "milliseconds", (double)cycles / CYCLES_A_MS);
    cJSON_AddNumberToObject(object, "seconds", session->seconds);
    cJSON_AddStringToObject(object, "exit", sim_stop_name(session->stop));
    cJSON_AddNumberToObject(object, "exit_code", exit_code(session));
    cJSON_AddNumberToObject(object, "stack_lowest", lowest);
    cJSON_AddStringToObject(object, "uart", session->output.text ? session->output.text : "");
    add_display(object, &session->display);
    add_predictions(object, &session->output);
    add_fault(object, session);
    return cli_print_json(object);
}

static int report(struct session *session) {
    print_fault(session);
    int status = close_vcd(session);
    if (!status) status = write_profile(session);
    if (!status && session->output.lost)
        status = dime_error_set(DIME_ERROR_MEMORY, "not enough memory for what the chip sent");
    if (status) return cli_fail(&cli_sim, status);
    int done = CLI_DONE;
    if (session->settings.json)
        done = print_json(session);
    else
        print_summary(session);
    return session->stop == SIM_STOP_FAULT || exit_code(session) ? CLI_FAILED : done;
}

static void end_session(struct session *session) {
    if (session->vcd_stream) fclose(session->vcd_stream);
    sim_profile_free(session->profile);
    sim_display_free(&session->display);
    sim_chip_free(session->chip);
    free(session->input.bytes);
    free(session->output.text);
}

static int simulate(const struct settings *settings) {
    struct session session = {.settings = *settings};
    int status = check(&session.settings);
    if (!status) status = prepare(&session);
    if (!status) status = run(&session);
    int done = status ? cli_fail(&cli_sim, status) : report(&session);
    end_session(&session);
    return done;
}

/* Photographs of --photo and behind the options, in this order. Ends with NULL. */
static const char **list_photos(const char **options, const char **positional, int count) {
    size_t given = 0, used = 0;
    while (options && options[given]) given++;
    const char **list = calloc(given + (size_t)count + 1, sizeof *list);
    for (size_t i = 0; list && i < given; i++) list[used++] = options[i];
    for (int i = 0; list && i < count; i++) list[used++] = positional[i];
    return list;
}

static int start_board(struct cli_board_settings *board, const struct cli_arguments *arguments) {
    const char **photos = list_photos(board->photos, arguments->positional, arguments->count);
    if (!photos) return cli_fail(&cli_sim, dime_error_set(DIME_ERROR_MEMORY, "out of memory"));
    struct cli_board_settings settings = *board;
    settings.photos = photos;
    int status = cli_board_run(&settings);
    free(photos);
    return status;
}

static int start_chip(struct settings *settings, const struct cli_arguments *arguments) {
    if (arguments->count != 1)
        return cli_fail(&cli_sim,
                        dime_error_set(DIME_ERROR_USAGE,
                                       "expected one FIRMWARE.elf, or --board BOARD.yaml and photographs"));
    settings->file = arguments->positional[0];
    settings->profile = settings->profile || settings->profile_out;
    return simulate(settings);
}

static int run_sim(int argc, const char **argv) {
    struct settings settings = {.chip = "v003", .max_cycles = MINUTE, .uart_block = 1};
    struct cli_board_settings board = {.seed = -1, .press_ms = -1, .hold_ms = 150, .limit_ms = 10000};
    struct poptOption options[] = {
        {"uart-in", 0, POPT_ARG_STRING, &settings.uart_in, 0, "what the chip receives on its serial line",
         "FILE"},
        {"uart-wait", 0, POPT_ARG_STRING, &settings.uart_wait, 0,
         "send bytes of --uart-in only after the chip sent this character", "C"},
        {"uart-block", 0, POPT_ARG_INT, &settings.uart_block, 0, "how many bytes for each such character",
         "N"},
        {"max-cycles", 0, POPT_ARG_STRING, &settings.max_cycles, 0, "end after so many cycles", "N"},
        {"trace", 0, POPT_ARG_NONE, &settings.trace, 0, "print each instruction on stderr", NULL},
        {"profile", 0, POPT_ARG_NONE, &settings.profile, 0, "cycles of each function and line, on stderr",
         NULL},
        {"callgrind", 0, POPT_ARG_STRING, &settings.profile_out, 0, "profile for KCachegrind", "FILE"},
        {"vcd", 0, POPT_ARG_STRING, &settings.vcd, 0, "waveforms of pins and serial line for GTKWave",
         "FILE"},
        {"gdb", 0, POPT_ARG_INT, &settings.gdb, 0, "wait for GDB on this TCP port", "PORT"},
        {"chip", 0, POPT_ARG_STRING, &settings.chip, 0, "v003, or v002 (multiplier, 4 KB of RAM)", "NAME"},
        {"traps", 0, POPT_ARG_NONE, &settings.traps, 0, "enter the HardFault handler instead of stopping",
         NULL},
        {"board", 0, POPT_ARG_STRING, &board.board, 0, "several chips and what is wired to them",
         "BOARD.yaml"},
        {"photo", 0, POPT_ARG_ARGV, &board.photos, 0,
         "board: what the camera looks at when the button is pressed; may be given several times", "PICTURE"},
        {"model", 0, POPT_ARG_STRING, &board.model, 0, "board: build the chips' firmware from this", "MODEL"},
        {"firmware", 0, POPT_ARG_ARGV, &board.firmware, 0, "board: the firmware of one chip",
         "CHIP=FILE.elf"},
        {"frames", 0, POPT_ARG_STRING, &board.frames, 0,
         "board: write the frames that the chip took, as the camera put them out", "DIR"},
        {"damage", 0, POPT_ARG_STRING, &board.damage, 0,
         "board: percent of the bytes on serial wires that are dropped, flipped or added to", "PERCENT"},
        {"seed", 0, POPT_ARG_INT, &board.seed, 0, "board: of that damage and of the camera's noise", "N"},
        {"press", 0, POPT_ARG_INT, &board.press_ms, 0, "board: press then, not when the LED says ready",
         "MS"},
        {"hold", 0, POPT_ARG_INT, &board.hold_ms, 0, "board: how long the button is pressed", "MS"},
        {"limit", 0, POPT_ARG_INT, &board.limit_ms, 0,
         "board: how long to wait for readiness, and for a digit", "MS"},
        {"json", 0, POPT_ARG_NONE, &settings.json, 0, "print one JSON object", NULL},
        POPT_TABLEEND,
    };
    struct cli_arguments arguments;
    int status = cli_parse(&cli_sim, argc, argv, options, 0, -1, &arguments);
    if (status >= 0) return status;
    board.json = settings.json;
    status = board.board ? start_board(&board, &arguments) : start_chip(&settings, &arguments);
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_sim = {
    .name = "sim",
    .usage = "FIRMWARE.elf [--uart-in FILE] [--profile] [--vcd FILE] [--gdb PORT]\n"
             "       dime sim --board BOARD.yaml --photo PICTURE [--model MODEL] [--firmware CHIP=FILE.elf] "
             "[PICTURE...]",
    .summary = "run a firmware on the simulated chip, or several on a board with camera and display",
    .run = run_sim,
};
