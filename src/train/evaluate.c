/* SPDX-License-Identifier: MIT */
#include "train/evaluate.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/team.h"
#include "model/host_dot.h"
#include "train/train_data.h"

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory while evaluating");
}

/* What the threads of one evaluation share. */
struct job {
    const struct dime_network_state *network;
    const struct dime_network *engine;
    const int8_t *encoded;
    const uint8_t *labels;
    const uint32_t *indices;
    uint32_t count, inputs;
    uint8_t *predictions;
    double *loss; /* of each chunk, added in order at the end whoever computed it */
    struct dime_ticket ticket;
    atomic_uint correct;
    atomic_int failed;
};

static uint32_t picture_of(const struct job *job, uint32_t i) {
    return job->indices ? job->indices[i] : i;
}

static uint32_t run_count(uint32_t count) {
    return (count + DIME_CHUNK - 1) / DIME_CHUNK;
}

static uint32_t run_end(const struct job *job, uint32_t run) {
    uint32_t end = (run + 1) * DIME_CHUNK;
    return end < job->count ? end : job->count;
}

static void evaluate_chunk(struct job *job, uint32_t run, struct dime_chunk *chunk) {
    uint32_t start = run * DIME_CHUNK, padded = job->network->padded_inputs;
    chunk->count = run_end(job, run) - start;
    for (uint32_t n = 0; n < chunk->count; n++) {
        uint32_t picture = picture_of(job, start + n);
        chunk->labels[n] = job->labels[picture];
        job->network->kernels->widen(job->encoded + (size_t)picture * job->inputs, job->inputs,
                                     chunk->layers[0].input + n * padded);
    }
    dime_chunk_forward(job->network, chunk, 0);
    for (uint32_t n = 0; job->predictions && n < chunk->count; n++)
        job->predictions[start + n] = chunk->predictions[n];
    job->loss[run] = chunk->loss;
    atomic_fetch_add(&job->correct, chunk->correct);
}

static void evaluate_chunks(void *context, struct dime_team *team, uint32_t member) {
    (void)team, (void)member;
    struct job *job = context;
    struct dime_chunk chunk;
    if (dime_chunk_create(&chunk, job->network, 0)) {
        atomic_store(&job->failed, 1);
        return;
    }
    for (uint32_t run; (run = dime_ticket_take(&job->ticket)) < run_count(job->count);)
        evaluate_chunk(job, run, &chunk);
    dime_chunk_free(&chunk);
}

int dime_evaluate_network(const struct dime_network_state *network, const int8_t *encoded,
                          const uint8_t *labels, const uint32_t *indices, uint32_t count, uint32_t threads,
                          uint8_t *predictions, struct dime_evaluation *result) {
    struct job job = {.network = network,
                      .encoded = encoded,
                      .labels = labels,
                      .indices = indices,
                      .count = count,
                      .inputs = network->inputs,
                      .predictions = predictions};
    double total = 0;
    job.loss = calloc(run_count(count) + 1, sizeof *job.loss);
    if (!job.loss) return out_of_memory();
    dime_team_run(threads, evaluate_chunks, &job);
    for (uint32_t run = 0; run < run_count(count); run++) total += job.loss[run];
    free(job.loss);
    if (atomic_load(&job.failed)) return out_of_memory();
    *result = (struct dime_evaluation){count, atomic_load(&job.correct), count ? total / count : (double)NAN};
    return 0;
}

static void infer_run(struct job *job, uint32_t run, int32_t *sums, int8_t *activations) {
    uint32_t correct = 0;
    for (uint32_t i = run * DIME_CHUNK; i < run_end(job, run); i++) {
        uint32_t picture = picture_of(job, i);
        const int8_t *input = job->encoded + (size_t)picture * job->inputs;
        uint32_t answer = dime_network_infer(job->engine, input, sums, activations);
        correct += answer == job->labels[picture];
        if (job->predictions) job->predictions[i] = (uint8_t)answer;
    }
    atomic_fetch_add(&job->correct, correct);
}

static void infer_runs(void *context, struct dime_team *team, uint32_t member) {
    (void)team, (void)member;
    struct job *job = context;
    int32_t *sums = malloc(job->engine->sums * sizeof *sums);
    int8_t *activations = malloc(job->engine->activations);
    if (sums && activations) {
        for (uint32_t run; (run = dime_ticket_take(&job->ticket)) < run_count(job->count);)
            infer_run(job, run, sums, activations);
    } else {
        atomic_store(&job->failed, 1);
    }
    free(sums);
    free(activations);
}

int dime_evaluate_engine(const struct dime_model *model, const int8_t *encoded, const uint8_t *labels,
                         const uint32_t *indices, uint32_t count, uint32_t threads, uint8_t *predictions,
                         struct dime_evaluation *result) {
    struct dime_runtime runtime;
    int code = dime_runtime_create(&runtime, model);
    if (code) return code;
    code = dime_runtime_use_host(&runtime, dime_host_format());
    if (code) {
        dime_runtime_free(&runtime);
        return code;
    }
    struct job job = {.engine = &runtime.network,
                      .encoded = encoded,
                      .labels = labels,
                      .indices = indices,
                      .count = count,
                      .inputs = dime_model_input_count(model),
                      .predictions = predictions};
    dime_team_run(threads, infer_runs, &job);
    dime_runtime_free(&runtime);
    if (atomic_load(&job.failed)) return out_of_memory();
    *result = (struct dime_evaluation){count, atomic_load(&job.correct), (double)NAN};
    return 0;
}
