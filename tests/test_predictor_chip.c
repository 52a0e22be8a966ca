/* SPDX-License-Identifier: MIT */
/* The predictor's linked firmware on the simulated chip, at the other end of a serial line: what it answers
   and shows is what device/vision and the engine on the PC compute, and damage never becomes a digit. Needs a
   RISC-V cross compiler and MNIST; skipped where the compiler is missing. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/file.h"
#include "data/dataset.h"
#include "data/photo.h"
#include "data/png_write.h"
#include "data/resize.h"
#include "firmware/build.h"
#include "firmware/toolchain.h"
#include "link/link.h"
#include "live/sim_board.h"
#include "train/trainer.h"
#include "vision/vision.h"

#include "predictor_board.h"

#define SIZE 16
#define PIXELS (SIZE * SIZE)
#define CELLS DIME_VISION_CELLS
#if defined(__SANITIZE_ADDRESS__)
enum { FRAMES = 60, PHOTOS = 1 };
#else
enum { FRAMES = 1000, PHOTOS = 4 };
#endif

static struct dime_dataset_pair mnist;
static struct dime_model model;
static struct dime_runtime runtime;
static struct dime_firmware_report report;
static char folder[] = "/tmp/dime-test-predictor.XXXXXX";

static void check(int code) {
    if (code) fail_msg("%s", dime_error_message());
}

/* ---- what the PC computes ---- */

static void train(void) {
    struct dime_config config;
    struct dime_dataset part = mnist.train;
    struct dime_trainer *trainer;
    struct dime_epoch_report epoch;
    dime_config_default(&config);
    config.epochs = 1;
    config.validation_size = 0;
    config.batch_size = 64;
    config.learning_rate = 0.003f;
    config.layer_count = 3;
    config.layers[0].outputs = config.layers[1].outputs = 16;
    config.layers[2].outputs = 10;
    for (uint32_t i = 0; i < 3; i++) config.layers[i].format = config.format;
    part.count = 4000;
    check(dime_trainer_create(&trainer, &config, &part, 2));
    check(dime_trainer_epoch(trainer, NULL, &epoch));
    check(dime_trainer_store(trainer, DIME_TRAINER_CHOSEN, &model));
    dime_trainer_free(trainer);
}

static int32_t logits[16];

static uint32_t classify(const uint8_t *grey) {
    int8_t input[PIXELS], activations[64];
    assert_true(runtime.network.sums <= 16 && runtime.network.activations <= sizeof activations);
    dime_encode(model.config.input_encoding, model.config.input_threshold, grey, PIXELS, input);
    return dime_network_infer(&runtime.network, input, logits, activations);
}

static void make_grey(uint32_t index, uint8_t *grey) {
    check(dime_resize(mnist.test.pixels + (size_t)index * 784, 28, 28, grey, SIZE, SIZE));
}

static struct dime_link_frame send_part(struct board *board, const struct dime_link_picture *whole,
                                        uint32_t sequence, uint32_t offset) {
    uint8_t wire[DIME_LINK_MOST_WIRE];
    struct dime_link_picture part = *whole;
    uint32_t left = (uint32_t)whole->width * whole->height - offset;
    part.offset = offset;
    part.count = left < DIME_LINK_MOST_PIXELS ? left : DIME_LINK_MOST_PIXELS;
    part.pixels = whole->pixels + offset;
    return predictor_ask(board, wire, dime_link_send_picture(&part, sequence, wire));
}

/* All parts, each answered; the result of the last. */
static struct dime_link_result send_picture(struct board *board, const struct dime_link_picture *whole,
                                            uint32_t sequence) {
    uint32_t pixels = (uint32_t)whole->width * whole->height, wanted;
    struct dime_link_frame answer = {0};
    struct dime_link_result result;
    for (uint32_t offset = 0; offset < pixels; offset += DIME_LINK_MOST_PIXELS) {
        answer = send_part(board, whole, sequence, offset);
        assert_int_equal(answer.sequence, sequence);
        if (offset + DIME_LINK_MOST_PIXELS >= pixels) break;
        assert_true(dime_link_read_accepted(&answer, &wanted));
        assert_int_equal(wanted, offset + DIME_LINK_MOST_PIXELS);
    }
    assert_true(dime_link_read_result(&answer, &result));
    return result;
}

static void expect_shown(struct board *board, int symbol) {
    predictor_run(board, BOARD_MS);
    assert_int_equal(predictor_shown(board), symbol);
}

static void expect_error(const struct dime_link_frame *answer, uint32_t fault, uint32_t detail) {
    struct dime_link_error error;
    assert_true(dime_link_read_error(answer, &error));
    assert_int_equal(error.fault, fault);
    assert_int_equal(error.detail, detail);
}

/* What the display shows in two seconds: a bit for each symbol. */
static uint32_t watch_display(struct board *board) {
    uint32_t seen = 0;
    for (uint32_t i = 0; i < 200; i++) {
        predictor_run(board, 10 * BOARD_MS);
        if (predictor_shown(board) >= 0) seen |= 1u << predictor_shown(board);
    }
    return seen;
}

/* ---- tests ---- */

static void test_status(void **state) {
    (void)state;
    struct board board;
    uint8_t wire[DIME_LINK_MOST_WIRE];
    struct dime_link_status status;
    predictor_start(&board, report.elf);
    struct dime_link_frame answer =
        predictor_ask(&board, wire, dime_link_encode(DIME_LINK_ASK, 200, NULL, 0, wire));
    assert_int_equal(answer.sequence, 200);
    assert_true(dime_link_read_status(&answer, &status));
    assert_int_equal(status.version, DIME_LINK_VERSION);
    assert_int_equal(status.input_size, SIZE);
    assert_int_equal(status.classes, 10);
    assert_int_equal(status.cells, CELLS);
    assert_int_equal(status.damaged, 0);
    predictor_end(&board, report.stack.bytes);
}

/* Margin and digit as the PC computes them; a dash where the margin is small. */
static void expect_result(struct board *board, const struct dime_link_result *result, const uint8_t *grey) {
    uint32_t best = classify(grey);
    int32_t second = INT32_MIN, least = logits[best];
    for (uint32_t i = 0; i < 10; i++) {
        if (i != best && logits[i] > second) second = logits[i];
        if (logits[i] < least) least = logits[i];
    }
    assert_int_equal(result->best, best);
    assert_int_equal(result->margin, logits[best] - second);
    int sure = result->margin > (logits[best] - least) >> 5;
    assert_int_equal(result->class, sure ? best : DIME_LINK_NO_DIGIT);
    assert_true(result->cycles > 1000);
    expect_shown(board, sure ? (int)best : BOARD_DASH);
}

static void test_prepared(void **state) {
    (void)state;
    struct board board;
    uint8_t grey[PIXELS];
    predictor_start(&board, report.elf);
    for (uint32_t i = 0; i < 10; i++) {
        make_grey(i, grey);
        struct dime_link_picture picture = {1, SIZE, SIZE, 0, 0, grey, 0};
        struct dime_link_result result = send_picture(&board, &picture, i);
        assert_int_equal(result.finding, DIME_VISION_DIGIT);
        expect_result(&board, &result, grey);
    }
    memset(grey, 0, sizeof grey); /* what a camera sends that has seen no digit */
    struct dime_link_picture picture = {1, SIZE, SIZE, 0, 0, grey, 0};
    struct dime_link_result result = send_picture(&board, &picture, 77);
    assert_int_equal(result.class, DIME_LINK_NO_DIGIT);
    assert_int_equal(result.finding, DIME_VISION_EMPTY);
    expect_shown(&board, BOARD_DASH);
    predictor_end(&board, report.stack.bytes);
}

/* As the camera sends them: with runs of 0, in parts of as many pixels as they hold. */
static void test_packed(void **state) {
    (void)state;
    struct board board;
    uint8_t grey[PIXELS], wire[DIME_LINK_MOST_WIRE];
    struct dime_link_result result;
    uint32_t wanted;
    predictor_start(&board, report.elf);
    for (uint32_t i = 0; i < 4; i++) {
        make_grey(i, grey);
        for (uint32_t offset = 0; offset < PIXELS; offset = wanted) {
            struct dime_link_picture part = {DIME_LINK_PACKED, SIZE,          SIZE, offset,
                                             PIXELS - offset,  grey + offset, 0};
            struct dime_link_frame answer =
                predictor_ask(&board, wire, dime_link_send_packed(&part, i, wire));
            wanted = offset + part.count;
            if (wanted == PIXELS)
                assert_true(dime_link_read_result(&answer, &result));
            else
                assert_true(dime_link_read_accepted(&answer, &wanted));
            assert_int_equal(wanted, offset + part.count);
        }
        expect_result(&board, &result, grey);
    }
    predictor_end(&board, report.stack.bytes);
}

/* Pictures of other sizes go through the chip's own vision. */
static void expect_vision(struct board *board, uint8_t *pixels, uint32_t width, uint32_t height,
                          uint32_t sequence) {
    struct dime_link_picture picture = {0, (uint16_t)width, (uint16_t)height, 0, 0, pixels, 0};
    uint8_t grey[PIXELS], cells[CELLS];
    struct dime_vision vision;
    dime_vision_begin(&vision, width, height, cells, CELLS);
    dime_vision_add(&vision, pixels, width * height);
    enum dime_vision_finding finding = dime_vision_finish(&vision, DIME_VISION_AUTO, SIZE, grey, NULL);
    struct dime_link_result result = send_picture(board, &picture, sequence);
    assert_int_equal(result.finding, finding);
    if (finding == DIME_VISION_DIGIT) expect_result(board, &result, grey);
}

static void test_vision(void **state) {
    (void)state;
    struct board board;
    struct dime_photographer *photographer;
    uint8_t picture[64 * 48];
    predictor_start(&board, report.elf);
    for (uint32_t i = 0; i < PHOTOS; i++) expect_vision(&board, mnist.test.pixels + i * 784, 28, 28, i);
    check(dime_photographer_create(&photographer, 28, 28, 48, 64, &dime_photo_usual));
    for (uint32_t i = 0; i < PHOTOS; i++) {
        dime_photograph(photographer, mnist.test.pixels + i * 784, dime_random_stream(1, 0, i), picture);
        expect_vision(&board, picture, 64, 48, 100 + i);
    }
    dime_photographer_free(photographer);
    memset(picture, 200, sizeof picture);
    expect_vision(&board, picture, 64, 48, 200);
    expect_shown(&board, BOARD_DASH);
    predictor_end(&board, report.stack.bytes);
}

/* Parts out of order, repeated, of impossible pictures, of unknown types. */
static void test_refusals(void **state) {
    (void)state;
    struct board board;
    uint8_t grey[PIXELS], wire[DIME_LINK_MOST_WIRE];
    struct dime_link_frame answer;
    struct dime_link_result result;
    uint32_t wanted;
    make_grey(3, grey);
    struct dime_link_picture picture = {1, SIZE, SIZE, 0, 0, grey, 0}, other = {1, 8, 8, 0, 0, grey, 0};
    struct dime_link_picture turned = {1, 2 * SIZE, SIZE / 2, 0, 0, grey, 0}; /* as many pixels */
    predictor_start(&board, report.elf);
    answer = send_part(&board, &picture, 1, 64);
    expect_error(&answer, DIME_LINK_FAULT_GAP, 0);
    send_part(&board, &picture, 1, 0);
    answer = send_part(&board, &turned, 1, 64); /* of another picture under the same number */
    expect_error(&answer, DIME_LINK_FAULT_GAP, 0);
    answer = send_part(&board, &picture, 1, 128);
    expect_error(&answer, DIME_LINK_FAULT_GAP, 64);
    answer = send_part(&board, &picture, 1, 0); /* again: known, and changes nothing */
    assert_true(dime_link_read_accepted(&answer, &wanted));
    assert_int_equal(wanted, 64);
    send_part(&board, &picture, 1, 64);
    send_part(&board, &picture, 1, 128);
    answer = send_part(&board, &picture, 1, 192);
    assert_true(dime_link_read_result(&answer, &result));
    expect_result(&board, &result, grey);
    answer = send_part(&board, &picture, 1, 192); /* the answer was lost */
    assert_true(dime_link_read_result(&answer, &result));
    assert_int_equal(result.best, classify(grey));
    answer = send_part(&board, &other, 2, 0);
    expect_error(&answer, DIME_LINK_FAULT_PICTURE, SIZE);
    answer = predictor_ask(&board, wire, dime_link_encode(0x55, 3, NULL, 0, wire));
    expect_error(&answer, DIME_LINK_FAULT_TYPE, 0x55);
    answer = predictor_ask(&board, wire, dime_link_encode(DIME_LINK_PICTURE, 4, grey, 3, wire));
    expect_error(&answer, DIME_LINK_FAULT_PICTURE, 0);
    /* E and the number, in turns. */
    const struct dime_link_error camera = {7, 3};
    predictor_send(&board, wire, dime_link_send_error(&camera, 5, wire));
    assert_int_equal(watch_display(&board) & ~(1u << classify(grey)), 1u << BOARD_E | 1u << 7 | 1u << 3);
    assert_int_equal(board.bad_answers, 0);
    predictor_end(&board, report.stack.bytes);
}

/* A frame that comes while the network runs is kept; nothing is lost at 115200 baud without a pause. */
static void test_back_to_back(void **state) {
    (void)state;
    struct board board;
    uint8_t grey[PIXELS], wire[DIME_LINK_MOST_WIRE];
    predictor_start(&board, report.elf);
    for (uint32_t number = 0; number < 6; number++) {
        make_grey(number, grey);
        for (uint32_t offset = 0; offset < PIXELS; offset += DIME_LINK_MOST_PIXELS) {
            struct dime_link_picture part = {1, SIZE, SIZE, offset, DIME_LINK_MOST_PIXELS, grey + offset, 0};
            predictor_send(&board, wire, dime_link_send_picture(&part, number, wire));
        }
    }
    predictor_run(&board, 400 * BOARD_MS);
    uint32_t results = 0, accepted = 0, wanted;
    for (uint32_t i = 0; i < board.answer_count; i++) {
        struct dime_link_result result;
        accepted += (uint32_t)dime_link_read_accepted(&board.answers[i], &wanted);
        if (!dime_link_read_result(&board.answers[i], &result)) continue;
        make_grey(results++, grey);
        assert_int_equal(result.best, classify(grey));
    }
    assert_int_equal(results, 6);
    assert_int_equal(accepted, 18);
    predictor_end(&board, report.stack.bytes);
}

/* ---- damage ---- */

/* One byte in a hundred is lost, changed or doubled. Returns the new length; *whole: nothing happened. */
static uint32_t damage(struct dime_random *random, const uint8_t *from, uint32_t size, uint8_t *to,
                       int *whole) {
    uint32_t length = 0;
    *whole = 1;
    for (uint32_t i = 0; i < size; i++) {
        if (dime_random_below(random, 100)) {
            to[length++] = from[i];
            continue;
        }
        uint32_t fate = dime_random_below(random, 3);
        *whole = 0;
        if (fate > 0)
            to[length++] = fate == 1 ? (uint8_t)(from[i] ^ (1 + dime_random_below(random, 255))) : from[i];
        if (fate == 2) to[length++] = (uint8_t)dime_random_next(random);
    }
    return length;
}

/* A sender that repeats a part until it is answered. */
struct sender {
    struct dime_random random;
    uint32_t frames, undamaged, answered, pictures, wrong;
};

/* 1: accepted; 2: result; 0: no or another answer. */
static int try_part(struct board *board, struct sender *sender, const uint8_t *grey, uint32_t sequence,
                    uint32_t offset, struct dime_link_result *result) {
    uint8_t wire[DIME_LINK_MOST_WIRE], bad[2 * DIME_LINK_MOST_WIRE];
    struct dime_link_picture part = {1, SIZE, SIZE, offset, DIME_LINK_MOST_PIXELS, grey + offset, 0};
    uint32_t size = dime_link_send_picture(&part, sequence, wire), wanted;
    int whole, kind = 0;
    size = damage(&sender->random, wire, size, bad, &whole);
    sender->frames++;
    sender->undamaged += (uint32_t)whole;
    board->answer_count = 0;
    predictor_send(board, bad, size);
    predictor_run(board, 12 * BOARD_MS);
    for (uint32_t i = 0; i < 40 && !board->answer_count; i++) predictor_run(board, 2 * BOARD_MS);
    for (uint32_t i = 0; i < board->answer_count; i++) {
        const struct dime_link_frame *answer = &board->answers[i];
        if (answer->sequence != sequence) continue; /* of a damaged frame: its number is not known */
        if (dime_link_read_accepted(answer, &wanted) && wanted == offset + DIME_LINK_MOST_PIXELS) kind = 1;
        if (dime_link_read_result(answer, result)) kind = 2;
    }
    if (whole) sender->answered += kind > 0;
    return kind;
}

static void send_damaged(struct board *board, struct sender *sender, uint32_t index) {
    uint8_t grey[PIXELS];
    struct dime_link_result result;
    uint32_t sequence = index & 0xFF, offset = 0;
    int kind = 0;
    make_grey(index, grey);
    while (kind != 2 && sender->frames < FRAMES) {
        kind = try_part(board, sender, grey, sequence, offset, &result);
        if (kind == 1) offset += DIME_LINK_MOST_PIXELS;
    }
    if (kind != 2) return;
    sender->pictures++;
    sender->wrong += result.best != classify(grey);
    expect_shown(board, result.class == DIME_LINK_NO_DIGIT ? BOARD_DASH : (int)result.class);
}

static void test_damage(void **state) {
    (void)state;
    struct board board;
    struct sender sender = {.random = dime_random_stream(9, 0, 0)};
    predictor_start(&board, report.elf);
    for (uint32_t i = 0; sender.frames < FRAMES; i++) send_damaged(&board, &sender, i);
    printf("%u frames, %u undamaged, %u of these answered; %u pictures, %u wrong digits\n", sender.frames,
           sender.undamaged, sender.answered, sender.pictures, sender.wrong);
    assert_true(sender.undamaged < sender.frames * 3 / 4);
    assert_int_equal(sender.answered, sender.undamaged);
    assert_int_equal(sender.wrong, 0);
    assert_true(sender.pictures > FRAMES / 16);
    predictor_end(&board, report.stack.bytes);
}

/* Damage after which nothing is known shows as E 1. */
static void test_damage_shown(void **state) {
    (void)state;
    struct board board;
    static const uint8_t noise[] = {5, 4, 3, 2, 1, 0};
    predictor_start(&board, report.elf);
    struct dime_link_frame answer = predictor_ask(&board, noise, sizeof noise);
    expect_error(&answer, DIME_LINK_FAULT_DAMAGED, 1);
    assert_int_equal(watch_display(&board) & ~(1u << BOARD_DASH), 1u << BOARD_E | 1u << 1);
    predictor_end(&board, report.stack.bytes);
}

/* A program that hangs is reset within 4.2 s by the watchdog, says so, shows E 6, and works again. */
static void test_watchdog(void **state) {
    (void)state;
    struct board board;
    static const uint8_t jump_here[2] = {0x01, 0xA0};
    uint8_t code[2], grey[PIXELS];
    predictor_start(&board, report.elf);
    uint32_t pc = sim_chip_register(board.chip, 32);
    assert_int_equal(sim_chip_peek(board.chip, pc, code, sizeof code), sizeof code);
    assert_int_equal(sim_chip_poke(board.chip, pc, jump_here, sizeof jump_here), sizeof jump_here);
    assert_null(predictor_wait(&board, 3000));
    const struct dime_link_frame *answer = predictor_wait(&board, 1500);
    sim_chip_poke(board.chip, pc, code, sizeof code);
    assert_non_null(answer);
    expect_error(answer, DIME_LINK_FAULT_RESET, 0);
    assert_int_equal(watch_display(&board) & ~(1u << BOARD_DASH), 1u << BOARD_E | 1u << 6);
    make_grey(1, grey);
    struct dime_link_picture picture = {1, SIZE, SIZE, 0, 0, grey, 0};
    struct dime_link_result result = send_picture(&board, &picture, 1);
    expect_result(&board, &result, grey);
    predictor_end(&board, report.stack.bytes);
}

/* ---- dime predict --serial ---- */

/* The near end of a pseudo-terminal, and the name of the far end. */
static int open_terminal(char *name, size_t size) {
    int file = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(file >= 0 && grantpt(file) == 0 && unlockpt(file) == 0);
    assert_int_equal(ptsname_r(file, name, size), 0);
    return file;
}

static pid_t start_program(const char *terminal, const char *safetensors, const char *picture, int *output) {
    const char *dime = getenv("DIME") ? getenv("DIME") : "build/dime";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl(dime, dime, "predict", safetensors, picture, "--serial", terminal, "--json", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    *output = ends[0];
    return child;
}

/* Carries bytes between terminal and simulated board until the program ends; returns its exit status. */
static int carry(int terminal, struct dime_live_port board, pid_t child) {
    struct pollfd wait = {.fd = terminal, .events = POLLIN};
    uint8_t bytes[256];
    int status, byte;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (poll(&wait, 1, 10) <= 0 || !(wait.revents & POLLIN)) continue;
        ssize_t count = read(terminal, bytes, sizeof bytes);
        if (count <= 0) continue;
        check(board.send(board.context, bytes, (size_t)count));
        while ((byte = board.receive(board.context)) >= 0) {
            uint8_t answer = (uint8_t)byte;
            assert_int_equal(write(terminal, &answer, 1), 1);
        }
        assert_int_equal(byte, DIME_LIVE_NO_BYTE);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_serial(void **state) {
    (void)state;
    char terminal[64], safetensors[128], picture[128], text[2048] = "", expected[64];
    uint8_t grey[PIXELS], *elf;
    size_t size;
    struct dime_sim_board *board;
    int output;
    snprintf(safetensors, sizeof safetensors, "%s/model.safetensors", folder);
    snprintf(picture, sizeof picture, "%s/7.png", folder);
    check(dime_model_write(safetensors, &model));
    check(dime_png_write(picture, mnist.test.pixels, 28, 28));
    check(dime_file_read(report.elf, 1 << 24, &elf, &size));
    check(dime_sim_board_create(&board, report.elf, elf, size, BOARD_BAUD));
    int file = open_terminal(terminal, sizeof terminal);
    pid_t child = start_program(terminal, safetensors, picture, &output);
    assert_int_equal(carry(file, dime_sim_board_port(board), child), 0);
    assert_true(read(output, text, sizeof text - 1) > 0);
    make_grey(0, grey);
    snprintf(expected, sizeof expected, "\"board\":\t{\n\t\t\t\t\"label\":\t%u,", classify(grey));
    if (!strstr(text, expected)) fail_msg("%s is not in %s", expected, text);
    close(output);
    close(file);
    dime_sim_board_free(board);
    free(elf);
}

/* ---- */

static int set_up(void **state) {
    (void)state;
    char elf[128];
    if (!mkdtemp(folder) || dime_dataset_open("mnist", NULL, &mnist)) return -1;
    train();
    snprintf(elf, sizeof elf, "%s/predictor.elf", folder);
    const struct dime_firmware_settings settings = {.app = dime_firmware_app_find("predictor"),
                                                    .model = &model,
                                                    .model_name = "test",
                                                    .elf = elf,
                                                    .code = DIME_CODE_AUTO,
                                                    .kernels = DIME_KERNELS_AUTO,
                                                    .baud = BOARD_BAUD};
    if (dime_firmware_build(&settings, &report) || dime_runtime_create(&runtime, &model)) {
        fprintf(stderr, "%s\n", dime_error_message());
        return -1;
    }
    printf("%u bytes of flash, %u + %u of RAM\n", report.flash_bytes, report.ram_bytes, report.stack.bytes);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    char command[256];
    dime_firmware_report_free(&report);
    dime_runtime_free(&runtime);
    dime_model_free(&model);
    dime_dataset_close(&mnist);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status),   cmocka_unit_test(test_prepared),
        cmocka_unit_test(test_packed),   cmocka_unit_test(test_vision),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_back_to_back),
        cmocka_unit_test(test_damage),   cmocka_unit_test(test_damage_shown),
        cmocka_unit_test(test_serial),   cmocka_unit_test(test_watchdog),
    };
    struct dime_toolchain toolchain;
    if (dime_toolchain_find(&toolchain)) {
        fprintf(stderr, "%s\n", dime_error_message());
        return 77;
    }
    dime_toolchain_free(&toolchain);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
