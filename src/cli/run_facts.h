/* SPDX-License-Identifier: MIT */
/* Gathers what figures and report show of a run folder or a model file. */
#ifndef DIME_CLI_RUN_FACTS_H
#define DIME_CLI_RUN_FACTS_H

#include "cli/evaluation.h"
#include "report/facts.h"

struct cli_run_facts {
    struct dime_run_facts facts; /* points into what follows */
    struct dime_model model;
    struct dime_metrics metrics;
    struct cli_evaluation evaluation;
    char *config_text;
    struct dime_mistake *mistakes;
    uint8_t *pixels; /* of the mistakes */
};

struct cli_facts_options {
    const char *data;   /* NAME or DIR instead of the model's own data, or NULL */
    const char *folder; /* cache folder of named datasets, or NULL */
    uint32_t threads;
    int chip;   /* 1: measure size and speed on the simulated chip */
    int notice; /* 1: one line on stderr for each part that cannot be had */
};

/* Without its data, a model has no test facts; that is no error. Errors: those of reading the model, CONFIG
   (the data has other classes), MALFORMED (metrics.csv), MEMORY. Free in every case. */
int cli_run_facts_gather(const char *path, const struct cli_facts_options *options,
                         struct cli_run_facts *run);
void cli_run_facts_free(struct cli_run_facts *run);

#endif
