/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/random.h"
#include "train/random_purpose.h"
#include "train/trainer_state.h"

/* Root mean square over the units that are alive; 0 if none is. */
static float live_size(const struct dime_train_layer *layer, const uint8_t *seen) {
    double square = 0, count = 0;
    for (uint32_t k = 0; k < layer->inputs; k++) {
        for (uint32_t m = 0; m < layer->outputs; m++) {
            double w = layer->weight.value[(size_t)k * layer->padded_outputs + m];
            square += seen[m] ? w * w : 0;
            count += seen[m];
        }
    }
    return count > 0 ? (float)sqrt(square / count) : 0;
}

static void set_parameter(struct dime_parameter *parameter, size_t index, float value) {
    parameter->value[index] = parameter->average[index] = value;
    parameter->moment1[index] = parameter->moment2[index] = 0;
}

static void draw_unit(struct dime_train_layer *layer, uint32_t m, float size, struct dime_random *random) {
    float bound = sqrtf(3) * size; /* a uniform draw of this bound has the deviation `size` */
    for (uint32_t k = 0; k < layer->inputs; k++)
        set_parameter(&layer->weight, (size_t)k * layer->padded_outputs + m,
                      dime_random_range(random, -bound, bound));
    if (!layer->mean) return;
    set_parameter(&layer->gain, m, 1);
    set_parameter(&layer->offset, m, 0);
    layer->mean[m] = 0;
    layer->variance[m] = 1;
}

void dime_trainer_revive(struct dime_trainer *trainer) {
    for (uint32_t i = 0; i + 1 < trainer->network.layer_count; i++) {
        struct dime_train_layer *layer = &trainer->network.layers[i];
        uint64_t index = ((uint64_t)trainer->epochs_done << 32) + i;
        struct dime_random random = dime_random_stream(trainer->config.seed, DIME_RANDOM_REVIVE, index);
        float size = live_size(layer, trainer->seen[i]);
        for (uint32_t m = 0; m < layer->outputs && size > 0; m++)
            if (!trainer->seen[i][m]) draw_unit(layer, m, size, &random);
    }
}
