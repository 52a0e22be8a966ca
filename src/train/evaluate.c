/* SPDX-License-Identifier: MIT */
#include "train/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "train/train_data.h"

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while evaluating");
}

struct job {
    const int8_t *encoded;
    const uint8_t *labels;
    const uint32_t *indices;
    uint32_t count, inputs;
    uint8_t *predictions;
};

static uint32_t picture_of(const struct job *job, uint32_t i) {
    return job->indices ? job->indices[i] : i;
}

static void evaluate_chunk(const struct dime_network_state *network, const struct job *job, uint32_t start,
                           struct dime_chunk *chunk) {
    uint32_t left = job->count - start, padded = network->layers[0].padded_inputs;
    chunk->count = left < DIME_CHUNK ? left : DIME_CHUNK;
    for (uint32_t n = 0; n < chunk->count; n++) {
        uint32_t picture = picture_of(job, start + n);
        chunk->labels[n] = job->labels[picture];
        dime_input_row(job->encoded + (size_t)picture * job->inputs, job->inputs,
                       chunk->layers[0].input + n * padded);
    }
    dime_chunk_forward(network, chunk, 0);
    for (uint32_t n = 0; job->predictions && n < chunk->count; n++)
        job->predictions[start + n] = chunk->predictions[n];
}

int dime_evaluate_network(const struct dime_network_state *network, const int8_t *encoded, const uint8_t *labels,
                          const uint32_t *indices, uint32_t count, uint32_t threads, uint8_t *predictions,
                          struct dime_evaluation *result) {
    struct job job = {encoded, labels, indices, count, network->layers[0].inputs, predictions};
    uint32_t chunks = (count + DIME_CHUNK - 1) / DIME_CHUNK, correct = 0;
    double *loss = calloc(chunks + 1, sizeof *loss), total = 0; /* added in order, whoever computed it */
    int failed = !loss;
#pragma omp parallel num_threads((int)threads) reduction(+ : correct) reduction(| : failed)
    {
        struct dime_chunk chunk;
        int unable = failed || dime_chunk_create(&chunk, network, 0);
#pragma omp for schedule(dynamic, 4)
        for (uint32_t c = 0; c < chunks; c++) {
            if (unable) continue;
            evaluate_chunk(network, &job, c * DIME_CHUNK, &chunk);
            loss[c] = chunk.loss;
            correct += chunk.correct;
        }
        if (!unable) dime_chunk_free(&chunk);
        failed |= unable;
    }
    for (uint32_t c = 0; !failed && c < chunks; c++) total += loss[c];
    free(loss);
    if (failed) return out_of_memory();
    *result = (struct dime_evaluation){count, correct, count ? total / count : (double)NAN};
    return 0;
}

int dime_evaluate_engine(const struct dime_model *model, const int8_t *encoded, const uint8_t *labels,
                         const uint32_t *indices, uint32_t count, uint32_t threads, uint8_t *predictions,
                         struct dime_evaluation *result) {
    struct dime_runtime runtime;
    int code = dime_runtime_create(&runtime, model);
    if (code) return code;
    struct job job = {encoded, labels, indices, count, dime_model_input_count(model), predictions};
    uint32_t correct = 0;
    int failed = 0;
#pragma omp parallel num_threads((int)threads) reduction(+ : correct) reduction(| : failed)
    {
        int32_t *sums = malloc(runtime.network.widest * sizeof *sums);
        int8_t *activations = malloc(runtime.network.widest);
        int unable = !sums || !activations;
#pragma omp for schedule(dynamic, 64)
        for (uint32_t i = 0; i < count; i++) {
            if (unable) continue;
            uint32_t picture = picture_of(&job, i);
            uint32_t answer = dime_network_infer(&runtime.network, encoded + (size_t)picture * job.inputs, sums,
                                                 activations);
            correct += answer == labels[picture];
            if (predictions) predictions[i] = (uint8_t)answer;
        }
        free(sums);
        free(activations);
        failed |= unable;
    }
    dime_runtime_free(&runtime);
    if (failed) return out_of_memory();
    *result = (struct dime_evaluation){count, correct, (double)NAN};
    return 0;
}
