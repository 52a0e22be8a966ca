/* SPDX-License-Identifier: MIT */
/* The fast kernels of fully connected layers, linked and on the simulated chip, against the reference on the
   PC: random and extreme weights of every format, in layers of many shapes behind one another, on random and
   extreme pictures; the logits are compared number by number. Needs a RISC-V cross compiler. */
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
#include "firmware/build.h"
#include "firmware/toolchain.h"
#include "model/fast_layout.h"
#include "model/rows_layout.h"
#include "sim/chip.h"
#include "sim/symbols.h"
#include "vision/encode.h"

#define FAST_BAUD 1000000
#define READY 0x7F
#define PICTURE 0xA5
#define ANSWER_BYTES 5
enum { MOST_INPUTS = 1024, MOST_SUMS = 256, PICTURES = 9 };
#if defined(__SANITIZE_ADDRESS__)
enum { HAS_EXTREMES = 0 }; /* the simulation is slow there */
#else
enum { HAS_EXTREMES = 1 };
#endif

static char folder[] = "/tmp/dime-test-kernels.XXXXXX";

static void check(int code) {
    if (code) fail_msg("%s", dime_error_message());
}

/* ---- networks ---- */

enum weights { RANDOM, EXTREME };

/* Extreme: every other output has the largest weight everywhere, the others the smallest. */
static void fill_layer(struct dime_model_layer *layer, enum weights weights, struct dime_random *random) {
    const struct dime_format *format = dime_format_get(layer->format);
    int16_t values[2] = {format->value(0), format->value(0)};
    for (uint32_t code = 1; code < format->codes; code++) {
        int16_t value = format->value(code);
        if (value < values[0]) values[0] = value;
        if (value > values[1]) values[1] = value;
    }
    for (uint32_t j = 0; j < layer->inputs * layer->outputs; j++)
        layer->value[j] = weights == EXTREME ? values[j / layer->inputs & 1]
                                             : format->value(dime_random_below(random, format->codes));
    for (uint32_t m = 0; layer->affine && m < layer->outputs; m++)
        layer->affine[m] = (struct dime_affine){(int16_t)dime_random_below(random, 100),
                                                (uint8_t)(32 + dime_random_below(random, 32)), 8};
}

static void make_model(struct dime_model *model, const char *text, uint32_t classes, enum weights weights) {
    struct dime_config config;
    struct dime_random random = dime_random_stream(7, 8, 9);
    check(dime_config_parse("network", text, strlen(text), &config));
    check(dime_model_create(model, &config, classes));
    for (uint32_t i = 0; i < model->layer_count; i++) fill_layer(&model->layers[i], weights, &random);
}

/* Sparse strokes, then a picture that is nearly all as bright as possible with the widest range of
   activations, then blank, white and noise; then one that has a single pixel darker than the first, which
   is also the one that fills a bucket of 15 rows. */
static void make_picture(uint32_t number, uint8_t *grey, uint32_t count, struct dime_random *random) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t any = dime_random_below(random, 256);
        if (number < 4)
            grey[i] = (uint8_t)(dime_random_below(random, 4) ? 0 : any);
        else if (number == 4)
            grey[i] = i == 1 ? 0 : 66;
        else if (number == 8)
            grey[i] = i == 15 ? 0 : i && i < 15 ? 35 : 30;
        else
            grey[i] = (uint8_t)(number == 5 ? 0 : number == 6 ? 255 : any);
    }
}

/* ---- a chip ---- */

static const struct dime_chip *chip_kind = dime_chips; /* that is simulated */

struct host {
    struct sim_chip *chip;
    uint8_t grey[MOST_INPUTS];
    uint32_t inputs, sent; /* inputs + 1: nothing to send */
    uint32_t asked, answered;
    uint32_t class;
};

static int give_byte(void *context, uint64_t cycle) {
    (void)cycle;
    struct host *host = context;
    if (host->sent > host->inputs) return -1;
    return host->sent++ == 0 ? PICTURE : host->grey[host->sent - 2];
}

static void hear_chip(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    (void)cycle;
    struct host *host = context;
    if (channel != SIM_CHANNEL_UART) return;
    if (byte != READY) {
        if (host->answered++ == 0) host->class = byte;
        return;
    }
    host->asked++;
    sim_chip_stop(host->chip);
}

/* To the next READY. */
static void run_chip(struct host *host) {
    struct sim_limits limits = {UINT64_MAX, UINT64_MAX};
    enum sim_stop stop = sim_chip_run(host->chip, &limits);
    char text[2048] = "";
    if (stop == SIM_STOP_FAULT) sim_fault_describe(host->chip, sim_chip_fault(host->chip), text, sizeof text);
    if (stop != SIM_STOP_REQUEST) fail_msg("the run ended by %s %s", sim_stop_name(stop), text);
}

static void read_logits(const struct host *host, uint32_t classes, int32_t *logits) {
    const struct sim_symbol *sums = sim_symbols_named(sim_chip_symbols(host->chip), "sums");
    assert_non_null(sums);
    assert_int_equal(sim_chip_peek(host->chip, sums->address, logits, 4 * classes), 4 * classes);
}

static void compare_picture(struct host *host, const struct dime_model *model,
                            const struct dime_runtime *runtime, uint32_t number) {
    int8_t input[MOST_INPUTS], activations[MOST_SUMS];
    int32_t expected[MOST_SUMS], logits[MOST_SUMS];
    dime_encode(model->config.input_encoding, model->config.input_threshold, host->grey, host->inputs, input);
    uint32_t class = dime_network_infer(&runtime->network, input, expected, activations);
    host->sent = host->answered = 0;
    run_chip(host);
    assert_int_equal(host->answered, ANSWER_BYTES);
    read_logits(host, model->classes, logits);
    for (uint32_t m = 0; m < model->classes; m++)
        if (logits[m] != expected[m])
            fail_msg("picture %u, output %u: %d, by the reference %d", number, m, logits[m], expected[m]);
    assert_int_equal(host->class, class);
}

/* In flash where the inner loops of several kernels do not fit RAM together. */
static void build(const struct dime_model *model, const char *elf, enum dime_code_place code,
                  struct dime_firmware_report *report) {
    const struct dime_firmware_settings settings = {.app = dime_firmware_app_find("testset"),
                                                    .chip = chip_kind,
                                                    .model = model,
                                                    .model_name = "test",
                                                    .elf = elf,
                                                    .baud = FAST_BAUD,
                                                    .kernels = DIME_KERNELS_FAST,
                                                    .code = code};
    int built = dime_firmware_build(&settings, report);
    if (built != DIME_ERROR_UNSUPPORTED || code == DIME_CODE_FLASH) {
        check(built);
        return;
    }
    dime_firmware_report_free(report);
    build(model, elf, DIME_CODE_FLASH, report);
}

static void compare(const struct dime_model *model, enum dime_code_place code) {
    static struct host host;
    struct dime_runtime runtime;
    struct dime_firmware_report report;
    const struct sim_options options = {chip_kind->has_multiplier ? SIM_CH32V002 : SIM_CH32V003,
                                        SIM_FAULT_STOP};
    struct dime_random random = dime_random_stream(1, 2, 3);
    char elf[128];
    snprintf(elf, sizeof elf, "%s/image.elf", folder);
    check(dime_runtime_create(&runtime, model));
    assert_true(runtime.network.sums <= MOST_SUMS && runtime.network.activations <= MOST_SUMS);
    build(model, elf, code, &report);
    host = (struct host){.inputs = dime_model_input_count(model)};
    host.sent = host.inputs + 1;
    check(sim_ch32v003_create(&host.chip, &options));
    check(sim_chip_load_file(host.chip, elf));
    sim_chip_reset(host.chip);
    check(sim_chip_byte_listen(host.chip, hear_chip, &host));
    sim_chip_byte_source(host.chip, SIM_CHANNEL_UART, give_byte, &host);
    run_chip(&host);
    for (uint32_t i = 0; i < PICTURES; i++) {
        make_picture(i, host.grey, host.inputs, &random);
        compare_picture(&host, model, &runtime, i);
    }
    sim_chip_free(host.chip);
    dime_firmware_report_free(&report);
    dime_runtime_free(&runtime);
}

static void run_network(const char *text, uint32_t classes, enum weights weights, enum dime_code_place code,
                        const enum dime_layout *layouts) {
    struct dime_model model;
    make_model(&model, text, classes, weights);
    for (uint32_t i = 0; layouts && i < model.layer_count; i++)
        if (dime_layout_on(chip_kind, &model, i) != layouts[i])
            fail_msg("layer %u has another layout", i + 1);
    compare(&model, code);
    dime_model_free(&model);
}

/* Inputs below zero in every layer, no multiples of four. */
static const char centred[] = "NormType: LayerNorm\ninput_size: 7\nlayers:\n"
                              "  - {outputs: 64, QuantType: 4bitsym}\n  - {outputs: 40, QuantType: 8bit}\n"
                              "  - {outputs: 19, QuantType: 5bitsym}\n  - {outputs: 33, QuantType: NF4}\n"
                              "  - {outputs: 17, QuantType: FP130}\n  - {outputs: 9, QuantType: 2bitsym}\n"
                              "  - {QuantType: 4bit}\n";
/* More inputs than sums hold, more outputs than rows have. */
static const char large[] = "NormType: RMS\ninput_size: 18\ninput_encoding: unsigned\nlayers:\n"
                            "  - {outputs: 13, QuantType: 4bitsym}\n  - {outputs: 74, QuantType: Binary}\n"
                            "  - {outputs: 8, QuantType: Ternary}\n  - {outputs: 30, QuantType: 4bit}\n"
                            "  - {outputs: 66, QuantType: 5bitsym}\n  - {QuantType: BinarySym}\n";
/* Black and white, with an affine step. */
static const char binary[] = "NormType: BatchNorm\ninput_size: 28\ninput_encoding: binary\nlayers:\n"
                             "  - {outputs: 16, QuantType: 4bitsym}\n  - {outputs: 16, QuantType: 4bitsym}\n"
                             "  - {QuantType: 4bitsym}\n";

/* Inputs below zero whose share is in four rows behind the others; products with an odd number of outputs. */
static const char more[] = "input_size: 8\nlayers:\n  - {outputs: 64, QuantType: 4bitsym}\n"
                           "  - {outputs: 20, QuantType: 4bitsym}\n  - {outputs: 48, QuantType: 2bitsym}\n"
                           "  - {QuantType: 4bitsym}\n";

static void test_more(void **state) {
    (void)state;
    struct dime_model model;
    make_model(&model, more, 9, RANDOM);
    assert_true(dime_rows_plan_make(&model, 0).parts[0].has_more);
    assert_true(dime_rows_plan_make(&model, 3).parts[0].has_products);
    compare(&model, DIME_CODE_RAM);
    compare(&model, DIME_CODE_FLASH);
    dime_model_free(&model);
}

static void test_centred(void **state) {
    (void)state;
    static const enum dime_layout layouts[] = {DIME_LAYOUT_ROWS,  DIME_LAYOUT_PARTS, DIME_LAYOUT_PARTS,
                                               DIME_LAYOUT_TABLE, DIME_LAYOUT_TABLE, DIME_LAYOUT_ROWS,
                                               DIME_LAYOUT_ROWS};
    run_network(centred, 5, RANDOM, DIME_CODE_FLASH, layouts);
    if (HAS_EXTREMES) run_network(centred, 5, EXTREME, DIME_CODE_FLASH, layouts);
}

static void test_large(void **state) {
    (void)state;
    static const enum dime_layout layouts[] = {DIME_LAYOUT_PARTS, DIME_LAYOUT_PARTS, DIME_LAYOUT_ROWS,
                                               DIME_LAYOUT_ROWS,  DIME_LAYOUT_PARTS, DIME_LAYOUT_ROWS};
    run_network(large, 10, RANDOM, DIME_CODE_FLASH, layouts);
    if (HAS_EXTREMES) run_network(large, 10, EXTREME, DIME_CODE_FLASH, layouts);
}

static void test_binary(void **state) {
    (void)state;
    run_network(binary, 10, RANDOM, DIME_CODE_RAM, NULL);
}

/* Behind maps, on the chip with a multiplier: every format of up to 4 bits, more inputs than lanes hold, odd
   numbers of inputs and outputs; and what the other kernels do there. */
static const char multiplied[] =
    "NormType: RMS\ninput_size: 12\nlayers:\n  - {type: conv2d, outputs: 7, QuantType: 8bit, NormType: "
    "None}\n"
    "  - {type: depthwise, QuantType: 8bit, NormType: None}\n  - {type: maxpool}\n"
    "  - {outputs: 45, QuantType: Ternary}\n  - {outputs: 37, QuantType: 4bitsym}\n"
    "  - {outputs: 33, QuantType: 2bitsym}\n  - {outputs: 17, QuantType: PoT3}\n"
    "  - {outputs: 16, QuantType: Binary}\n  - {outputs: 21, QuantType: 4bit}\n"
    "  - {outputs: 8, QuantType: 8bit}\n  - {QuantType: BinarySym}\n";

static void test_multiplied(void **state) {
    (void)state;
    static const enum dime_layout layouts[] = {
        DIME_LAYOUT_REFERENCE, DIME_LAYOUT_REFERENCE, DIME_LAYOUT_REFERENCE, DIME_LAYOUT_MULTIPLY,
        DIME_LAYOUT_MULTIPLY,  DIME_LAYOUT_MULTIPLY,  DIME_LAYOUT_MULTIPLY,  DIME_LAYOUT_MULTIPLY,
        DIME_LAYOUT_MULTIPLY,  DIME_LAYOUT_PARTS,     DIME_LAYOUT_MULTIPLY};
    chip_kind = dime_chip_find("v002");
    run_network(multiplied, 5, RANDOM, DIME_CODE_RAM, layouts);
    if (HAS_EXTREMES) run_network(multiplied, 5, EXTREME, DIME_CODE_FLASH, layouts);
    run_network(centred, 5, RANDOM, DIME_CODE_RAM, NULL);
    chip_kind = dime_chips;
}

/* ---- networks of any shape ---- */

/* Shapes that kernels meet at their edges: a single output, words and halves of them, 16, 32 and 64 outputs
   and one more. */
static uint32_t any_width(struct dime_random *random) {
    static const uint8_t widths[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 63, 64, 65, 80, 129};
    return widths[dime_random_below(random, sizeof widths)];
}

static void any_network(struct dime_random *random, char *text, size_t size) {
    static const char *const norms[] = {"RMS", "Lin", "LayerNorm", "BatchNorm"};
    static const char *const encodings[] = {"mean-subtracted", "unsigned", "binary", "unsigned4"};
    uint32_t side = 3 + dime_random_below(random, 18), layers = 1 + dime_random_below(random, 4);
    size_t used = (size_t)snprintf(
        text, size, "NormType: %s\ninput_encoding: %s\nactivation_bits: %u\ninput_size: %u\nlayers:\n",
        norms[dime_random_below(random, 4)], encodings[dime_random_below(random, 4)],
        2 + dime_random_below(random, 7), side);
    for (uint32_t i = 0; i < layers; i++) {
        enum dime_format_id format = (enum dime_format_id)(
            DIME_FORMAT_NONE + 1 + dime_random_below(random, DIME_FORMAT_COUNT - DIME_FORMAT_NONE - 1));
        used += (size_t)snprintf(text + used, size - used, "  - {QuantType: %s", dime_format_name(format));
        if (i + 1 < layers)
            used += (size_t)snprintf(text + used, size - used, ", outputs: %u", any_width(random));
        used += (size_t)snprintf(text + used, size - used, "}\n");
    }
}

/* Small enough for flash and RAM in every layout, code apart, which takes what room there is. */
static int is_small(const struct dime_model *model) {
    enum { MOST_WEIGHTS = 11000, MOST_ENTRIES = 140 };
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct dime_model_layer *layer = &model->layers[i];
        uint32_t bits = layer->format == DIME_FORMAT_8BIT || layer->format == DIME_FORMAT_5BITSYM ? 8 : 4;
        bytes += layer->inputs * ((layer->outputs + 7) / 8 * 8) * bits / 8;
        if (layer->outputs > MOST_ENTRIES) return 0;
    }
    return bytes <= MOST_WEIGHTS;
}

/* DIME_ROUNDS networks, from number DIME_FIRST on. */
static void test_any(void **state) {
    (void)state;
    const char *rounds = getenv("DIME_ROUNDS"), *first = getenv("DIME_FIRST");
    uint32_t start = first ? (uint32_t)atoi(first) : 0, end = start + (rounds         ? (uint32_t)atoi(rounds)
                                                                       : HAS_EXTREMES ? 4
                                                                                      : 1);
    for (uint32_t round = start; round < end; round++) {
        struct dime_random random = dime_random_stream(round, 11, 12);
        struct dime_model model;
        char text[1024];
        any_network(&random, text, sizeof text);
        enum weights weights = round % 3 == 2 ? EXTREME : RANDOM;
        make_model(&model, text, 2 + dime_random_below(&random, 16), weights);
        if (is_small(&model)) {
            print_message("network %u:\n%s", round, text);
            compare(&model, round & 1 ? DIME_CODE_RAM : DIME_CODE_FLASH);
        } else {
            end++;
        }
        dime_model_free(&model);
    }
}

static int set_up(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(int argc, char **argv) {
    struct dime_toolchain toolchain;
    if (dime_toolchain_find(&toolchain)) {
        fprintf(stderr, "%s\n", dime_error_message());
        return 77;
    }
    dime_toolchain_free(&toolchain);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_centred),    cmocka_unit_test(test_more),
                                       cmocka_unit_test(test_large),      cmocka_unit_test(test_binary),
                                       cmocka_unit_test(test_multiplied), cmocka_unit_test(test_any)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests_name("fast kernels on the simulated chip", tests, set_up, tear_down);
}
