/* SPDX-License-Identifier: MIT */
/* Networks with seeded random weights, and pictures in their size. */
#ifndef BENCH_CHIP_MODELS_H
#define BENCH_CHIP_MODELS_H

#include <stdint.h>

#include "data/dataset.h"
#include "model/model.h"

/* A network of 10 classes that a configuration describes, its weights random, its affine steps such that
   about half of the units are active. Errors: as dime_config_parse, MEMORY. */
int chip_random_model(const char *text, struct dime_model *model);
/* The same, but in every other layer smaller weights are likelier, as in trained ones. */
int chip_varied_model(const char *text, struct dime_model *model);

/* `count` pictures from number `first` on in the model's size; malloc'ed, NULL on an error. */
uint8_t *chip_pictures(const struct dime_dataset *data, const struct dime_model *model, uint32_t first,
                       uint32_t count);
/* The same encoded for the network. */
int8_t *chip_encoded(const struct dime_model *model, const uint8_t *grey, uint32_t count);

#endif
