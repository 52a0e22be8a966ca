/* SPDX-License-Identifier: MIT */
#define DIME_MODEL_BUILD
#include "dime_model.h"

#include <stddef.h>

#include "encode.h"
#include "engine.h"
#include "model.h"

const char *dime_model_version(void) {
    return DIME_MODEL_GENERATOR;
}

const char *dime_model_name(void) {
    return DIME_MODEL_NAME;
}

uint32_t dime_model_input_size(void) {
    return DIME_MODEL_INPUT_SIZE;
}

uint32_t dime_model_inputs(void) {
    return DIME_MODEL_INPUTS;
}

uint32_t dime_model_classes(void) {
    return DIME_MODEL_CLASSES;
}

int dime_model_predict_encoded(const int8_t *input, int32_t *logits) {
    int32_t sums[DIME_MODEL_SUMS];
    int8_t activations[DIME_MODEL_ACTIVATIONS];
    if (!input) return -1;
    uint32_t class = dime_network_infer(&dime_model_network, input, sums, activations);
    for (uint32_t i = 0; logits && i < DIME_MODEL_CLASSES; i++) logits[i] = sums[i];
    return (int)class;
}

int dime_model_predict(const uint8_t *grey_pixels, int32_t *logits) {
    int8_t input[DIME_MODEL_INPUTS];
    if (!grey_pixels) return -1;
    dime_encode(DIME_MODEL_INPUT_ENCODING, DIME_MODEL_INPUT_THRESHOLD, grey_pixels, DIME_MODEL_INPUTS, input);
    return dime_model_predict_encoded(input, logits);
}

uint32_t Inference(int8_t *input) {
    return (uint32_t)dime_model_predict_encoded(input, NULL);
}
