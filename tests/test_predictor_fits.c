/* SPDX-License-Identifier: MIT */
/* The predictor fits the chip with a network of the shape of every configuration in configs/, without weights
   that were trained. Needs a RISC-V cross compiler and MNIST; skipped where the compiler is missing. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "data/dataset.h"
#include "data/resize.h"
#include "firmware/build.h"
#include "firmware/toolchain.h"
#include "train/trainer.h"

#include "predictor_board.h"

static struct dime_dataset_pair mnist;
static char folder[] = "/tmp/dime-test-fits.XXXXXX";

static void check(int code) {
    if (code) fail_msg("%s", dime_error_message());
}

static void make_model(const char *path, struct dime_model *model) {
    struct dime_config config;
    struct dime_dataset part = mnist.train;
    struct dime_trainer *trainer;
    check(dime_config_read(path, NULL, 0, &config));
    config.validation_size = 0;
    part.count = config.batch_size;
    check(dime_trainer_create(&trainer, &config, &part, 1));
    check(dime_trainer_store(trainer, DIME_TRAINER_CHOSEN, model));
    dime_trainer_free(trainer);
}

static void send_whole(struct board *board, const uint8_t *grey, uint32_t side) {
    uint8_t wire[DIME_LINK_MOST_WIRE];
    for (uint32_t offset = 0; offset < side * side;) {
        struct dime_link_picture part = {DIME_LINK_PACKED,     side,          side, offset,
                                         side * side - offset, grey + offset, 0};
        predictor_send(board, wire, dime_link_send_packed(&part, 1, wire));
        offset += part.count;
    }
}

/* A picture without pauses, and once more after that of the camera: no byte is lost while the network runs,
   however little room there is for bytes. */
static void take_picture(const struct dime_firmware_report *report, uint32_t side) {
    static struct board board;
    uint8_t grey[28 * 28], wire[DIME_LINK_MOST_WIRE];
    struct dime_link_status status;
    check(dime_resize(mnist.test.pixels + 784, 28, 28, grey, side, side));
    predictor_start(&board, report->elf);
    send_whole(&board, grey, side);
    /* The wire takes as long as the line: 90 ms for the largest picture. */
    predictor_run(&board, (90 + DIME_LINK_PAUSE_MS) * BOARD_MS);
    send_whole(&board, grey, side);
    predictor_run(&board, 200 * BOARD_MS);
    struct dime_link_frame answer =
        predictor_ask(&board, wire, dime_link_encode(DIME_LINK_ASK, 2, NULL, 0, wire));
    assert_true(dime_link_read_status(&answer, &status));
    assert_int_equal(status.pictures, 1);
    assert_int_equal(status.damaged, 0);
    assert_int_equal(status.dropped, 0);
    predictor_end(&board, report->stack.bytes);
}

/* Without its own vision and compiled for size: the last resort. 1 where one of these kernels fits. */
static int fits(const struct dime_model *model, enum dime_kernels kernels, const char *name) {
    char elf[128];
    struct dime_firmware_report report;
    snprintf(elf, sizeof elf, "%s/predictor.elf", folder);
    const struct dime_firmware_settings settings = {.app = dime_firmware_app_find("predictor"),
                                                    .model = model,
                                                    .model_name = "test",
                                                    .elf = elf,
                                                    .code = DIME_CODE_FLASH,
                                                    .kernels = kernels,
                                                    .trade = DIME_TRADE_SIZE,
                                                    .prepared_only = 1,
                                                    .baud = 115200};
    int code = dime_firmware_build(&settings, &report);
    printf("%s: %s, %u bytes of flash, %u + %u of RAM\n", name,
           kernels == DIME_KERNELS_FAST ? "fast" : "compact", report.flash_bytes, report.ram_bytes,
           report.stack.bytes);
    if (!code) assert_true(report.flash_bytes <= 16384 && report.ram_bytes + report.stack.bytes <= 2048);
    if (!code) take_picture(&report, model->config.input_size);
    if (code && !report.flash_bytes) fail_msg("%s", dime_error_message());
    dime_firmware_report_free(&report);
    return !code;
}

static void test_every_configuration(void **state) {
    (void)state;
    glob_t found;
    assert_int_equal(glob("configs/*.yaml", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct dime_model model;
        const char *name = found.gl_pathv[i];
        make_model(name, &model);
        int has_maps = model.layers[0].shape.kind != DIME_LAYER_FC;
        enum dime_kernels first = has_maps ? DIME_KERNELS_FAST : DIME_KERNELS_COMPACT;
        if (!fits(&model, first, name)) fail_msg("%s", dime_error_message());
        dime_model_free(&model);
    }
    assert_true(found.gl_pathc >= 5);
    globfree(&found);
}

static int set_up(void **state) {
    (void)state;
    return mkdtemp(folder) && !dime_dataset_open("mnist", NULL, &mnist) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[256];
    dime_dataset_close(&mnist);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_configuration)};
    struct dime_toolchain toolchain;
    if (dime_toolchain_find(&toolchain)) {
        fprintf(stderr, "%s\n", dime_error_message());
        return 77;
    }
    dime_toolchain_free(&toolchain);
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
