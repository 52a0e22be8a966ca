/* SPDX-License-Identifier: MIT */
/* Any bytes as a BitNetMCU header; what is accepted is a network that runs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/bitnetmcu.h"
#include "model/layer_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int truth) {
    if (!truth) abort();
}

/* A few bytes of kernels can ask for minutes of products. */
static int is_short(const struct dime_model *model) {
    uint64_t products = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) products += dime_layer_products(&model->layers[i]);
    return products < 1000000;
}

static void run(const struct dime_model *model) {
    struct dime_runtime runtime;
    require(dime_runtime_create(&runtime, model) == 0);
    uint32_t count = runtime.network.sums;
    int8_t *input = malloc(dime_model_input_count(model)),
           *activations = calloc(runtime.network.activations, 1);
    int32_t *sums = malloc(count * sizeof *sums);
    require(input && activations && sums);
    memset(input, 1, dime_model_input_count(model)); /* within the bound of every input encoding */
    require(dime_network_infer(&runtime.network, input, sums, activations) < model->classes);
    free(input);
    free(activations);
    free(sums);
    dime_runtime_free(&runtime);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct dime_model model;
    if (dime_bitnetmcu_parse("fuzz", (const char *)bytes, size, NULL, &model)) return 0;
    if (is_short(&model)) run(&model);
    dime_model_free(&model);
    return 0;
}
