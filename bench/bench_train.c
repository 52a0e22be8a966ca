/* SPDX-License-Identifier: MIT */
/* One epoch of training on synthetic pictures of MNIST's size, with and without augmentation, on one and on
   all processors; the blocked product against the plain loop that is its oracle. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/team.h"
#include "bench.h"
#include "train/kernels.h"
#include "train/trainer.h"

enum { PICTURES = 20000, SIDE = 28, ROWS = 32, COLUMNS = 64, DEPTH = 256 };

static void must(int code) {
    if (code == DIME_OK) return;
    fprintf(stderr, "bench_train: %s\n", dime_error_message());
    exit(1);
}

static void train_epoch(void *context) {
    struct dime_epoch_report report;
    must(dime_trainer_epoch(context, NULL, &report));
}

static double time_epoch(const struct dime_dataset *dataset, int augmentation, uint32_t threads) {
    struct dime_config config;
    struct dime_trainer *trainer;
    char name[80];
    dime_config_default(&config);
    config.validation_size = 0;
    config.augmentation = augmentation;
    must(dime_trainer_create(&trainer, &config, dataset, threads));
    snprintf(name, sizeof name, "64-64-64, %s augmentation, %u thread%s", augmentation ? "with" : "without",
             threads, threads > 1 ? "s" : "");
    double seconds = bench_run(name, train_epoch, trainer, PICTURES * (augmentation ? 2 : 1), "images");
    dime_trainer_free(trainer);
    return seconds;
}

static void bench_epochs(void) {
    uint8_t *pixels = bench_random_bytes(1, (uint64_t)PICTURES * SIDE * SIDE);
    uint8_t *labels = bench_random_bytes(2, PICTURES);
    for (int i = 0; i < PICTURES; i++) labels[i] %= 10;
    struct dime_dataset dataset = {PICTURES, SIDE, SIDE, 10, pixels, labels};
    double plain = time_epoch(&dataset, 0, 1), augmented = time_epoch(&dataset, 1, 1);
    bench_ratio("images/s with augmentation, against without", plain, augmented / 2);
    uint32_t threads = dime_processor_count();
    if (threads > 1) {
        bench_ratio("all threads against one, without augmentation", plain, time_epoch(&dataset, 0, threads));
        bench_ratio("all threads against one, with augmentation", augmented,
                    time_epoch(&dataset, 1, threads));
    }
    free(pixels);
    free(labels);
}

static void run_product(void *context) {
    const struct dime_product *product = context;
    dime_kernels_get()->product(product);
    bench_use(product->c);
}

static void run_naive(void *context) {
    const struct dime_product *product = context;
    dime_product_naive(product);
    bench_use(product->c);
}

static void bench_products(void) {
    static float a[ROWS * DEPTH], b[DEPTH * COLUMNS], c[ROWS * COLUMNS];
    struct dime_product product = {ROWS, COLUMNS, DEPTH, a, DEPTH, 1, b, COLUMNS, c, COLUMNS};
    double operations = 2.0 * ROWS * COLUMNS * DEPTH;
    double naive = bench_run("product 32x256x64, plain loop", run_naive, &product, operations, "flop");
    double blocked = bench_run("product 32x256x64, blocked", run_product, &product, operations, "flop");
    bench_ratio("plain loop", naive, blocked);
}

int main(void) {
    printf("kernels: %s\n", dime_kernels_get()->name);
    bench_products();
    bench_epochs();
    return 0;
}
