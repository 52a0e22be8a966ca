/* SPDX-License-Identifier: MIT */
#include "recognise.h"

#include "encode_small.h"
#include "engine.h"

void recognise(struct recognise_scratch *scratch, struct dime_reading *reading) {
    dime_encode_small(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, scratch->grey, DIME_MODEL_INPUTS,
                      scratch->activations);
    reading->best =
        dime_network_infer(&dime_model_network, scratch->activations, scratch->sums, scratch->activations);
    dime_reading_judge(reading, scratch->sums, DIME_MODEL_CLASSES);
}
