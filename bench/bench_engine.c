/* SPDX-License-Identifier: MIT */
/* The reference engine on the PC: 256-64-64-64-10 in each weight format. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/random.h"
#include "bench.h"
#include "model/model.h"

enum { IMAGES = 64, INPUTS = 256 };

struct work {
    struct dime_runtime runtime;
    const int8_t *images;
    int32_t sums[64];
    int8_t activations[64];
};

static void must(int code) {
    if (code == DIME_OK) return;
    fprintf(stderr, "bench_engine: %s\n", dime_error_message());
    exit(1);
}

static void infer(void *context) {
    struct work *work = context;
    for (int i = 0; i < IMAGES; i++)
        dime_network_infer(&work->runtime.network, work->images + i * INPUTS, work->sums, work->activations);
    bench_use(work->sums);
}

static void fill_values(struct dime_model *model, const struct dime_format *format) {
    struct dime_random random = {3};
    for (uint32_t l = 0; l < model->layer_count; l++)
        for (uint32_t i = 0; i < model->layers[l].inputs * model->layers[l].outputs; i++)
            model->layers[l].value[i] = format->value(dime_random_below(&random, format->codes));
}

static void bench_format(enum dime_format_id id, const int8_t *images) {
    struct dime_config config;
    struct dime_model model;
    struct work work = {.images = images};
    dime_config_default(&config);
    config.format = id;
    for (uint32_t i = 0; i < config.layer_count; i++) config.layers[i].format = id;
    must(dime_model_create(&model, &config, 10));
    fill_values(&model, dime_format_get(id));
    must(dime_runtime_create(&work.runtime, &model));
    bench_run(dime_format_name(id), infer, &work, IMAGES, "images");
    dime_runtime_free(&work.runtime);
    dime_model_free(&model);
}

int main(void) {
    int8_t *images = (int8_t *)bench_random_bytes(1, IMAGES * INPUTS);
    for (int id = DIME_FORMAT_NONE + 1; id < DIME_FORMAT_COUNT; id++)
        bench_format((enum dime_format_id)id, images);
    free(images);
    return 0;
}
