/* SPDX-License-Identifier: MIT */
/* One epoch's steps, spread over threads. Each step has three phases with a barrier behind each: chunks
   (forward and backward), parameters (Adam, by blocks of rows), values (by blocks; where a layer's scale does
   not move between steps they are made together with the parameters, and if none does, the third phase is
   left out). What is too small to be shared is done by whoever arrives last at a barrier. Every phase
   computes the same bits however its pieces fall to threads. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/error.h"
#include "base/team.h"
#include "train/schedule.h"
#include "train/trainer_state.h"

#define BATCH_NORM_MOMENTUM 0.1f
#define LEAST_GAIN 1e-3f /* folding divides by the gain; its sign could move into the weights anyway */

struct step {
    uint32_t epoch, number;
    uint32_t first, count; /* samples */
    uint32_t chunks;
    struct dime_adam adam;
};

static struct step describe_step(const struct dime_trainer *trainer, uint32_t number) {
    const struct dime_config *config = &trainer->config;
    struct step step = {.epoch = trainer->epochs_done, .number = number};
    step.first = dime_cut(trainer->samples_per_epoch, trainer->steps_per_epoch, number);
    step.count = dime_cut(trainer->samples_per_epoch, trainer->steps_per_epoch, number + 1) - step.first;
    step.chunks = dime_chunk_count(step.count);
    double t = (double)(trainer->steps_done + number + 1);
    double rate = dime_schedule_rate(config, step.epoch) *
                  dime_schedule_warmup(config, step.epoch, number, trainer->steps_per_epoch);

    step.adam = (struct dime_adam){
        .learning_rate = (float)rate,
        .beta1 = config->adam_beta1,
        .beta2 = config->adam_beta2,
        .epsilon = 1e-8f,
        .correction1 = (float)(1 / (1 - pow(config->adam_beta1, t))),
        .correction2 = (float)(1 / (1 - pow(config->adam_beta2, t))),
    };
    /* The average's memory grows with training up to the configured one (Tarvainen and Valpola 2017). */
    if (config->weight_averaging > 0)
        step.adam.average_share = (float)(1 - fmin(config->weight_averaging, t / (t + 9)));
    return step;
}

static void run_chunk(struct dime_trainer *trainer, const struct step *step, uint32_t c, uint32_t member) {
    uint32_t start = dime_cut(step->count, step->chunks, c), end = dime_cut(step->count, step->chunks, c + 1);
    struct dime_chunk *chunk = &trainer->chunks[c];
    uint64_t start_time = dime_ticks();
    const uint32_t *samples = trainer->samples + step->first + start;
    dime_batch_fill(&trainer->data, &trainer->makers[member], step->epoch, samples, end - start, chunk,
                    trainer->network.padded_inputs);
    start_time = dime_phase_end(&chunk->phases, DIME_PHASE_INPUT, start_time);
    if (trainer->teachers) {
        dime_teachers_answer(trainer->teachers, member, step->epoch, samples, chunk,
                             trainer->network.padded_inputs);
        dime_phase_end(&chunk->phases, DIME_PHASE_TEACHER, start_time);
    }
    dime_chunk_forward(&trainer->network, chunk, 1);
    dime_chunk_backward(&trainer->network, chunk);
}

static void add_totals(const struct dime_trainer *trainer, const struct step *step,
                       struct dime_epoch_totals *totals) {
    for (uint32_t c = 0; c < step->chunks; c++) {
        totals->loss += trainer->chunks[c].loss;
        totals->correct += trainer->chunks[c].correct;
        totals->active += trainer->chunks[c].active;
        totals->activations += trainer->chunks[c].activations;
    }
}

/* Place for the gradient of a block whose weights lie at `weight`: the fifth of the arrays that Adam goes
   through. */
static float *place_gradient(const struct dime_trainer *trainer, uint32_t member, const float *weight) {
    uintptr_t room = (uintptr_t)trainer->sums[member] / sizeof(float);
    uintptr_t wanted = (uintptr_t)weight / sizeof(float) + 4 * DIME_APART;
    return trainer->sums[member] + (wanted - room) % DIME_PAGE_FLOATS;
}

static void update_block(struct dime_trainer *trainer, const struct step *step, uint32_t index,
                         uint32_t member) {
    const struct dime_update_block *block = &trainer->blocks[index];
    struct dime_train_layer *layer = &trainer->network.layers[block->layer];
    uint64_t start = dime_ticks();
    size_t first = (size_t)block->first * layer->padded_outputs;
    float *gradient = place_gradient(trainer, member, layer->weight.value + first);
    struct dime_adam adam = step->adam;
    adam.decay = trainer->config.weight_decay;
    adam.gradient = gradient;
    adam.gradient_scale =
        (float)(dime_weight_gradient_scale(&trainer->network, block->layer) / (double)step->count);
    adam.rows = block->last - block->first;
    adam.padded = layer->padded_outputs;
    if (step->adam.average_share > 0) adam.average = layer->weight.average + first;
    if (dime_layer_scale_moves(&trainer->network, block->layer))
        adam.magnitude = trainer->magnitudes + (size_t)index * trainer->widest;
    trainer->network.kernels->sum(trainer->gradients + 3 * (size_t)block->layer * trainer->chunk_most,
                                  step->chunks, first, (size_t)adam.rows * adam.padded, gradient);
    if (dime_trainer_learns_scale(trainer, block->layer)) dime_trainer_scale_slope(trainer, index, &adam);
    trainer->network.kernels->adam(&adam, layer->weight.value + first, layer->weight.moment1 + first,
                                   layer->weight.moment2 + first);
    dime_phase_end(&trainer->phases[member], DIME_PHASE_OPTIMIZER, start);
}

static void update_norm_parameter(struct dime_trainer *trainer, const struct step *step,
                                  struct dime_parameter *parameter, const float *const *gradients) {
    struct dime_adam adam = step->adam;
    trainer->network.kernels->sum(gradients, step->chunks, 0, parameter->count, trainer->sums[0]);
    adam.gradient = trainer->sums[0];
    adam.gradient_scale = 1 / (float)step->count;
    adam.rows = 1;
    adam.padded = (uint32_t)parameter->count;
    if (step->adam.average_share > 0) adam.average = parameter->average;
    trainer->network.kernels->adam(&adam, parameter->value, parameter->moment1, parameter->moment2);
}

/* Running statistics move towards the mean over the chunks of this batch; the variance is unbiased. */
static void update_running_statistics(struct dime_trainer *trainer, const struct step *step, uint32_t index) {
    struct dime_train_layer *layer = &trainer->network.layers[index];
    uint32_t pixels = layer->shape.out_height * layer->shape.out_width;
    for (uint32_t m = 0; m < layer->outputs; m++) {
        float mean = 0, variance = 0;
        for (uint32_t c = 0; c < step->chunks; c++) {
            const struct dime_chunk *chunk = &trainer->chunks[c];
            float count = (float)(chunk->count * pixels);
            mean += chunk->layers[index].batch_mean[m];
            variance += chunk->layers[index].batch_variance[m] * count / fmaxf(count - 1, 1);
        }
        layer->mean[m] += BATCH_NORM_MOMENTUM * (mean / (float)step->chunks - layer->mean[m]);
        layer->variance[m] += BATCH_NORM_MOMENTUM * (variance / (float)step->chunks - layer->variance[m]);
    }
}

static void note_active_units(struct dime_trainer *trainer, const struct step *step, uint32_t index) {
    uint8_t *restrict seen = trainer->seen[index];
    uint32_t outputs = trainer->network.layers[index].outputs;
    for (uint32_t c = 0; c < step->chunks; c++) {
        const float *highest = trainer->chunks[c].layers[index].highest;
        for (uint32_t m = 0; m < outputs; m++) seen[m] |= highest[m] > 0;
    }
}

/* Scales from what update_block left. */
static int renew_scale(struct dime_trainer *trainer, uint32_t index) {
    const struct dime_train_layer *layer = &trainer->network.layers[index];
    if (!dime_layer_scale_moves(&trainer->network, index)) return 0;
    memset(trainer->magnitude, 0, layer->outputs * sizeof *trainer->magnitude);
    for (uint32_t b = 0; b < trainer->block_count; b++) {
        const float *part = trainer->magnitudes + (size_t)b * trainer->widest;
        for (uint32_t m = 0; trainer->blocks[b].layer == index && m < layer->outputs; m++)
            trainer->magnitude[m] += part[m];
    }
    return dime_layer_refresh_scale(&trainer->network, index, trainer->magnitude);
}

static int update_layer(struct dime_trainer *trainer, const struct step *step, uint32_t index) {
    struct dime_train_layer *layer = &trainer->network.layers[index];
    if (!layer->weight.count) return 0; /* pooling */
    if (layer->mean) {
        const float *const *gradients = trainer->gradients + 3 * (size_t)index * trainer->chunk_most;
        update_norm_parameter(trainer, step, &layer->gain, gradients + trainer->chunk_most);
        update_norm_parameter(trainer, step, &layer->offset, gradients + 2 * (size_t)trainer->chunk_most);
        for (uint32_t m = 0; m < layer->outputs; m++) {
            layer->gain.value[m] = fmaxf(layer->gain.value[m], LEAST_GAIN);
            layer->gain.average[m] = fmaxf(layer->gain.average[m], LEAST_GAIN);
        }
        update_running_statistics(trainer, step, index);
    }
    if (!layer->last) note_active_units(trainer, step, index);
    if (trainer->config.clip_update == DIME_CLIP_LEARNED)
        dime_trainer_move_scale(trainer, index, &step->adam);
    return renew_scale(trainer, index);
}

/* State that the threads of one epoch share. */
struct epoch_run {
    struct dime_trainer *trainer;
    const struct dime_train_watch *watch;
    struct dime_epoch_totals *totals;
    struct step step;
    int scales_move; /* of any layer, between steps */
    int code;        /* written by the last at a barrier */
};

/* All chunks are done: reports progress and asks whether to stop. */
static void finish_chunks(void *context) {
    struct epoch_run *run = context;
    const struct dime_train_watch *watch = run->watch;
    const struct step *step = &run->step;
    add_totals(run->trainer, step, run->totals);
    if (watch && watch->progress)
        watch->progress(watch->context, step->epoch + 1, step->first + step->count,
                        run->trainer->samples_per_epoch);
    if (watch && watch->stop && watch->stop(watch->context))
        run->code = dime_error_set(DIME_ERROR_INTERRUPTED, "interrupted in epoch %u", step->epoch + 1);
}

/* All values are made: the next step. */
static void finish_step(void *context) {
    struct epoch_run *run = context;
    if (run->step.number + 1 < run->trainer->steps_per_epoch)
        run->step = describe_step(run->trainer, run->step.number + 1);
}

/* All weights are updated: the rest of each layer. */
static void finish_update(void *context) {
    struct epoch_run *run = context;
    uint64_t start = dime_ticks();
    for (uint32_t i = 0; i < run->trainer->network.layer_count && !run->code; i++)
        run->code = update_layer(run->trainer, &run->step, i);
    dime_phase_end(&run->trainer->phases[0], DIME_PHASE_OPTIMIZER, start);
    if (!run->scales_move) finish_step(run);
}

/* Runs a chunk unless another member has taken it in this step. */
static void try_chunk(struct epoch_run *run, uint32_t c, uint32_t member) {
    unsigned step = run->step.number + 1;
    if (atomic_exchange_explicit(&run->trainer->taken[c], step, memory_order_relaxed) == step) return;
    run_chunk(run->trainer, &run->step, c, member);
}

/* A member runs the same chunks in every step, whose memory its cache holds; only when it is through with
   them it takes what others have left, their last one first. */
static void run_chunks(struct epoch_run *run, uint32_t member, uint32_t members) {
    uint32_t chunks = run->step.chunks, first = dime_cut(chunks, members, member);
    for (uint32_t c = first; c < dime_cut(chunks, members, member + 1); c++) try_chunk(run, c, member);
    for (uint32_t i = 1; i <= chunks; i++) try_chunk(run, (first + chunks - i) % chunks, member);
}

/* Values of a block's weights. */
static void refresh_block(struct dime_trainer *trainer, uint32_t index, uint32_t member) {
    const struct dime_update_block *block = &trainer->blocks[index];
    uint64_t start = dime_ticks();
    dime_layer_refresh_values(&trainer->network, block->layer, block->first, block->last);
    dime_phase_end(&trainer->phases[member], DIME_PHASE_QUANTIZE, start);
}

/* A member has the same neighbouring blocks in every step, which its cache holds. */
static int owns_block(const struct dime_trainer *trainer, uint32_t index, uint32_t member, uint32_t members) {
    return trainer->blocks[index].place * members / trainer->block_weights == member;
}

/* Run by every member of the team. */
static void run_step(struct epoch_run *run, struct dime_team *team, uint32_t member) {
    struct dime_trainer *trainer = run->trainer;
    uint32_t members = dime_team_members(team);
    run_chunks(run, member, members);
    dime_team_barrier_then(team, finish_chunks, run);
    for (uint32_t b = 0; b < trainer->block_count; b++) {
        if (!owns_block(trainer, b, member, members)) continue;
        update_block(trainer, &run->step, b, member);
        if (!dime_layer_scale_moves(&trainer->network, trainer->blocks[b].layer))
            refresh_block(trainer, b, member);
    }
    dime_team_barrier_then(team, finish_update, run);
    if (!run->scales_move) return;
    for (uint32_t b = 0; b < trainer->block_count; b++)
        if (owns_block(trainer, b, member, members) &&
            dime_layer_scale_moves(&trainer->network, trainer->blocks[b].layer))
            refresh_block(trainer, b, member);
    dime_team_barrier_then(team, finish_step, run);
}

static void run_steps(void *context, struct dime_team *team, uint32_t member) {
    struct epoch_run *run = context;
    for (uint32_t number = 0; number < run->trainer->steps_per_epoch && !run->code; number++)
        run_step(run, team, member);
}

int dime_trainer_run_steps(struct dime_trainer *trainer, const struct dime_train_watch *watch,
                           struct dime_epoch_totals *totals) {
    struct epoch_run run = {
        .trainer = trainer, .watch = watch, .totals = totals, .step = describe_step(trainer, 0)};
    *totals = (struct dime_epoch_totals){0};
    dime_train_data_shuffle(&trainer->data, trainer->epochs_done, trainer->samples);
    for (uint32_t i = 0; i < trainer->network.layer_count; i++) {
        memset(trainer->seen[i], 0, trainer->network.layers[i].outputs);
        run.scales_move |= dime_layer_scale_moves(&trainer->network, i);
    }
    for (uint32_t c = 0; c < trainer->chunk_most; c++) atomic_store(&trainer->taken[c], 0);
    dime_team_run(trainer->threads, run_steps, &run);
    if (run.code == DIME_ERROR_MEMORY) return dime_error_set(run.code, "out of memory while training");
    return run.code;
}
