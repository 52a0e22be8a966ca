/* SPDX-License-Identifier: MIT */
/* Epochs of training on synthetic pictures of MNIST's size, with and without augmentation, against the
   processor's peak and against plain PyTorch, both measured in the same run. `bench_train NETWORK` takes one
   network only. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/team.h"
#include "bench.h"
#include "train/kernels.h"
#include "train/trainer.h"

enum { PICTURES = 20000, SIDE = 28 };
static const double SECONDS = 2;

/* A network and what makes bench/torch_baseline.py build the same. */
struct network {
    const char *name, *config, *torch;
};

static const char cnn[] =
    "model: CNNMNIST\ncnn_width: 64\nnetwork_width1: 96\nnetwork_width2: 64\nnetwork_width3: 0\n";
static const struct network networks[] = {
    {"seed-16x16", "configs/seed-16x16.yaml", "--inputs 16 --widths 64,64,64 --batch 128"},
    {"seed-28x28", "configs/seed-28x28.yaml", "--inputs 28 --widths 16,16 --batch 128"},
    {"fc-12k", "configs/fc-12k.yaml", "--inputs 16 --widths 64,64,64 --batch 64"},
    {"cnn-64", NULL, "--network cnn --inputs 16 --channels 64 --widths 96,64 --batch 128"},
};

/* ---- the machine's peak ---- */

/* A product whose operands stay in the first cache; each member of a team has its own. */
enum { ROWS = 96, COLUMNS = 32, DEPTH = 128, PRODUCTS = 200 };
static const double PRODUCT_FLOP = 2.0 * ROWS * COLUMNS * DEPTH * PRODUCTS;

static void multiply(void *context, struct dime_team *team, uint32_t member) {
    float *a = (float *)context + (size_t)member * (ROWS * DEPTH + DEPTH * COLUMNS + ROWS * COLUMNS);
    float *b = a + ROWS * DEPTH, *c = b + DEPTH * COLUMNS;
    struct dime_product product = {ROWS, COLUMNS, DEPTH, a, DEPTH, 1, b, COLUMNS, c, COLUMNS};
    dime_team_barrier(team);
    for (uint32_t i = 0; i < PRODUCTS; i++) dime_kernels_get()->product(&product);
}

/* Of all threads of this program. On a busy machine only it can be compared. */
static double processor_seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Work a second, and work a second of processor time. */
struct speed {
    double wall, processor;
};

static void keep_best(struct speed *best, double work, double wall, double processor) {
    best->wall = fmax(best->wall, work / wall);
    best->processor = fmax(best->processor, work / processor);
}

/* Floating-point operations a second of `threads` threads, the best of many tries. */
static struct speed measure_peak(uint32_t threads) {
    size_t floats = (size_t)threads * (ROWS * DEPTH + DEPTH * COLUMNS + ROWS * COLUMNS);
    float *memory = calloc(floats, sizeof *memory);
    struct speed best = {0};
    double started = bench_now();
    if (!memory) exit(1);
    while (bench_now() - started < SECONDS / 2) {
        double begin = bench_now(), spent = processor_seconds();
        dime_team_run(threads, multiply, memory);
        keep_best(&best, PRODUCT_FLOP * threads, bench_now() - begin, processor_seconds() - spent);
    }
    free(memory);
    return best;
}

/* ---- PyTorch ---- */

/* Images a second on one thread or on all, whichever is faster; 0 where there is no PyTorch. */
static double run_torch(const struct network *network, uint32_t threads) {
    double best = 0;
    for (uint32_t t = 1; t <= threads; t += threads > 1 ? threads - 1 : 1) {
        char command[512], line[64] = "";
        snprintf(command, sizeof command,
                 "env -u OPENBLAS_NUM_THREADS -u OPENBLAS_CORETYPE /usr/bin/python3 bench/torch_baseline.py "
                 "--threads %u --seconds %.0f %s 2>/dev/null",
                 t, SECONDS, network->torch);
        FILE *answer = popen(command, "r");
        if (!answer) return 0;
        double speed = fgets(line, sizeof line, answer) ? strtod(line, NULL) : 0;
        if (pclose(answer) == 0 && speed > best) best = speed;
    }
    return best;
}

/* ---- dime ---- */

static void must(int code) {
    if (code == DIME_OK) return;
    fprintf(stderr, "bench_train: %s\n", dime_error_message());
    exit(1);
}

static void read_config(const struct network *network, int augmentation, struct dime_config *config) {
    const char *set[] = {augmentation ? "augmentation=True" : "augmentation=False", "validation_size=0"};
    if (network->config)
        must(dime_config_read(network->config, set, 2, config));
    else
        must(dime_config_parse("cnn-64", cnn, sizeof cnn - 1, config));
    must(dime_config_set(config, set, 2));
}

/* Multiplications and additions that training one image takes in all products: forwards, the gradient of the
   weights, and, behind the first layer, that of the inputs. */
static double count_flop(const struct dime_config *config) {
    struct dime_model model;
    double flop = 0;
    must(dime_model_create(&model, config, 10));
    for (uint32_t i = 0; i < model.layer_count; i++) {
        const struct dime_model_layer *layer = &model.layers[i];
        double places =
            layer->shape.kind == DIME_LAYER_FC ? 1 : layer->shape.out_height * layer->shape.out_width;
        flop += (i ? 6.0 : 4.0) * layer->inputs * layer->outputs * places;
    }
    dime_model_free(&model);
    return flop;
}

/* Images a second, the best epoch of some seconds. */
static struct speed run_epochs(struct dime_trainer *trainer) {
    struct dime_epoch_report report;
    struct speed best = {0};
    double started = bench_now();
    must(dime_trainer_epoch(trainer, NULL, &report)); /* warms caches up */
    do {
        double spent = processor_seconds();
        must(dime_trainer_epoch(trainer, NULL, &report));
        keep_best(&best, report.images_per_second * report.seconds, report.seconds,
                  processor_seconds() - spent);
    } while (bench_now() - started < SECONDS);
    return best;
}

static void print_phases(const struct dime_trainer *trainer) {
    static const char *const names[DIME_PHASE_COUNT] = {"products",  "normalisation", "quantization", "input",
                                                        "optimizer", "convolutions",  "teachers"};
    struct dime_phases phases = dime_trainer_phases(trainer);
    double total = 0;
    for (int i = 0; i < DIME_PHASE_COUNT; i++) total += (double)phases.ticks[i];
    printf("    time:");
    for (int i = 0; i < DIME_PHASE_COUNT; i++)
        if (phases.ticks[i]) printf(" %s %.0f %%", names[i], 100 * (double)phases.ticks[i] / total);
    printf("\n");
}

static struct speed bench_one(const struct network *network, const struct dime_dataset *dataset,
                              int augmentation, uint32_t threads, const struct speed *peak) {
    struct dime_config config;
    struct dime_trainer *trainer;
    read_config(network, augmentation, &config);
    if (dime_trainer_create(&trainer, &config, dataset, threads)) {
        printf("  %s: not trained: %s\n", network->name, dime_error_message());
        return (struct speed){0};
    }
    struct speed speed = run_epochs(trainer);
    double flop = count_flop(&config);
    printf("  %-11s %-8s %10.0f images/s %7.1f GFLOP/s %5.1f %% of peak; by processor time %8.0f a core, "
           "%.1f %%\n",
           network->name, augmentation ? "augment" : "plain", speed.wall, flop * speed.wall / 1e9,
           100 * flop * speed.wall / peak->wall, speed.processor,
           100 * flop * speed.processor / peak->processor);
    print_phases(trainer);
    fflush(stdout);
    dime_trainer_free(trainer);
    return speed;
}

static void bench_network(const struct network *network, const struct dime_dataset *dataset, uint32_t threads,
                          const struct speed *peak) {
    struct speed plain = bench_one(network, dataset, 0, threads, peak);
    struct speed augmented = bench_one(network, dataset, 1, threads, peak);
    if (plain.wall == 0 || augmented.wall == 0) return;
    double torch = run_torch(network, threads);
    struct speed again = bench_one(network, dataset, 0, threads, peak); /* either side of the other's turn */
    plain = (struct speed){fmax(plain.wall, again.wall), fmax(plain.processor, again.processor)};
    printf("  %-11s with augmentation, of the speed without: %.0f %%, by processor time %.0f %%\n",
           network->name, 100 * augmented.wall / plain.wall, 100 * augmented.processor / plain.processor);
    if (torch > 0)
        printf("  %-11s PyTorch %.0f images/s without augmentation: dime is %.1f times as fast\n",
               network->name, torch, plain.wall / torch);
    else
        printf("  %-11s no PyTorch here (python3-torch): nothing to compare with\n", network->name);
}

/* ---- */

int main(int argc, char **argv) {
    uint8_t *pixels = bench_random_bytes(1, (uint64_t)PICTURES * SIDE * SIDE);
    uint8_t *labels = bench_random_bytes(2, PICTURES);
    for (int i = 0; i < PICTURES; i++) labels[i] %= 10;
    struct dime_dataset dataset = {PICTURES, SIDE, SIDE, 10, pixels, labels};
    uint32_t threads = dime_processor_count();
    struct speed peak = measure_peak(threads);
    printf("kernels: %s; peak of a blocked product on %u thread%s: %.1f GFLOP/s\n", dime_kernels_get()->name,
           threads, threads > 1 ? "s" : "", peak.wall / 1e9);
    for (size_t i = 0; i < sizeof networks / sizeof *networks; i++)
        if (argc < 2 || strcmp(argv[1], networks[i].name) == 0)
            bench_network(&networks[i], &dataset, threads, &peak);
    free(pixels);
    free(labels);
    return 0;
}
