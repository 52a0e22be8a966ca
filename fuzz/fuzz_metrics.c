/* SPDX-License-Identifier: MIT */
/* Any bytes as a metrics.csv. What is accepted has as many values in each series as rows, and nothing is left
   behind by what is not. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "report/metrics.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct dime_metrics metrics;
    if (dime_metrics_parse("fuzz", (const char *)bytes, size, &metrics)) {
        if (metrics.epoch || metrics.count || strpbrk(dime_error_message(), "\n\r\033")) abort();
        return 0;
    }
    volatile double sum = 0;
    for (size_t i = 0; i < metrics.count; i++)
        sum = sum + metrics.epoch[i] + metrics.train_loss[i] + metrics.train_accuracy[i] +
              metrics.validation_loss[i] + metrics.validation_accuracy[i] + metrics.seconds[i];
    dime_metrics_free(&metrics);
    return 0;
}
