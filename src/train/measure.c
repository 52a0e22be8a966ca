/* SPDX-License-Identifier: MIT */
/* The network that an epoch's end validates. */
#include <string.h>

#include "train/trainer_state.h"

/* The training pictures first .. first + count - 1, untouched. */
static void fill_chunk(const struct dime_trainer *trainer, uint32_t first, uint32_t count,
                       struct dime_chunk *chunk) {
    const struct dime_train_data *data = &trainer->data;
    chunk->count = count;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t picture = data->order[first + n];
        chunk->labels[n] = data->dataset->labels[picture];
        trainer->candidate.kernels->widen(data->encoded + (size_t)picture * data->inputs, data->inputs,
                                          chunk->layers[0].input + n * trainer->candidate.padded_inputs);
    }
}

/* Sums of means and of mean squares over the chunks so far, in the place of mean and variance. */
static void add_statistics(struct dime_network_state *network, const struct dime_chunk *chunk) {
    for (uint32_t i = 0; i < network->layer_count; i++) {
        struct dime_train_layer *layer = &network->layers[i];
        const struct dime_chunk_layer *buffers = &chunk->layers[i];
        for (uint32_t m = 0; layer->mean && m < layer->outputs; m++) {
            float mean = buffers->batch_mean[m];
            layer->mean[m] += mean;
            layer->variance[m] += buffers->batch_variance[m] + mean * mean;
        }
    }
}

static void finish_statistics(struct dime_network_state *network, uint32_t chunks) {
    for (uint32_t i = 0; i < network->layer_count; i++) {
        struct dime_train_layer *layer = &network->layers[i];
        for (uint32_t m = 0; layer->mean && m < layer->outputs; m++) {
            layer->mean[m] /= (float)chunks;
            float variance = layer->variance[m] / (float)chunks - layer->mean[m] * layer->mean[m];
            layer->variance[m] = variance > 0 ? variance : 0;
        }
    }
}

/* Statistics from whole chunks of untouched training pictures, each normalised by its own as in training. */
static int measure_statistics(struct dime_trainer *trainer) {
    struct dime_network_state *network = &trainer->candidate;
    uint32_t images = trainer->config.batchnorm_images, chunks;
    if (images > trainer->data.train_count) images = trainer->data.train_count;
    chunks = images / DIME_CHUNK;
    if (!chunks) return 0;
    for (uint32_t i = 0; i < network->layer_count; i++)
        if (network->layers[i].mean)
            memset(network->layers[i].mean, 0, 2 * network->layers[i].padded_outputs * sizeof(float));
    for (uint32_t c = 0; c < chunks; c++) {
        fill_chunk(trainer, c * DIME_CHUNK, DIME_CHUNK, &trainer->chunks[0]);
        dime_chunk_forward(network, &trainer->chunks[0], 1);
        add_statistics(network, &trainer->chunks[0]);
    }
    finish_statistics(network, chunks);
    return dime_network_refresh(network);
}

int dime_trainer_make_candidate(struct dime_trainer *trainer) {
    int averaged = trainer->config.weight_averaging > 0;
    int code = dime_network_copy(&trainer->candidate, &trainer->network, averaged);
    if (!code && trainer->config.norm == DIME_NORM_BATCH) code = measure_statistics(trainer);
    return code;
}
