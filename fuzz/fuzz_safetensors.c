/* SPDX-License-Identifier: MIT */
/* Any bytes as a safetensors file, and as a model file whose network then runs. The seeds are what `dime
   import` makes of fuzz/corpus/header, and hand-written headers. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/activity.h"
#include "model/layer_text.h"
#include "model/model.h"
#include "model/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int truth) {
    if (!truth) abort();
}

/* What is accepted covers the file's data exactly, and is found under its name. */
static void check_tensors(const struct dime_safetensors *file, size_t most) {
    size_t total = 0;
    for (size_t i = 0; i < file->tensor_count; i++) {
        const struct dime_tensor *tensor = &file->tensors[i];
        uint8_t *copy = malloc(tensor->size + 1);
        require(copy != NULL);
        memcpy(copy, tensor->data, tensor->size);
        free(copy);
        total += tensor->size;
        require(i > 64 || dime_safetensors_find(file, tensor->name) == tensor);
    }
    require(total <= most);
}

/* A few bytes of kernels can ask for minutes of products. */
static int is_short(const struct dime_model *model) {
    uint64_t products = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) products += dime_layer_products(&model->layers[i]);
    return products < 1000000;
}

static void run(const struct dime_model *model) {
    struct dime_runtime runtime;
    if (dime_runtime_create(&runtime, model)) return;
    uint32_t count = runtime.network.sums;
    int8_t *input = calloc(dime_model_input_count(model), 1),
           *activations = calloc(runtime.network.activations, 1);
    int32_t *sums = calloc(count, sizeof *sums);
    require(input && activations && sums);
    memset(input, 1, dime_model_input_count(model)); /* within the bound of every input encoding */
    require(dime_network_infer(&runtime.network, input, sums, activations) < model->classes);
    free(input);
    free(activations);
    free(sums);
    dime_runtime_free(&runtime);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    struct dime_safetensors file;
    struct dime_model model;
    if (dime_safetensors_parse("fuzz", bytes, size, &file)) return 0;
    check_tensors(&file, size);
    dime_safetensors_free(&file);
    if (dime_model_parse("fuzz", bytes, size, &model)) return 0;
    struct dime_activity activity;
    dime_activity_read(&model, &activity);
    if (is_short(&model)) run(&model);
    dime_model_free(&model);
    return 0;
}
