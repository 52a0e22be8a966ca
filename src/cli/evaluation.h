/* SPDX-License-Identifier: MIT */
/* A model over a dataset, through the trainer's forward pass and through the engine. */
#ifndef DIME_CLI_EVALUATION_H
#define DIME_CLI_EVALUATION_H

#include <stdint.h>

#include "data/dataset.h"
#include "model/model.h"

struct cli_evaluation {
    uint32_t images, classes;
    double float_accuracy;   /* percent, the trainer's own (quantized) forward pass */
    int has_integer;         /* 0 for a float model: the engine cannot run it */
    double integer_accuracy; /* percent */
    uint32_t mismatches;     /* images on which the two give another class */
    uint8_t *answers;        /* `images` classes, in the order of the split; of whom the confusion is */
    uint32_t *confusion;     /* classes x classes, rows = labels; of the engine, or of the float model */
};

/* split: "test", "train" or "validation", the last two as the model's configuration divides the training set.
   Errors: USAGE (unknown split), CONFIG (the data has more classes than the model), MEMORY. */
int cli_evaluate(const struct dime_model *model, const struct dime_dataset_pair *pair, const char *split,
                 uint32_t threads, struct cli_evaluation *evaluation);
/* CONFIG, naming model and data, where both know what their classes are called and differ. */
int cli_check_class_names(const struct dime_model *model, const char *model_name,
                          const struct dime_dataset_pair *pair, const char *data_name);
void cli_evaluation_free(struct cli_evaluation *evaluation);

#endif
