/* SPDX-License-Identifier: MIT */
/* The work of the kernels, from a layer's shape, weights and activity: how often their loops run, each branch
   by itself where it takes other time. Private to src/model. */
#ifndef DIME_MODEL_CHIP_WORK_H
#define DIME_MODEL_CHIP_WORK_H

#include "model/chip_cost.h"

/* Layer `index`, fully connected. part: zeros before. */
void dime_work_connected(const struct dime_model *model, uint32_t index, const struct dime_activity *activity,
                         const struct dime_chip_build *build, struct dime_chip_part *part);

/* The stage of layers first .. end - 1 (engine/stage.h). network: the runtime's. */
void dime_work_stage(const struct dime_model *model, const struct dime_network *network, uint32_t first,
                     uint32_t end, const struct dime_activity *activity, const struct dime_chip_build *build,
                     struct dime_chip_part *part);

#endif
