/* SPDX-License-Identifier: MIT */
/* Inference on the simulated chip: for each weight format, and for the models named as arguments, what the
   firmware takes of the chip and how long it computes, beside the reference. Untrained networks of one shape
   stand for the formats; their pictures are those of MNIST.

   bench_chip [--markdown] [RUN|MODEL]...    the table
   DIME_SHOW=1 bench_chip RUN...              each part of these, as measured and predicted
   bench_chip --calibrate                    constants of model/chip_cost.h, as src/model/chip_costs.c */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "chip_calibrate.h"
#include "chip_models.h"
#include "chip_run.h"

enum { PICTURES = 100, SLOW_PICTURES = 6, TYPICAL = 500 };

struct bench {
    const struct dime_dataset *data;
    const char *folder;
    int markdown;
    int is_brief; /* 1: without the formats */
};

/* What one image of a network does. */
struct measurement {
    double cycles, instructions, predicted;
    uint32_t flash, ram, stack;
    char plan[200];
};

static void print_head(const struct bench *bench) {
    if (bench->markdown)
        puts("| network | cycles | predicted | off | instructions | cycles a weight | flash | RAM | stack | "
             "ms | "
             "reference | predicted | off | times "
             "|\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|");
    else
        printf("%-22s %8s %9s %6s %8s %7s %6s %5s %5s %6s %9s %9s %6s %6s\n", "", "cycles", "predicted",
               "off %", "instr.", "/weight", "flash", "RAM", "stack", "ms", "reference", "predicted", "off %",
               "times");
}

/* How far a prediction is off, in percent; empty where there is none. */
static const char *off_text(const struct measurement *measurement, char text[32]) {
    text[0] = 0;
    if (measurement->cycles > 0 && measurement->predicted > 0)
        snprintf(text, 32, "%+.1f", 100 * (measurement->predicted / measurement->cycles - 1));
    return text;
}

/* A number, or nothing for 0. */
static const char *number_text(double number, int digits, char text[32]) {
    text[0] = 0;
    if (number > 0) snprintf(text, 32, "%.*f", digits, number);
    return text;
}

static void print_row(const struct bench *bench, const char *name, double weights,
                      const struct measurement *fast, const struct measurement *reference) {
    char off[2][32], cycles[2][32], predicted[2][32], times[32];
    const char *line = bench->markdown
                           ? "| %s | %s | %s | %s | %.0f | %.2f | %u | %u | %u | %.2f | %s | %s | %s | %s |\n"
                           : "%-22.22s %8s %9s %6s %8.0f %7.2f %6u %5u %5u %6.2f %9s %9s %6s %6s\n";
    printf(line, name, number_text(fast->cycles, 0, cycles[0]), number_text(fast->predicted, 0, predicted[0]),
           off_text(fast, off[0]), fast->instructions, fast->cycles / weights, fast->flash, fast->ram,
           fast->stack, fast->cycles / 48000, number_text(reference->cycles, 0, cycles[1]),
           number_text(reference->predicted, 0, predicted[1]), off_text(reference, off[1]),
           number_text(fast->cycles > 0 ? reference->cycles / fast->cycles : 0, 1, times));
    if (!bench->markdown) printf("  %s\n", fast->plan);
    fflush(stdout);
}

static void add_images(const struct chip_image *images, uint32_t count, struct measurement *measurement) {
    for (uint32_t i = 0; i < count; i++) {
        measurement->cycles += images[i].cycles / (double)count;
        measurement->instructions += images[i].instructions / (double)count;
    }
}

/* DIME_SHOW=1: each part as measured and predicted. */
static void show_parts(const struct dime_model *model, const struct dime_activity *activity,
                       const struct dime_chip_build *build, const struct chip_image *images, uint32_t count) {
    struct dime_chip_part parts[DIME_CHIP_MOST_PARTS];
    uint32_t part_count = dime_chip_parts(model, activity, build, parts);
    for (uint32_t i = 0; i + 1 < part_count && i < images[0].part_count; i++) {
        double measured = 0;
        for (uint32_t image = 0; image < count; image++) measured += images[image].parts[i] / (double)count;
        fprintf(stderr, "  part %u, kernel %u: %.0f cycles, predicted %.0f\n", i, parts[i].kernel, measured,
                dime_chip_part_cycles(&parts[i], build));
    }
}

static int predict(const struct bench *bench, const struct dime_model *model,
                   const struct dime_firmware_report *report, const struct chip_image *images, uint32_t count,
                   double *cycles) {
    struct dime_activity activity;
    const struct dime_chip_build build = dime_firmware_cost_build(report);
    uint8_t *grey = chip_pictures(bench->data, model, 0, TYPICAL);
    int8_t *encoded = grey ? chip_encoded(model, grey, TYPICAL) : NULL;
    int code = encoded ? dime_activity_count(model, encoded, TYPICAL, &activity)
                       : dime_error_set(DIME_ERROR_MEMORY, "out of memory for pictures");
    if (!code) *cycles = dime_chip_cycles(model, &activity, &build, 1);
    if (!code && getenv("DIME_SHOW")) show_parts(model, &activity, &build, images, count);
    free(encoded);
    free(grey);
    return code;
}

static int measure(const struct bench *bench, const struct dime_model *model, enum dime_kernels kernels,
                   uint32_t pictures, struct measurement *measurement) {
    const struct dime_firmware_settings what = {.kernels = kernels, .code = DIME_CODE_AUTO};
    struct dime_firmware_report report;
    struct chip_image images[PICTURES];
    *measurement = (struct measurement){0};
    int code = chip_build(bench->folder, model, &what, &report);
    measurement->flash = report.flash_bytes;
    measurement->ram = report.ram_bytes;
    measurement->stack = report.stack.bytes;
    if (code && report.flash_bytes) {
        snprintf(measurement->plan, sizeof measurement->plan, "%.190s", dime_error_message());
        code = 0;
    } else if (!code) {
        uint8_t *grey = chip_pictures(bench->data, model, 0, pictures);
        dime_firmware_plan_text(&report.candidates[report.candidate_count - 1], measurement->plan,
                                sizeof measurement->plan);
        code = grey ? chip_run(report.elf, grey, dime_model_input_count(model), pictures, images)
                    : dime_error_set(DIME_ERROR_MEMORY, "out of memory for pictures");
        if (!code) add_images(images, pictures, measurement);
        if (!code) code = predict(bench, model, &report, images, pictures, &measurement->predicted);
        free(grey);
    }
    dime_firmware_report_free(&report);
    return code;
}

static double count_weights(const struct dime_model *model) {
    double weights = 0;
    for (uint32_t i = 0; i < model->layer_count; i++)
        weights += (double)model->layers[i].inputs * model->layers[i].outputs;
    return weights;
}

static int bench_model(const struct bench *bench, const char *name, const struct dime_model *model) {
    struct measurement fast, reference;
    int code = measure(bench, model, DIME_KERNELS_AUTO, PICTURES, &fast);
    if (!code) code = measure(bench, model, DIME_KERNELS_REFERENCE, SLOW_PICTURES, &reference);
    if (!code) print_row(bench, name, count_weights(model), &fast, &reference);
    return code;
}

static int bench_format(const struct bench *bench, enum dime_format_id format) {
    struct dime_model model;
    char text[256], name[64];
    snprintf(
        text, sizeof text,
        "input_size: 16\ninput_encoding: unsigned\nQuantType: %s\nlayers: [{outputs: 32}, {outputs: 32}, "
        "{}]\n",
        dime_format_name(format));
    snprintf(name, sizeof name, "256-32-32-10 %s", dime_format_name(format));
    int code = chip_random_model(text, &model);
    if (code) return code;
    code = bench_model(bench, name, &model);
    dime_model_free(&model);
    return code;
}

static int bench_path(const struct bench *bench, const char *path) {
    struct dime_model model;
    int code = dime_model_read(path, &model);
    if (code) return code;
    char *name = dime_model_name_of_path(path);
    code = bench_model(bench, name ? name : path, &model);
    free(name);
    dime_model_free(&model);
    return code;
}

static int print_table(struct bench *bench, char **paths, int count) {
    int code = 0, first = count > 0 && strcmp(paths[0], "--markdown") == 0;
    bench->markdown = first;
    bench->is_brief = getenv("DIME_SHOW") != NULL && count > first;
    printf(
        "The firmware \"testset\" on the simulated CH32V003 at 48 MHz: means of %d pictures of MNIST's test\n"
        "set, from grey levels to the digit; the reference of %d. Formats: untrained weights.\n\n",
        PICTURES, SLOW_PICTURES);
    print_head(bench);
    for (int format = DIME_FORMAT_NONE + 1; !code && !bench->is_brief && format < DIME_FORMAT_COUNT; format++)
        code = bench_format(bench, (enum dime_format_id)format);
    for (int i = first; !code && i < count; i++) code = bench_path(bench, paths[i]);
    return code;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place) {
    (void)status, (void)type, (void)place;
    return remove(path);
}

int main(int argc, char **argv) {
    struct dime_dataset_pair mnist;
    char folder[] = "/tmp/dime-bench-chip.XXXXXX";
    int is_calibration = argc == 2 && strcmp(argv[1], "--calibrate") == 0;
    if (!mkdtemp(folder)) {
        perror(folder);
        return 1;
    }
    int code = dime_dataset_open("mnist", NULL, &mnist);
    if (!code) {
        struct bench bench = {.data = &mnist.test, .folder = folder};
        code = is_calibration ? chip_calibrate(folder, &mnist.test, stdout)
                              : print_table(&bench, argv + 1, argc - 1);
        dime_dataset_close(&mnist);
    }
    if (code) fprintf(stderr, "bench_chip: %s\n", dime_error_message());
    nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return code != 0;
}
