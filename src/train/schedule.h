/* SPDX-License-Identifier: MIT */
#ifndef DIME_TRAIN_SCHEDULE_H
#define DIME_TRAIN_SCHEDULE_H

#include "model/config.h"

/* Learning rate of an epoch (counted from 0) before warm-up, as the PyTorch schedulers of the same names set
   it once an epoch; halve_lr_epoch halves it from that epoch on. */
double dime_schedule_rate(const struct dime_config *config, uint32_t epoch);

/* Factor of a step within the linear warm-up; 1 after it. */
double dime_schedule_warmup(const struct dime_config *config, uint32_t epoch, uint32_t step, uint32_t steps);

#endif
