/* SPDX-License-Identifier: MIT */
#include "recognise.h"

#include "encode_small.h"
#include "engine.h"

void recognise(union recognise_picture *picture, struct recognise_scratch *scratch,
               struct dime_reading *read) {
    dime_encode_small(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, picture->grey, DIME_MODEL_INPUTS,
                      picture->input);
    read->best = dime_network_infer(&dime_model_network, picture->input, scratch->sums, scratch->activations);
    dime_reading_judge(read, scratch->sums, DIME_MODEL_CLASSES);
}
