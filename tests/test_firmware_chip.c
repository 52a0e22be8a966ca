/* SPDX-License-Identifier: MIT */
/* The linked firmware on the simulated chip: what it prints, shows and answers is what the engine on the PC
   computes. Needs a RISC-V cross compiler and MNIST; skipped where the compiler is missing.

   An argument chooses tests by name: test_firmware_chip test_testset

   DIME_CHIP_MODEL=<run folder>  puts that model through the chip instead of one trained here
   DIME_CHIP_IMAGES=10000        so many test images instead of a few hundred
   DIME_CHIP_CODE=flash|ram      where its inner loops run instead of where the planner places them
   DIME_CHIP_KERNELS=fast|compact|reference */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/random.h"
#include "base/team.h"
#include "data/dataset.h"
#include "data/resize.h"
#include "firmware/build.h"
#include "firmware/toolchain.h"
#include "model/chip_cost.h"
#include "sim/chip.h"
#include "train/trainer.h"
#include "vision/encode.h"

#if defined(__SANITIZE_ADDRESS__)
enum { IMAGES = 20, FORMAT_IMAGES = 2, TRAINED_ON = 300, VARIANTS = 1 };
#else
enum { IMAGES = 300, FORMAT_IMAGES = 12, TRAINED_ON = 4000, VARIANTS = 3 };
#endif

/* Percent that a prediction may be off, for the pictures that it was made for. */
#define MOST_OFF 3
#define FAST_BAUD 1000000
#define READY 0x7F
#define PICTURE 0xA5
#define ANSWER_BYTES 5
#define TEXT_ROOM 8192
#define MOST_SHOWN 16

static struct dime_dataset_pair mnist;
static char folder[] = "/tmp/dime-test-chip.XXXXXX";

static void check(int code) {
    if (code) fail_msg("%s", dime_error_message());
}

static void remove_folder(const char *path) {
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    if (system(command)) fprintf(stderr, "%s: not removed\n", path);
}

/* ---- models ---- */

static void train(enum dime_format_id format, struct dime_model *model) {
    struct dime_config config;
    struct dime_dataset part = mnist.train;
    struct dime_trainer *trainer;
    struct dime_epoch_report report;
    dime_config_default(&config);
    config.epochs = 1;
    config.validation_size = 0;
    config.batch_size = 64;
    config.learning_rate = 0.003f;
    config.layer_count = 3;
    config.format = format;
    for (uint32_t i = 0; i < 3; i++) config.layers[i].format = format;
    config.layers[0].outputs = config.layers[1].outputs = 16;
    config.layers[2].outputs = 10;
    part.count = TRAINED_ON;
    check(dime_trainer_create(&trainer, &config, &part, dime_processor_count()));
    check(dime_trainer_epoch(trainer, NULL, &report));
    check(dime_trainer_store(trainer, DIME_TRAINER_CHOSEN, model));
    dime_trainer_free(trainer);
}

/* Grey levels of test picture `index` in the model's size; malloc'ed. */
static uint8_t *grey_of(const struct dime_model *model, uint32_t index, uint32_t count) {
    const struct dime_dataset *test = &mnist.test;
    uint32_t size = model->config.input_size;
    uint8_t *grey = malloc((size_t)count * size * size);
    assert_non_null(grey);
    check(dime_resize_many(test->pixels + (size_t)index * test->height * test->width, count, test->height,
                           test->width, grey, size, size));
    return grey;
}

/* What the engine on the PC reads. */
static uint32_t classify(const struct dime_model *model, const struct dime_runtime *runtime,
                         const uint8_t *grey) {
    int8_t input[4096], activations[4096];
    int32_t sums[1024];
    uint32_t inputs = dime_model_input_count(model);
    assert_true(inputs <= sizeof input && runtime->network.activations <= sizeof activations &&
                runtime->network.sums <= 1024);
    dime_encode(model->config.input_encoding, model->config.input_threshold, grey, inputs, input);
    return dime_network_infer(&runtime->network, input, sums, activations);
}

/* ---- building ---- */

static const struct dime_chip *chip_kind = dime_chips; /* that the next firmware is for */

static void build(const struct dime_firmware_settings *settings, struct dime_firmware_report *report) {
    struct dime_firmware_settings complete = *settings;
    complete.chip = chip_kind;
    char elf[128];
    snprintf(elf, sizeof elf, "%s/%s.elf", folder, settings->app->name);
    complete.elf = elf;
    complete.model_name = "test";
    check(dime_firmware_build(&complete, report));
}

/* A chip with that image, reset. */
static struct sim_chip *start(const char *elf) {
    const struct sim_options options = {chip_kind == dime_chips ? SIM_CH32V003 : SIM_CH32V002,
                                        SIM_FAULT_STOP};
    struct sim_chip *chip;
    check(sim_ch32v003_create(&chip, &options));
    check(sim_chip_load_file(chip, elf));
    sim_chip_reset(chip);
    return chip;
}

static void expect_stop(struct sim_chip *chip, enum sim_stop expected, uint64_t cycles) {
    struct sim_limits limits = {cycles, UINT64_MAX};
    enum sim_stop stop = sim_chip_run(chip, &limits);
    if (stop == expected) return;
    char text[2048] = "";
    if (stop == SIM_STOP_FAULT) sim_fault_describe(chip, sim_chip_fault(chip), text, sizeof text);
    fail_msg("the run ended by %s instead of %s %s", sim_stop_name(stop), sim_stop_name(expected), text);
}

/* The deepest stack of the run is within the bound that the build promised. */
static void check_stack(const struct sim_chip *chip, const struct dime_firmware_report *report) {
    uint32_t lowest = sim_chip_stack_lowest(chip), top = 0x20000000 + chip_kind->ram_bytes;
    assert_true(lowest > 0x20000000 && lowest < top);
    assert_true(top - lowest <= report->stack.bytes);
}

/* ---- demo and selftest ---- */

/* What a program printed and showed. */
struct output {
    char uart[TEXT_ROOM], debug[TEXT_ROOM];
    size_t uart_size, debug_size;
    uint32_t levels; /* of PC0..PC6 */
    uint32_t shown[MOST_SHOWN];
    uint32_t shown_count;
};

static void hear_byte(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    (void)cycle;
    struct output *output = context;
    int is_uart = channel == SIM_CHANNEL_UART;
    size_t *size = is_uart ? &output->uart_size : &output->debug_size;
    if (*size + 1 < TEXT_ROOM) (is_uart ? output->uart : output->debug)[(*size)++] = (char)byte;
}

/* Segments change one after another within a cycle; a pattern counts when another cycle begins. */
static void hear_pin(void *context, uint64_t cycle, uint32_t port, uint32_t number, int level) {
    (void)cycle;
    struct output *output = context;
    if (port != 1 || number > 6) return;
    output->levels = (output->levels & ~(1u << number)) | (uint32_t)level << number;
}

/* Common anode: lit while low. */
static int digit_of(uint32_t levels) {
    static const uint8_t lit[10] = {0x3F, 0x06, 0x5B, 0x4F, 0x66, 0x6D, 0x7D, 0x07, 0x7F, 0x6F};
    for (int digit = 0; digit < 10; digit++)
        if (lit[digit] == (~levels & 0x7F)) return digit;
    return -1;
}

/* Runs to the end, looking at the display every ten milliseconds. */
static void watch(struct sim_chip *chip, struct output *output, uint64_t most_cycles) {
    enum { LOOK = 480000 };
    struct sim_limits limits = {0, UINT64_MAX};
    uint32_t previous = 0x7F;
    enum sim_stop stop = SIM_STOP_CYCLES;
    for (uint64_t now = LOOK; now < most_cycles && stop == SIM_STOP_CYCLES; now += LOOK) {
        limits.cycles = now;
        stop = sim_chip_run(chip, &limits);
        if (output->levels != previous && digit_of(output->levels) >= 0 && output->shown_count < MOST_SHOWN)
            output->shown[output->shown_count++] = (uint32_t)digit_of(output->levels);
        previous = output->levels;
    }
    if (stop != SIM_STOP_LOOP) expect_stop(chip, SIM_STOP_LOOP, most_cycles);
}

static struct sim_chip *start_heard(const char *elf, struct output *output) {
    struct sim_chip *chip = start(elf);
    memset(output, 0, sizeof *output);
    output->levels = 0x7F;
    check(sim_chip_byte_listen(chip, hear_byte, output));
    sim_chip_pin_listen(chip, hear_pin, output);
    return chip;
}

static void run_demo(const struct dime_model *model, int code_in_ram, int print_swio) {
    static const uint32_t numbers[] = {0, 2, 7, 4};
    enum { COUNT = sizeof numbers / sizeof *numbers };
    uint32_t area = dime_model_input_count(model);
    uint8_t *grey = malloc(COUNT * (size_t)area), labels[COUNT];
    uint32_t expected[COUNT];
    struct dime_runtime runtime;
    struct dime_firmware_report report;
    struct output output;
    check(dime_runtime_create(&runtime, model));
    for (uint32_t i = 0; i < COUNT; i++) {
        uint8_t *one = grey_of(model, numbers[i], 1);
        memcpy(grey + i * area, one, area);
        labels[i] = mnist.test.labels[numbers[i]];
        expected[i] = classify(model, &runtime, one);
        free(one);
    }
    struct dime_export_pictures pictures = {COUNT, grey, labels, NULL, "test set"};
    build(&(struct dime_firmware_settings){.app = dime_firmware_app_find("demo"),
                                           .model = model,
                                           .pictures = &pictures,
                                           .baud = 115200,
                                           .code = code_in_ram ? DIME_CODE_RAM : DIME_CODE_FLASH,
                                           .print_swio = print_swio,
                                           .once = 1},
          &report);
    struct sim_chip *chip = start_heard(report.elf, &output);
    watch(chip, &output, UINT64_C(480000000));
    const char *text = print_swio ? output.debug : output.uart;
    assert_int_equal(output.shown_count, COUNT);
    for (uint32_t i = 0; i < COUNT; i++) {
        char line[80];
        snprintf(line, sizeof line, "Picture %u  Prediction: %u  Label: %u  Timing: ", i + 1, expected[i],
                 labels[i]);
        if (!strstr(text, line)) fail_msg("\"%s\" is not in \"%s\"", line, text);
        assert_int_equal(output.shown[i], expected[i]);
    }
    assert_null(strstr(text, "MISMATCH"));
    assert_string_equal(text + strlen(text) - 14, " clock cycles\n");
    check_stack(chip, &report);
    sim_chip_free(chip);
    dime_firmware_report_free(&report);
    dime_runtime_free(&runtime);
    free(grey);
}

static void test_demo(void **state) {
    (void)state;
    struct dime_model model;
    train(DIME_FORMAT_4BITSYM, &model);
    run_demo(&model, 0, 0);
    run_demo(&model, 1, 0);
    run_demo(&model, 0, 1);
    dime_model_free(&model);
}

static void test_selftest(void **state) {
    (void)state;
    struct dime_model model;
    struct dime_firmware_report report;
    struct output output;
    train(DIME_FORMAT_TERNARY, &model);
    build(&(struct dime_firmware_settings){.app = dime_firmware_app_find("selftest"),
                                           .model = &model,
                                           .baud = 115200},
          &report);
    struct sim_chip *chip = start_heard(report.elf, &output);
    watch(chip, &output, UINT64_C(96000000));
    if (strstr(output.uart, "FAILED") || !strstr(output.uart, "\n0 failed\n")) fail_msg("%s", output.uart);
    assert_non_null(strstr(output.uart, "numbers 0 4294967295 -2147483648 1000000000 deadbeef\n"));
    assert_non_null(strstr(output.uart, "sent by DMA\n"));
    assert_non_null(strstr(output.uart, "ok alive after 200 ms of feeding the watchdog\n"));
    assert_non_null(strstr(output.uart, "\n0 failed\nok the watchdog resets a chip that hangs\n0 failed\n"));
    assert_string_equal(output.debug, "swio\n");
    check_stack(chip, &report);
    sim_chip_free(chip);
    dime_firmware_report_free(&report);
    dime_model_free(&model);
}

/* ---- testset ---- */

/* The PC at the other end of the line. */
struct host {
    struct sim_chip *chip;
    const struct dime_model *model;
    const struct dime_runtime *runtime;
    uint8_t *grey; /* all images */
    uint32_t inputs, images, next;
    uint32_t sent; /* bytes of the present frame; inputs + 1: all, or none asked for */
    uint8_t answer[ANSWER_BYTES];
    uint32_t answered;
    uint32_t mismatches, right;
    uint64_t cycles, least, most;
    double predicted; /* mean cycles */
};

static int give_byte(void *context, uint64_t cycle) {
    (void)cycle;
    struct host *host = context;
    if (host->sent > host->inputs) return -1;
    if (host->sent++ == 0) return PICTURE;
    return host->grey[(size_t)(host->next - 1) * host->inputs + host->sent - 2];
}

static void take_answer(struct host *host) {
    uint32_t index = host->next - 1, class = host->answer[0], cycles = 0;
    for (int i = ANSWER_BYTES - 1; i > 0; i--) cycles = cycles << 7 | (host->answer[i] & 0x7Fu);
    host->mismatches +=
        class != classify(host->model, host->runtime, host->grey + (size_t)index * host->inputs);
    host->right += class == mnist.test.labels[index];
    host->cycles += cycles;
    if (cycles < host->least) host->least = cycles;
    if (cycles > host->most) host->most = cycles;
    host->answered = 0;
}

static void hear_chip(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    (void)cycle;
    struct host *host = context;
    if (channel != SIM_CHANNEL_UART) return;
    if (byte != READY) {
        assert_true(host->answered < ANSWER_BYTES);
        host->answer[host->answered++] = byte;
        if (host->answered == ANSWER_BYTES) take_answer(host);
        return;
    }
    assert_int_equal(host->answered, 0);
    if (host->next == host->images) {
        sim_chip_stop(host->chip);
        return;
    }
    host->next++;
    host->sent = 0;
}

/* What the chip's cost model says of the same pictures. */
static double predict(const struct host *host, const struct dime_firmware_report *report) {
    const struct dime_model *model = host->model;
    struct dime_activity activity;
    const struct dime_chip_build build = dime_firmware_cost_build(report);
    int8_t *encoded = malloc((size_t)host->images * host->inputs);
    assert_non_null(encoded);
    for (uint32_t i = 0; i < host->images; i++)
        dime_encode(model->config.input_encoding, model->config.input_threshold,
                    host->grey + (size_t)i * host->inputs, host->inputs, encoded + (size_t)i * host->inputs);
    check(dime_activity_count(model, encoded, host->images, &activity));
    free(encoded);
    return dime_chip_cycles(model, &activity, &build, 1);
}

static void check_prediction(const struct host *host, const char *name) {
    double measured = (double)host->cycles / host->images, off = 100 * (host->predicted / measured - 1);
    if (getenv("DIME_SHOW"))
        printf("%-10s %9.0f cycles, predicted %9.0f: %+.2f %%\n", name, measured, host->predicted, off);
    if (off < -MOST_OFF || off > MOST_OFF)
        fail_msg("%s: %.0f cycles predicted, %.0f measured: `make calibrate-chip`", name, host->predicted,
                 measured);
}

static void run_testset(const struct dime_model *model, uint32_t images, enum dime_code_place code,
                        enum dime_kernels kernels, struct host *host) {
    struct dime_runtime runtime;
    struct dime_firmware_report report;
    check(dime_runtime_create(&runtime, model));
    build(&(struct dime_firmware_settings){.app = dime_firmware_app_find("testset"),
                                           .model = model,
                                           .baud = FAST_BAUD,
                                           .kernels = kernels,
                                           .code = code},
          &report);
    struct sim_chip *chip = start(report.elf);
    uint32_t inputs = dime_model_input_count(model);
    *host =
        (struct host){.chip = chip, .model = model, .runtime = &runtime, .inputs = inputs, .images = images};
    host->grey = grey_of(model, 0, images);
    host->sent = inputs + 1;
    host->least = UINT64_MAX;
    check(sim_chip_byte_listen(chip, hear_chip, host));
    sim_chip_byte_source(chip, SIM_CHANNEL_UART, give_byte, host);
    expect_stop(chip, SIM_STOP_REQUEST, UINT64_C(480000000) + images * UINT64_C(48000000));
    assert_int_equal(host->next, images);
    check_stack(chip, &report);
    host->predicted = predict(host, &report);
    free(host->grey);
    sim_chip_free(chip);
    dime_firmware_report_free(&report);
    dime_runtime_free(&runtime);
}

/* Random weights: what matters is that the chip computes what the PC computes. */
static void random_maps(struct dime_model *model, const char *text) {
    struct dime_config config;
    struct dime_random random = dime_random_stream(3, 4, 5);
    check(dime_config_parse("t", text, strlen(text), &config));
    check(dime_model_create(model, &config, 10));
    for (uint32_t i = 0; i < model->layer_count; i++) {
        struct dime_model_layer *layer = &model->layers[i];
        const struct dime_format *format = dime_format_get(layer->format);
        for (uint32_t j = 0; j < layer->inputs * layer->outputs; j++)
            layer->value[j] = format->value(dime_random_below(&random, format->codes));
        for (uint32_t m = 0; layer->affine && m < layer->outputs; m++)
            layer->affine[m] = (struct dime_affine){(int16_t)dime_random_below(&random, 100),
                                                    (uint8_t)(32 + dime_random_below(&random, 32)), 8};
    }
}

static void test_convolutions(void **state) {
    (void)state;
    struct dime_model model;
    struct host host;
    random_maps(&model, "NormType: BatchNorm\nQuantType: PoT3\nlayers:\n  - {type: conv2d, outputs: 4}\n"
                        "  - {type: maxpool}\n  - {type: conv2d, outputs: 6, QuantType: Ternary}\n"
                        "  - {outputs: 16, QuantType: Ternary}\n  - {QuantType: 4bitsym}\n");
    run_demo(&model, 0, 0);
    run_testset(&model, FORMAT_IMAGES, DIME_CODE_FLASH, DIME_KERNELS_FAST, &host);
    assert_int_equal(host.mismatches, 0);
    check_prediction(&host, "cnn");
    run_testset(&model, FORMAT_IMAGES, DIME_CODE_RAM, DIME_KERNELS_COMPACT, &host);
    assert_int_equal(host.mismatches, 0);
    dime_model_free(&model);
    random_maps(&model,
                "model: CNNMNIST\ncnn_width: 4\nnetwork_width1: 16\nnetwork_width2: 16\nnetwork_width3: 0\n");
    run_demo(&model, 1, 0);
    dime_model_free(&model);
}

/* Dot products without multiplications, where a format has them. */
static void test_compact(void **state) {
    (void)state;
    static const enum dime_format_id formats[] = {DIME_FORMAT_2BITSYM, DIME_FORMAT_4BITSYM,
                                                  DIME_FORMAT_TERNARY, DIME_FORMAT_POT3};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct dime_model model;
        struct host host;
        train(formats[i], &model);
        run_testset(&model, FORMAT_IMAGES, i & 1 ? DIME_CODE_RAM : DIME_CODE_FLASH, DIME_KERNELS_COMPACT,
                    &host);
        assert_int_equal(host.mismatches, 0);
        dime_model_free(&model);
    }
}

/* Rows that end within a word, and within what a dot product takes at once. */
static void test_compact_ends(void **state) {
    (void)state;
    static const char *const texts[] = {
        "input_size: 11\nlayers: [{outputs: 45, QuantType: Binary}, {outputs: 39, QuantType: FP130}, "
        "{outputs: 46, QuantType: BinarySym}, {QuantType: FP130}]\n",
        "input_size: 10\ninput_encoding: mean-subtracted\nlayers: [{outputs: 15, QuantType: FP130}, "
        "{outputs: 35, QuantType: Binary}, {outputs: 9, QuantType: FP130}, {QuantType: BinarySym}]\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct dime_model model;
        struct host host;
        random_maps(&model, texts[i]);
        run_testset(&model, 4 * FORMAT_IMAGES, i ? DIME_CODE_RAM : DIME_CODE_FLASH, DIME_KERNELS_COMPACT,
                    &host);
        assert_int_equal(host.mismatches, 0);
        dime_model_free(&model);
    }
}

static void test_every_format(void **state) {
    (void)state;
    for (int format = DIME_FORMAT_NONE + 1; format < DIME_FORMAT_COUNT; format++) {
        struct dime_model model;
        struct host host;
        train((enum dime_format_id)format, &model);
        for (int i = 0; i < VARIANTS; i++) { /* fast from flash and RAM, the reference from flash */
            run_testset(&model, FORMAT_IMAGES, i & 1 ? DIME_CODE_RAM : DIME_CODE_FLASH,
                        i & 2 ? DIME_KERNELS_REFERENCE : DIME_KERNELS_FAST, &host);
            if (host.mismatches)
                fail_msg("%s: %u mismatches", dime_format_get((enum dime_format_id)format)->name,
                         host.mismatches);
            check_prediction(&host, dime_format_get((enum dime_format_id)format)->name);
        }
        dime_model_free(&model);
    }
}

static void test_testset(void **state) {
    (void)state;
    const char *path = getenv("DIME_CHIP_MODEL"), *images = getenv("DIME_CHIP_IMAGES");
    const char *code = getenv("DIME_CHIP_CODE"), *kernels = getenv("DIME_CHIP_KERNELS");
    const char *name = getenv("DIME_CHIP_NAME");
    struct dime_model model;
    struct host host;
    if (path)
        check(dime_model_read(path, &model));
    else
        train(DIME_FORMAT_4BITSYM, &model);
    chip_kind = name ? dime_chip_find(name) : dime_chips;
    assert_non_null(chip_kind);
    uint32_t count = images ? (uint32_t)strtoul(images, NULL, 10) : IMAGES;
    assert_true(count > 0 && count <= mnist.test.count);
    enum dime_code_place place = code && !strcmp(code, "flash") ? DIME_CODE_FLASH
                                 : code && !strcmp(code, "ram") ? DIME_CODE_RAM
                                                                : DIME_CODE_AUTO;
    enum dime_kernels choice = kernels && !strcmp(kernels, "reference") ? DIME_KERNELS_REFERENCE
                               : kernels && !strcmp(kernels, "compact") ? DIME_KERNELS_COMPACT
                                                                        : DIME_KERNELS_FAST;
    run_testset(&model, count, place, choice, &host);
    printf("%u images on the chip: %u mismatches, %u right, %.0f cycles on average (%llu to %llu)\n", count,
           host.mismatches, host.right, (double)host.cycles / count, (unsigned long long)host.least,
           (unsigned long long)host.most);
    assert_int_equal(host.mismatches, 0);
    if (host.predicted > 0 && chip_kind == dime_chips) check_prediction(&host, "this model");
    dime_model_free(&model);
}

static int set_up(void **state) {
    (void)state;
    if (dime_dataset_open("mnist", NULL, &mnist)) {
        fprintf(stderr, "%s\n", dime_error_message());
        return -1;
    }
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    dime_dataset_close(&mnist);
    remove_folder(folder);
    return 0;
}

int main(int argc, char **argv) {
    struct dime_toolchain toolchain;
    if (dime_toolchain_find(&toolchain)) {
        fprintf(stderr, "%s\n", dime_error_message());
        return 77;
    }
    dime_toolchain_free(&toolchain);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_demo),         cmocka_unit_test(test_convolutions),
        cmocka_unit_test(test_selftest),     cmocka_unit_test(test_compact),
        cmocka_unit_test(test_compact_ends), cmocka_unit_test(test_every_format),
        cmocka_unit_test(test_testset),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("firmware on the simulated chip", tests, set_up, tear_down);
}
