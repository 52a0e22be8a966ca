/* SPDX-License-Identifier: MIT */
#include "cli/chip_facts.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/firmware_image.h"
#include "sim/chip.h"

#define APP "testset"
enum { BAUD = 460800, READY = 0x7F, PICTURE = 0xA5, ANSWER_BYTES = 5 };
/* More than the slowest network that fits would need for a picture: ends a program that hangs. */
#define MOST_CYCLES (UINT64_C(4800) * 1000 * 1000)

/* The far end of the serial line, as firmware/testset/testset.c describes it. */
struct far_end {
    struct sim_chip *chip;
    const uint8_t *grey; /* of the picture that is sent next */
    uint32_t size, left, answered;
    uint32_t at; /* bytes of the picture sent, from the PICTURE byte; size + 1: all */
    uint8_t answer[ANSWER_BYTES];
    uint32_t heard;
    uint64_t cycles; /* sum */
};

static int supply(void *context, uint64_t cycle) {
    struct far_end *end = context;
    (void)cycle;
    if (end->at > end->size) return -1;
    uint32_t at = end->at++;
    return at == 0 ? PICTURE : end->grey[at - 1];
}

static void take_answer(struct far_end *end) {
    uint32_t cycles = 0;
    for (int i = ANSWER_BYTES - 1; i > 0; i--) cycles = cycles << 7 | (end->answer[i] & 0x7Fu);
    end->cycles += cycles;
    end->answered++;
    end->heard = 0;
    end->grey += end->size;
}

static void hear(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    struct far_end *end = context;
    (void)cycle;
    if (channel != SIM_CHANNEL_UART) return;
    if (end->heard == 0 && byte == READY) {
        if (end->left == 0) {
            sim_chip_stop(end->chip);
        } else {
            end->left--;
            end->at = 0;
        }
        return;
    }
    end->answer[end->heard++] = byte;
    if (end->heard == ANSWER_BYTES) take_answer(end);
}

static int run_pictures(const struct cli_firmware_image *image, struct far_end *end) {
    uint32_t wanted = end->left;
    int code = sim_ch32v003_create(&end->chip, NULL);
    if (code) return code;
    code = sim_chip_load_elf(end->chip, APP, image->elf, image->size);
    if (!code) code = sim_chip_byte_listen(end->chip, hear, end);
    if (!code) {
        const struct sim_limits limits = {MOST_CYCLES, UINT64_MAX};
        sim_chip_byte_source(end->chip, SIM_CHANNEL_UART, supply, end);
        sim_chip_reset(end->chip);
        enum sim_stop stop = sim_chip_run(end->chip, &limits);
        if (end->answered != wanted)
            code = dime_error_set(DIME_ERROR_UNSUPPORTED,
                                  "the simulated chip stopped (%s) after %u of %u pictures",
                                  sim_stop_name(stop), end->answered, wanted);
    }
    sim_chip_free(end->chip);
    return code;
}

static int measure(const struct dime_model *model, const uint8_t *grey, uint32_t count,
                   struct dime_chip_facts *facts) {
    struct cli_firmware_image image;
    uint32_t inputs = dime_model_input_count(model);
    struct far_end end = {.grey = grey, .size = inputs, .left = count, .at = inputs + 1};
    int code = cli_firmware_image_build(model, APP, BAUD, &image);
    facts->flash_bytes = image.flash_bytes;
    facts->ram_bytes = image.ram_bytes;
    facts->stack_bytes = image.stack_bytes;
    facts->has_size = image.flash_bytes > 0;
    if (!code) code = run_pictures(&image, &end);
    cli_firmware_image_free(&image);
    if (code) return code;
    facts->cycles = end.cycles / count;
    facts->has_cycles = 1;
    return 0;
}

void cli_chip_measure(const struct dime_model *model, const uint8_t *grey, uint32_t count,
                      struct dime_chip_facts *facts) {
    memset(facts, 0, sizeof *facts);
    if (count > CLI_CHIP_PICTURES) count = CLI_CHIP_PICTURES;
    if (measure(model, grey, count, facts))
        snprintf(facts->origin, sizeof facts->origin, "%s", dime_error_message());
    else
        snprintf(facts->origin, sizeof facts->origin,
                 "Measured: the firmware \"" APP
                 "\" with this network was built, and read %u pictures on the "
                 "simulated CH32V003",
                 count);
}
