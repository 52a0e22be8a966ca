/* SPDX-License-Identifier: MIT */
/* The simulated chip's speed on the program that it exists for: one inference of the linked demo firmware,
   from the call of the network to its return, and Unicorn's on the same instructions from the same state. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/random.h"
#include "bench.h"
#include "firmware/build.h"
#include "firmware/toolchain.h"
#include "sim/chip.h"
#include "sim/symbols.h"
#include "unicorn.h"

enum { RAM = 2048, PC = 32, RA = 1, IMAGES = 1, PIXELS = 256 };
#define ENTRY "dime_network_infer"

/* The chip's state where the network is called, and how many instructions it is from there to the return. */
struct inference {
    struct sim_chip *chip;
    struct bench_unicorn *unicorn;
    uint32_t registers[PC + 1];
    uint8_t ram[RAM];
    uint64_t instructions;
};

static void must(int code) {
    if (code == DIME_OK) return;
    fprintf(stderr, "bench_sim_firmware: %s\n", dime_error_message());
    exit(1);
}

static void fill_values(struct dime_model *model) {
    struct dime_random random = {3};
    for (uint32_t l = 0; l < model->layer_count; l++) {
        const struct dime_format *format = dime_format_get(model->layers[l].format);
        for (uint32_t i = 0; i < model->layers[l].inputs * model->layers[l].outputs; i++)
            model->layers[l].value[i] = format->value(dime_random_below(&random, format->codes));
    }
}

/* 256-64-64-64-10 in 4bitsym with random weights, as ELF. */
static void build(const char *elf, int code_in_ram) {
    struct dime_config config;
    struct dime_model model;
    struct dime_firmware_report report;
    uint8_t *grey = bench_random_bytes(1, IMAGES * PIXELS), label[IMAGES] = {0};
    dime_config_default(&config);
    must(dime_model_create(&model, &config, 10));
    fill_values(&model);
    const struct dime_export_pictures pictures = {
        .count = IMAGES, .grey = grey, .labels = label, .source = "random numbers"};
    const struct dime_firmware_settings settings = {.app = dime_firmware_app_find("demo"),
                                                    .model = &model,
                                                    .model_name = "bench",
                                                    .pictures = &pictures,
                                                    .elf = elf,
                                                    .baud = 115200,
                                                    .kernels = DIME_KERNELS_REFERENCE,
                                                    .code = code_in_ram ? DIME_CODE_RAM : DIME_CODE_FLASH,
                                                    .once = 1};
    must(dime_firmware_build(&settings, &report));
    dime_firmware_report_free(&report);
    dime_model_free(&model);
    free(grey);
}

static void run_to(struct sim_chip *chip, uint32_t address) {
    const struct sim_limits limits = {UINT64_MAX, UINT64_MAX};
    must(sim_chip_break_add(chip, address));
    if (sim_chip_run(chip, &limits) != SIM_STOP_BREAKPOINT) {
        fputs("bench_sim_firmware: the firmware never came to " ENTRY "\n", stderr);
        exit(1);
    }
    sim_chip_break_remove(chip, address);
}

static void find_inference(struct inference *inference, const char *elf) {
    struct sim_chip *chip;
    must(sim_ch32v003_create(&chip, NULL));
    must(sim_chip_load_file(chip, elf));
    sim_chip_reset(chip);
    const struct sim_symbol *entry = sim_symbols_named(sim_chip_symbols(chip), ENTRY);
    if (!entry) {
        fputs("bench_sim_firmware: the firmware has no symbol " ENTRY "\n", stderr);
        exit(1);
    }
    run_to(chip, entry->address);
    for (uint32_t i = 0; i < 16; i++) inference->registers[i] = sim_chip_register(chip, i);
    inference->registers[PC] = sim_chip_register(chip, PC);
    if (sim_chip_peek(chip, SIM_RAM_BASE, inference->ram, RAM) != RAM) abort();
    const uint64_t before = sim_chip_instructions(chip);
    run_to(chip, inference->registers[RA]);
    inference->instructions = sim_chip_instructions(chip) - before;
    inference->chip = chip;
}

static void run_chip(void *context) {
    struct inference *inference = context;
    struct sim_chip *chip = inference->chip;
    if (sim_chip_poke(chip, SIM_RAM_BASE, inference->ram, RAM) != RAM) abort();
    for (uint32_t i = 1; i < 16; i++) sim_chip_set_register(chip, i, inference->registers[i]);
    sim_chip_set_register(chip, PC, inference->registers[PC]);
    const struct sim_limits limits = {UINT64_MAX, sim_chip_instructions(chip) + inference->instructions};
    if (sim_chip_run(chip, &limits) != SIM_STOP_CYCLES) abort();
}

static void run_unicorn(void *context) {
    struct inference *inference = context;
    bench_unicorn_set(inference->unicorn, inference->ram, RAM, inference->registers);
    bench_unicorn_run(inference->unicorn, inference->registers[PC], inference->registers[RA]);
}

static void bench(const char *title, const char *elf, int code_in_ram) {
    struct inference inference = {0};
    build(elf, code_in_ram);
    find_inference(&inference, elf);
    const double work = (double)inference.instructions / 1e6;
    printf("  one inference of the linked demo firmware, %s\n", title);
    double seconds =
        bench_run("simulated chip, all cycles counted", run_chip, &inference, work, "M instructions");
    inference.unicorn = bench_unicorn_create(sim_chip_flash(inference.chip));
    if (inference.unicorn) {
        double theirs =
            bench_run("unicorn, hook on each block", run_unicorn, &inference, work, "M instructions");
        bench_ratio("unicorn", theirs, seconds);
        bench_unicorn_free(inference.unicorn);
    }
    sim_chip_free(inference.chip);
}

int main(void) {
    char folder[] = "/tmp/dime-bench.XXXXXX", elf[64], command[64];
    struct dime_toolchain toolchain;
    if (dime_toolchain_find(&toolchain)) {
        printf("  skipped: %s\n", dime_error_message());
        return 0;
    }
    dime_toolchain_free(&toolchain);
    if (!mkdtemp(folder)) return 1;
    snprintf(elf, sizeof elf, "%s/demo.elf", folder);
    bench("code in flash", elf, 0);
    bench("code in RAM", elf, 1);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0;
}
