/* SPDX-License-Identifier: MIT */
/* Measures the constants of model/chip_cost.h. */
#ifndef BENCH_CHIP_CALIBRATE_H
#define BENCH_CHIP_CALIBRATE_H

#include <stdint.h>
#include <stdio.h>

#include "data/dataset.h"

/* Networks whose layers are of many shapes and formats, so that the units of work can be told apart. */
struct chip_network {
    int kernels; /* 0: the reference, 1: fast, 2: compact */
    const char *text;
};
extern const struct chip_network chip_networks[];
extern const uint32_t chip_network_count;

/* Runs networks with random weights on the simulated chip, built in every way, on pictures of `data`, fits
   the costs of each kernel's work to the cycles of its layers, and prints chip_costs.c. What it did goes to
   stderr. Errors: of building and running. */
int chip_calibrate(const char *folder, const struct dime_dataset *data, FILE *stream);

#endif
