/* SPDX-License-Identifier: MIT */
/* A training run from configuration to finished run folder. */
#ifndef DIME_CLI_TRAINING_RUN_H
#define DIME_CLI_TRAINING_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "model/config.h"

struct cli_run_request {
    struct dime_config config;
    const char *out;    /* run folder, or NULL: made from the configuration */
    const char *folder; /* dataset cache, or NULL */
    uint32_t threads;
    int resume; /* go on from out's checkpoint, from the start where there is none */
};

struct cli_run_result {
    char run[512];
    double seconds; /* from the first step to the finished folder, of this call */
    uint32_t epochs;
    double images_per_second; /* mean over the epochs of this call; 0 when there was nothing left to train */
    int has_validation, integer;
    double validation_accuracy, test_accuracy; /* percent; of the integer engine unless the format is None */
    size_t model_bytes;
};

/* Trains with a progress bar and a line an epoch on stderr; SIGINT and SIGTERM end it after the current step
   with INTERRUPTED and a folder that can be used and resumed. Errors: IO (the folder exists already and
   resume is 0, a full disk), CONFIG, MALFORMED, MEMORY, INTERRUPTED. */
int cli_run_training(const struct cli_run_request *request, struct cli_run_result *result);

#endif
