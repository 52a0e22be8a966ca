/* SPDX-License-Identifier: MIT */
#ifndef DIME_MODEL_EPOCH_REPORT_H
#define DIME_MODEL_EPOCH_REPORT_H

#include <stdint.h>

#include "model/config.h"

/* What one epoch of training showed. Accuracies in percent, losses in nats. */
struct dime_epoch_report {
    uint32_t epoch, epochs; /* epoch counts from 1 */
    double train_loss, train_accuracy;
    double validation_loss, validation_accuracy; /* of the quantized network; NaN without a validation set */
    double learning_rate;                        /* of the last step */
    double seconds, images_per_second;           /* of training; validation is not counted */
    double active_fraction;                      /* share of hidden activations that are not zero, 0..1 */
    uint32_t layer_count;
    double clip[DIME_MAX_LAYERS]; /* clipping value of each layer (mean over outputs with PerOutput); NaN for
                                     a layer without weights */
    double entropy[DIME_MAX_LAYERS]; /* entropy of its quantized weights, bits; NaN for format None */
};

#endif
