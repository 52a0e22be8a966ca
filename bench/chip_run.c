/* SPDX-License-Identifier: MIT */
#include "chip_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "sim/chip.h"
#include "sim/symbols.h"

enum { BAUD = 460800, READY = 0x7F, PICTURE = 0xA5, ANSWER_BYTES = 5, RA = 1 };
#define MOST_CYCLES (UINT64_C(48) * 1000 * 1000 * 1000)

/* Functions that do a part of an inference. One that another one calls belongs to that. */
static const char *const part_functions[] = {
    "dime_rows_run",      "dime_parts_run",          "dime_code_run",   "dime_flags_run",
    "dime_products_run",  "dime_conv_lookup_run",    "dime_planes_run", "dime_conv_planes_run",
    "dime_table_run",     "dime_slices_run",         "dime_layer_sums", "dime_conv_pairs_run",
    "dime_conv_wide_run", "dime_conv_reference_run", "dime_stage_run",  "dime_conv_written_run"};
enum { PART_FUNCTIONS = sizeof part_functions / sizeof *part_functions, MOST_ENTRIES = 32 };

/* The far end of the serial line, as firmware/testset/testset.c describes it, and what watches the chip. */
struct bench {
    struct sim_chip *chip;
    const uint8_t *grey; /* of the picture that is sent next */
    uint32_t inputs, left;
    uint32_t at; /* bytes of the picture sent, from the PICTURE byte; inputs + 1: all */
    uint8_t answer[ANSWER_BYTES];
    uint32_t heard;
    struct chip_image *image;

    uint32_t entries[MOST_ENTRIES], entry_count; /* where parts begin */
    uint32_t infer;
    uint32_t part_end, infer_end; /* where the present ones return to; 0: none */
    uint64_t part_cycles;
};

static int supply(void *context, uint64_t cycle) {
    struct bench *bench = context;
    (void)cycle;
    if (bench->at > bench->inputs) return -1;
    uint32_t at = bench->at++;
    return at == 0 ? PICTURE : bench->grey[at - 1];
}

static void take_answer(struct bench *bench) {
    for (int i = ANSWER_BYTES - 1; i > 0; i--)
        bench->image->cycles = bench->image->cycles << 7 | (bench->answer[i] & 0x7Fu);
    bench->image->class = bench->answer[0];
    bench->image++;
    bench->heard = 0;
    bench->grey += bench->inputs;
}

static void hear(void *context, uint64_t cycle, enum sim_channel channel, uint8_t byte) {
    struct bench *bench = context;
    (void)cycle;
    if (channel != SIM_CHANNEL_UART) return;
    if (bench->heard || byte != READY) {
        bench->answer[bench->heard++] = byte;
        if (bench->heard == ANSWER_BYTES) take_answer(bench);
    } else if (bench->left) {
        bench->left--;
        bench->at = 0;
    } else {
        sim_chip_stop(bench->chip);
    }
}

/* ---- the parts ---- */

static int is_entry(const struct bench *bench, uint32_t pc) {
    for (uint32_t i = 0; i < bench->entry_count; i++)
        if (bench->entries[i] == pc) return 1;
    return 0;
}

static void before(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction) {
    struct bench *bench = context;
    (void)instruction;
    if (bench->part_end && pc == bench->part_end) {
        struct chip_image *image = bench->image;
        if (image->part_count < DIME_CHIP_MOST_PARTS)
            image->parts[image->part_count++] = (uint32_t)bench->part_cycles;
        bench->part_end = 0;
    }
    if (pc == bench->infer_end) bench->infer_end = 0;
    if (pc == bench->infer) bench->infer_end = sim_chip_register(chip, RA);
    if (!bench->part_end && is_entry(bench, pc)) {
        bench->part_end = sim_chip_register(chip, RA);
        bench->part_cycles = 0;
    }
}

static void after(void *context, struct sim_chip *chip, uint32_t pc, uint32_t instruction, uint64_t cycles) {
    struct bench *bench = context;
    (void)chip, (void)pc, (void)instruction;
    bench->part_cycles += cycles;
    if (bench->part_end || bench->infer_end) bench->image->instructions++;
}

static int is_part(const char *name) {
    if (strncmp(name, "dime_encode", strlen("dime_encode")) == 0) return 1;
    for (size_t i = 0; i < PART_FUNCTIONS; i++)
        if (strcmp(name, part_functions[i]) == 0) return 1;
    return 0;
}

static void find_entries(struct bench *bench) {
    const struct sim_symbols *symbols = sim_chip_symbols(bench->chip);
    for (size_t i = 0; i < symbols->count; i++) {
        const struct sim_symbol *symbol = &symbols->list[i];
        if (symbol->function && is_part(symbol->name) && bench->entry_count < MOST_ENTRIES)
            bench->entries[bench->entry_count++] = symbol->address;
        if (strcmp(symbol->name, "dime_network_infer") == 0) bench->infer = symbol->address;
    }
}

int chip_run(const char *elf, const uint8_t *grey, uint32_t inputs, uint32_t count,
             struct chip_image *images) {
    struct bench bench = {.grey = grey, .inputs = inputs, .left = count, .at = inputs + 1, .image = images};
    memset(images, 0, count * sizeof *images);
    int code = sim_ch32v003_create(&bench.chip, NULL);
    if (code) return code;
    code = sim_chip_load_file(bench.chip, elf);
    if (!code) code = sim_chip_byte_listen(bench.chip, hear, &bench);
    if (!code) {
        const struct sim_limits limits = {MOST_CYCLES, UINT64_MAX};
        const struct sim_observer observer = {&bench, before, after, NULL};
        find_entries(&bench);
        sim_chip_byte_source(bench.chip, SIM_CHANNEL_UART, supply, &bench);
        sim_chip_observe(bench.chip, &observer);
        sim_chip_reset(bench.chip);
        enum sim_stop stop = sim_chip_run(bench.chip, &limits);
        if (bench.image != images + count)
            code = dime_error_set(DIME_ERROR_UNSUPPORTED, "the simulated chip stopped (%s) after %u pictures",
                                  sim_stop_name(stop), (unsigned)(bench.image - images));
    }
    sim_chip_free(bench.chip);
    return code;
}

int chip_build(const char *folder, const struct dime_model *model, const struct dime_firmware_settings *what,
               struct dime_firmware_report *report) {
    struct dime_firmware_settings settings = *what;
    char *elf = dime_path_join(folder, "image.elf");
    if (!elf) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a firmware");
    settings.app = dime_firmware_app_find("testset");
    settings.model = model;
    settings.model_name = "model";
    settings.elf = elf;
    settings.baud = BAUD;
    int code = dime_firmware_build(&settings, report);
    free(elf);
    return code;
}
