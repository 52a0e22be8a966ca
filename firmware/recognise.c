/* SPDX-License-Identifier: MIT */
#include "recognise.h"

#include "encode_small.h"
#include "engine.h"

/* Logits are below 2^24, so that no difference overflows. */
static void judge(const int32_t *logits, struct recognised *read) {
    int32_t largest = logits[read->best], second = INT32_MIN, least = largest;
    for (uint32_t i = 0; i < DIME_MODEL_CLASSES; i++) {
        if (logits[i] < least) least = logits[i];
        if (i != read->best && logits[i] > second) second = logits[i];
    }
    read->margin = largest - second;
    read->sure = read->margin > (largest - least) >> RECOGNISE_MARGIN_SHIFT;
}

void recognise(union recognise_picture *picture, int32_t *sums, int8_t *activations,
               struct recognised *read) {
    dime_encode_small(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, picture->grey, DIME_MODEL_INPUTS,
                      picture->input);
    read->best = dime_network_infer(&dime_model_network, picture->input, sums, activations);
    judge(sums, read);
}
