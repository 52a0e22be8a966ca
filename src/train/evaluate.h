/* SPDX-License-Identifier: MIT */
#ifndef DIME_TRAIN_EVALUATE_H
#define DIME_TRAIN_EVALUATE_H

#include "model/model.h"
#include "train/network.h"

struct dime_evaluation {
    uint32_t count, correct;
    double loss; /* mean, nats; NaN for the engine and without images; without meaning for an imported model,
                    whose scales are unknown */
};

/* The trainer's own forward pass over encoded pictures (count x K). indices: count picture numbers into
   encoded and labels, or NULL for all in order. predictions: count entries or NULL. Errors: MEMORY. */
int dime_evaluate_network(const struct dime_network_state *network, const int8_t *encoded,
                          const uint8_t *labels, const uint32_t *indices, uint32_t count, uint32_t threads,
                          uint8_t *predictions, struct dime_evaluation *result);

/* The integer engine over the same. Errors: UNSUPPORTED (format None), MEMORY. */
int dime_evaluate_engine(const struct dime_model *model, const int8_t *encoded, const uint8_t *labels,
                         const uint32_t *indices, uint32_t count, uint32_t threads, uint8_t *predictions,
                         struct dime_evaluation *result);

#endif
