/* SPDX-License-Identifier: MIT */
#include "train/schedule.h"

#include <math.h>

static double cosine(double share) {
    return 0.5 * (1 + cos(3.14159265358979323846 * share));
}

static double warm_restarts(const struct dime_config *config, uint32_t epoch) {
    uint64_t start = 0, period = config->t_0;
    while (epoch >= start + period) {
        start += period;
        period *= config->t_mult;
    }
    return cosine((double)(epoch - start) / (double)period);
}

static double share_of_rate(const struct dime_config *config, uint32_t epoch) {
    switch (config->schedule) {
    case DIME_SCHEDULE_STEP:
        return pow(config->lr_decay, epoch / config->step_size);
    case DIME_SCHEDULE_COSINE:
        return cosine((double)epoch / config->epochs);
    case DIME_SCHEDULE_COSINE_WARM_RESTARTS:
        return warm_restarts(config, epoch);
    }
    return 1;
}

double dime_schedule_rate(const struct dime_config *config, uint32_t epoch) {
    double rate = config->learning_rate * share_of_rate(config, epoch);
    int halved = config->halve_lr_epoch > 0 && epoch >= (uint32_t)config->halve_lr_epoch;
    return halved ? rate / 2 : rate;
}

double dime_schedule_warmup(const struct dime_config *config, uint32_t epoch, uint32_t step, uint32_t steps) {
    if (epoch >= config->warmup_epochs) return 1;
    return ((double)epoch * steps + step + 1) / ((double)config->warmup_epochs * steps);
}
