/* SPDX-License-Identifier: MIT */
/* dime live: the live page on this machine. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/firmware_image.h"
#include "cli/real_board.h"
#include "live/reader.h"
#include "live/server.h"
#include "live/sim_board.h"
#include "live/text.h"
#include "model/model.h"

#define APP "predictor"
#define ELF_LIMIT ((size_t)16 << 20)
#define ABOUT_BYTES 40000

struct live_options {
    const char *model;
    char *listen, *serial, *firmware;
    int port, json;
};

struct live {
    struct dime_model model;
    struct dime_runtime runtime;
    int8_t *input, *activations;
    int32_t *sums;
    struct cli_firmware_image image;
    struct dime_sim_board *board; /* NULL with a real one */
    struct cli_board real;        /* port NULL with a simulated one */
    struct dime_live_reader reader;
    struct dime_live_service service;
    char about[ABOUT_BYTES];
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for the live page");
}

/* ---- the network on this side ---- */

static void compute_outputs(void *context, const uint8_t *grey, int32_t *outputs) {
    struct live *live = context;
    const struct dime_config *config = &live->model.config;
    dime_encode(config->input_encoding, config->input_threshold, grey, dime_model_input_count(&live->model),
                live->input);
    dime_network_infer(&live->runtime.network, live->input, live->sums, live->activations);
    memcpy(outputs, live->sums, live->model.classes * sizeof *outputs);
}

static int open_network(struct live *live, const char *path) {
    int code = dime_model_read(path, &live->model);
    if (code) return code;
    uint32_t size = live->model.config.input_size, inputs = dime_model_input_count(&live->model);
    if (size * size != inputs)
        return dime_error_set(DIME_ERROR_UNSUPPORTED,
                              "%s: its first layer has %u inputs, which are no %ux%u picture", path, inputs,
                              size, size);
    code = dime_runtime_create(&live->runtime, &live->model);
    if (code) return code;
    live->input = malloc(inputs);
    live->activations = malloc(live->runtime.network.activations);
    live->sums = malloc(live->runtime.network.sums * sizeof *live->sums);
    if (!live->input || !live->activations || !live->sums) return out_of_memory();
    live->reader.network = (struct dime_live_network){live, compute_outputs, size, live->model.classes};
    return 0;
}

/* ---- the board ---- */

static int open_simulated(struct live *live, const struct live_options *given) {
    const char *firmware = given->firmware;
    struct dime_link_status status;
    if (!firmware) fprintf(stderr, "building the predictor's firmware with this model\n");
    int code = firmware ? dime_file_read(firmware, ELF_LIMIT, &live->image.elf, &live->image.size)
                        : cli_firmware_image_build(&live->model, APP, DIME_LINK_BAUD, &live->image);
    if (!code)
        code = dime_sim_board_create(&live->board, firmware ? firmware : APP, live->image.elf,
                                     live->image.size, DIME_LINK_BAUD);
    if (code) return code;
    live->reader.exchange.port = dime_sim_board_port(live->board);
    code = dime_exchange_status(&live->reader.exchange, &status);
    return code ? code
                : cli_board_check(firmware ? firmware : APP, &status, given->model, live->reader.network.size,
                                  live->reader.network.classes);
}

static int open_real(struct live *live, const struct live_options *given) {
    int code = cli_board_open(&live->real, given->serial, given->model, live->reader.network.size,
                              live->reader.network.classes);
    if (!code) live->reader.exchange = live->real.exchange;
    return code;
}

/* ---- the page ---- */

static int read_picture(void *context, const uint8_t *pixels, uint32_t width, uint32_t height, char *answer,
                        size_t size) {
    struct live *live = context;
    return dime_live_read(&live->reader, pixels, width, height, answer, size);
}

static void describe(struct live *live, const struct live_options *given) {
    struct dime_text text;
    char line[512];
    if (given->serial)
        snprintf(line, sizeof line, "%.200s, on the board at %.200s", given->model, given->serial);
    else
        snprintf(line, sizeof line, "%.200s, on a simulated CH32V003 that runs its firmware", given->model);
    dime_text_start(&text, live->about, sizeof live->about);
    dime_text_put(&text, "{\"about\":");
    dime_text_json(&text, line);
    dime_text_put(&text, ",\"classes\":[");
    for (uint32_t i = 0; i < live->model.classes; i++) {
        char number[16];
        snprintf(number, sizeof number, "%u", i);
        dime_text_put(&text, i ? "," : "");
        dime_text_json(&text, live->model.class_names ? live->model.class_names[i] : number);
    }
    dime_text_put(&text, given->serial ? "],\"simulated\":false}" : "],\"simulated\":true}");
    live->service = (struct dime_live_service){live, live->about, read_picture};
}

/* Blocked before the server starts, so that its thread does not take them. */
static void block_signals(sigset_t *signals) {
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

static int print_address(const struct live_options *given, uint16_t port) {
    char url[128];
    snprintf(url, sizeof url, strchr(given->listen, ':') ? "http://[%.64s]:%u/" : "http://%.64s:%u/",
             given->listen, port);
    if (given->json) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "url", url);
        return cli_print_json(object);
    }
    printf("%s\n", url);
    fprintf(stderr, "open it in a browser; Ctrl-C ends\n");
    return cli_flush_output();
}

static int serve(struct live *live, const struct live_options *given) {
    struct dime_live_server *server;
    sigset_t signals;
    int signal_number = 0;
    block_signals(&signals);
    int code = dime_live_server_start(given->listen, (uint16_t)given->port, &live->service, &server);
    if (code) return code;
    if (print_address(given, dime_live_server_port(server)) == CLI_DONE) sigwait(&signals, &signal_number);
    dime_live_server_stop(server);
    return 0;
}

static void close_live(struct live *live) {
    dime_sim_board_free(live->board);
    cli_board_close(&live->real);
    cli_firmware_image_free(&live->image);
    dime_runtime_free(&live->runtime);
    dime_model_free(&live->model);
    free(live->input);
    free(live->activations);
    free(live->sums);
    free(live);
}

static int run_live(const struct live_options *given) {
    struct live *live = calloc(1, sizeof *live);
    int code = live ? 0 : out_of_memory();
    if (!live) return code;
    code = open_network(live, given->model);
    if (!code) code = given->serial ? open_real(live, given) : open_simulated(live, given);
    if (!code) {
        describe(live, given);
        code = serve(live, given);
    }
    close_live(live);
    return code;
}

static int check_options(const struct live_options *given) {
    if (given->port < 0 || given->port > 65535)
        return dime_error_set(DIME_ERROR_USAGE, "--port %d: expected 0..65535", given->port);
    if (given->serial && given->firmware)
        return dime_error_set(DIME_ERROR_USAGE, "--serial and --firmware cannot be given together");
    return 0;
}

static int run(int argc, const char **argv) {
    struct live_options given = {.listen = "127.0.0.1", .port = 8003};
    struct poptOption options[] = {
        {"port", 0, POPT_ARG_INT, &given.port, 0, "0: any that is free", "N"},
        {"listen", 0, POPT_ARG_STRING, &given.listen, 0,
         "address to listen at; another than a loopback address lets others in", "ADDRESS"},
        {"serial", 0, POPT_ARG_STRING, &given.serial, 0, "a real board there, instead of a simulated one",
         "PORT"},
        {"firmware", 0, POPT_ARG_STRING, &given.firmware, 0,
         "the simulated board's image, instead of building one", "FILE.elf"},
        {"json", 0, POPT_ARG_NONE, &given.json, 0, "print the address as a JSON object", NULL},
        POPT_TABLEEND};
    struct cli_arguments arguments;
    int status = cli_parse(&cli_live, argc, argv, options, 1, 1, &arguments);
    if (status >= 0) return status;
    given.model = arguments.positional[0];
    int code = check_options(&given);
    if (!code) code = run_live(&given);
    status = code ? cli_fail(&cli_live, code) : CLI_DONE;
    cli_arguments_free(&arguments);
    return status;
}

const struct cli_command cli_live = {
    .name = "live",
    .usage = "MODEL [--port N] [--listen ADDRESS] [--serial PORT] [--firmware FILE.elf] [--json]",
    .summary = "serve a page on which a chip reads what you draw",
    .run = run,
};
