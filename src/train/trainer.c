/* SPDX-License-Identifier: MIT */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/aligned.h"
#include "base/error.h"
#include "train/evaluate.h"
#include "train/schedule.h"
#include "train/trainer_state.h"

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for training");
}

static int make_blocks(struct dime_trainer *trainer) {
    const struct dime_network_state *network = &trainer->network;
    uint32_t count = 0;
    for (uint32_t i = 0; i < network->layer_count; i++)
        count += (network->layers[i].inputs + DIME_BLOCK_ROWS - 1) / DIME_BLOCK_ROWS;
    for (uint32_t i = 0; i < network->layer_count; i++)
        if (network->layers[i].padded_outputs > trainer->widest)
            trainer->widest = network->layers[i].padded_outputs;
    trainer->blocks = malloc(count * sizeof *trainer->blocks);
    trainer->magnitudes = calloc((size_t)count * trainer->widest, sizeof *trainer->magnitudes);
    trainer->slopes = calloc((size_t)count * trainer->widest, sizeof *trainer->slopes);
    trainer->magnitude = calloc(trainer->widest, sizeof *trainer->magnitude);
    if (!trainer->blocks || !trainer->magnitudes || !trainer->slopes || !trainer->magnitude)
        return out_of_memory();
    for (uint32_t i = 0; i < network->layer_count; i++) {
        for (uint32_t first = 0; first < network->layers[i].inputs; first += DIME_BLOCK_ROWS) {
            uint32_t last = first + DIME_BLOCK_ROWS < network->layers[i].inputs ? first + DIME_BLOCK_ROWS
                                                                                : network->layers[i].inputs;
            uint64_t weights = (uint64_t)(last - first) * network->layers[i].padded_outputs;
            trainer->blocks[trainer->block_count++] =
                (struct dime_update_block){i, first, last, trainer->block_weights + weights / 2};
            trainer->block_weights += weights;
        }
    }
    return 0;
}

static int make_chunks(struct dime_trainer *trainer) {
    uint32_t layers = trainer->network.layer_count;
    trainer->chunks = calloc(trainer->chunk_most, sizeof *trainer->chunks);
    trainer->gradients = calloc(3 * (size_t)layers * trainer->chunk_most, sizeof *trainer->gradients);
    trainer->taken = calloc(trainer->chunk_most, sizeof *trainer->taken);
    if (!trainer->chunks || !trainer->gradients || !trainer->taken) return out_of_memory();
    for (uint32_t c = 0; c < trainer->chunk_most; c++) {
        int code = dime_chunk_create(&trainer->chunks[c], &trainer->network, 1);
        if (code) return code;
        for (uint32_t i = 0; i < layers; i++) {
            const float **gradients = trainer->gradients + 3 * (size_t)i * trainer->chunk_most + c;
            gradients[0] = trainer->chunks[c].layers[i].weight_gradient;
            gradients[trainer->chunk_most] = trainer->chunks[c].layers[i].gain_gradient;
            gradients[2 * (size_t)trainer->chunk_most] = trainer->chunks[c].layers[i].offset_gradient;
        }
    }
    return 0;
}

static int make_makers(struct dime_trainer *trainer) {
    size_t block = (size_t)DIME_BLOCK_ROWS * trainer->widest + DIME_PAGE_FLOATS;
    trainer->makers = calloc(trainer->threads, sizeof *trainer->makers);
    trainer->phases = calloc(trainer->threads, sizeof *trainer->phases);
    trainer->sums = calloc(trainer->threads, sizeof *trainer->sums);
    if (!trainer->makers || !trainer->phases || !trainer->sums) return out_of_memory();
    for (uint32_t t = 0; t < trainer->threads; t++) {
        int code = dime_batch_maker_create(&trainer->makers[t], &trainer->data);
        if (code) return code;
        trainer->sums[t] = dime_aligned_zeros(block, sizeof(float));
        if (!trainer->sums[t]) return out_of_memory();
    }
    return 0;
}

/* Each chunk of a batch has gradients of its own. */
static int check_memory(const struct dime_trainer *trainer) {
    uint64_t weights = 0, most = UINT64_C(1) << 32;
    for (uint32_t i = 0; i < trainer->network.layer_count; i++)
        weights += trainer->network.layers[i].weight.count;
    uint64_t bytes = weights * sizeof(float) * trainer->chunk_most;
    if (bytes <= most) return 0;
    return dime_error_set(
        DIME_ERROR_CONFIG,
        "batch_size %u needs %.1f GB for the gradients of this network, at most %.1f are taken; "
        "choose a smaller batch or narrower layers",
        trainer->config.batch_size, (double)bytes / 1e9, (double)most / 1e9);
}

static int prepare(struct dime_trainer *trainer, const struct dime_dataset *dataset) {
    int code = dime_network_create(&trainer->network, &trainer->config, dataset->classes);
    if (!code) code = dime_network_create(&trainer->candidate, &trainer->config, dataset->classes);
    if (!code) code = dime_network_create(&trainer->chosen, &trainer->config, dataset->classes);
    if (!code) code = dime_train_data_create(&trainer->data, &trainer->config, dataset, trainer->threads);
    if (!code) code = dime_train_data_prepare(&trainer->data, trainer->threads);
    if (code) return code;
    /* Batches of an epoch are as equal as can be, at most batch_size: no small last one. */
    trainer->samples_per_epoch = dime_train_data_epoch_size(&trainer->data);
    uint32_t batch = trainer->config.batch_size;
    trainer->steps_per_epoch = (trainer->samples_per_epoch + batch - 1) / batch;
    trainer->chunk_most =
        dime_chunk_count(batch < trainer->samples_per_epoch ? batch : trainer->samples_per_epoch);
    trainer->samples = malloc(trainer->samples_per_epoch * sizeof *trainer->samples);
    if (!trainer->samples) return out_of_memory();
    for (uint32_t i = 0; i < trainer->network.layer_count; i++) {
        trainer->seen[i] = malloc(trainer->network.layers[i].outputs);
        if (!trainer->seen[i]) return out_of_memory();
    }
    code = check_memory(trainer);
    if (!code) code = make_blocks(trainer);
    if (!code) code = make_chunks(trainer);
    if (!code) code = make_makers(trainer);
    return code;
}

int dime_trainer_create(struct dime_trainer **trainer, const struct dime_config *config,
                        const struct dime_dataset *dataset, uint32_t threads) {
    *trainer = calloc(1, sizeof **trainer);
    if (!*trainer) return out_of_memory();
    (*trainer)->config = *config;
    (*trainer)->threads = threads;
    int code = prepare(*trainer, dataset);
    if (!code) return 0;
    dime_trainer_free(*trainer);
    *trainer = NULL;
    return code;
}

int dime_trainer_teach(struct dime_trainer *trainer, const struct dime_model *models) {
    if (!trainer->config.teacher_count) return 0;
    return dime_teachers_create(&trainer->teachers, models, &trainer->config, &trainer->data,
                                trainer->threads);
}

void dime_trainer_free(struct dime_trainer *trainer) {
    if (!trainer) return;
    dime_teachers_free(trainer->teachers);
    for (uint32_t c = 0; trainer->chunks && c < trainer->chunk_most; c++)
        dime_chunk_free(&trainer->chunks[c]);
    for (uint32_t t = 0; trainer->makers && t < trainer->threads; t++)
        dime_batch_maker_free(&trainer->makers[t]);
    for (uint32_t t = 0; trainer->sums && t < trainer->threads; t++) free(trainer->sums[t]);
    free(trainer->chunks);
    free(trainer->taken);
    free(trainer->makers);
    free(trainer->phases);
    free(trainer->sums);
    free(trainer->gradients);
    free(trainer->samples);
    free(trainer->blocks);
    free(trainer->magnitudes);
    free(trainer->slopes);
    free(trainer->magnitude);
    for (uint32_t i = 0; i < DIME_MAX_LAYERS; i++) free(trainer->seen[i]);
    dime_train_data_free(&trainer->data);
    dime_network_free(&trainer->network);
    dime_network_free(&trainer->candidate);
    dime_network_free(&trainer->chosen);
    free(trainer);
}

uint32_t dime_trainer_epochs_done(const struct dime_trainer *trainer) {
    return trainer->epochs_done;
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static double entropy_of(const struct dime_train_layer *layer) {
    uint32_t histogram[512] = {0}; /* weight values are -255 .. 255 */
    double total = (double)layer->inputs * layer->outputs, entropy = 0;
    for (uint32_t k = 0; k < layer->inputs; k++)
        for (uint32_t m = 0; m < layer->outputs; m++)
            histogram[256 + (int32_t)layer->values[(size_t)k * layer->padded_outputs + m]]++;
    for (uint32_t i = 0; i < 512; i++)
        if (histogram[i]) entropy -= histogram[i] / total * log2(histogram[i] / total);
    return entropy;
}

static void describe_layers(const struct dime_trainer *trainer, struct dime_epoch_report *report) {
    report->layer_count = trainer->network.layer_count;
    for (uint32_t i = 0; i < trainer->network.layer_count; i++) {
        const struct dime_train_layer *layer = &trainer->network.layers[i];
        double sum = 0;
        report->clip[i] = report->entropy[i] = (double)NAN;
        if (!layer->weight.count) continue; /* pooling */
        for (uint32_t c = 0; c < layer->clip.count; c++) sum += layer->clip.value[c];
        report->clip[i] = sum / (double)layer->clip.count;
        report->entropy[i] = trainer->network.quantized ? entropy_of(layer) : (double)NAN;
    }
}

/* Of equally good epochs the later one is kept. */
static int choose_candidate(struct dime_trainer *trainer, uint32_t correct) {
    if (trainer->config.selection == DIME_SELECT_BEST && correct < trainer->chosen_correct) return 0;
    trainer->chosen_correct = correct;
    trainer->chosen_epoch = trainer->epochs_done + 1;
    return dime_network_copy(&trainer->chosen, &trainer->candidate, 0);
}

/* Validates the epoch's candidate, and keeps it where the configuration says so. */
static int validate(struct dime_trainer *trainer, struct dime_epoch_report *report) {
    const struct dime_train_data *data = &trainer->data;
    struct dime_evaluation result = {0};
    report->validation_loss = report->validation_accuracy = (double)NAN;
    int code = dime_trainer_make_candidate(trainer);
    if (code) return code;
    if (data->validation_count == 0) return choose_candidate(trainer, 0);
    code = dime_evaluate_network(&trainer->candidate, data->encoded, data->dataset->labels,
                                 data->order + data->train_count, data->validation_count, trainer->threads,
                                 NULL, &result);
    report->validation_loss = result.loss;
    report->validation_accuracy = 100.0 * result.correct / data->validation_count;
    return code ? code : choose_candidate(trainer, result.correct);
}

/* Between epochs: silent units are revived, clipping values move until the epoch that the configuration
 * names. */
static int finish_epoch(struct dime_trainer *trainer) {
    const struct dime_config *config = &trainer->config;
    int moves =
        config->clip_update == DIME_CLIP_EVERY_EPOCH && trainer->epochs_done < config->clip_until_epoch;
    int revives = config->revive && trainer->epochs_done < config->epochs / 2;
    if (revives) dime_trainer_revive(trainer);
    trainer->epochs_done++;
    trainer->steps_done += trainer->steps_per_epoch;
    int code = moves ? dime_network_update_clip(&trainer->network) : 0;
    /* Always, so that a run that was interrupted here goes on with the same bits. */
    return code ? code : dime_network_refresh(&trainer->network);
}

/* A parameter that is no number stays none and spreads; nothing behind this has to expect one. */
static int check_finite(const struct dime_trainer *trainer, const struct dime_epoch_totals *totals) {
    int finite = isfinite(totals->loss);
    for (uint32_t i = 0; finite && i < trainer->network.layer_count; i++) {
        const struct dime_train_layer *layer = &trainer->network.layers[i];
        const struct dime_parameter *parameters[] = {&layer->weight, &layer->gain, &layer->offset,
                                                     &layer->clip};
        for (int p = 0; p < 4; p++)
            for (size_t k = 0; finite && k < parameters[p]->count; k++)
                finite = isfinite(parameters[p]->value[k]);
    }
    if (finite) return 0;
    return dime_error_set(DIME_ERROR_CONFIG,
                          "training diverged in epoch %u: weights or loss grew beyond all numbers; lower "
                          "learning_rate or weight_decay",
                          trainer->epochs_done + 1);
}

int dime_trainer_epoch(struct dime_trainer *trainer, const struct dime_train_watch *watch,
                       struct dime_epoch_report *report) {
    struct dime_epoch_totals totals;
    double start = now();
    if (trainer->config.teacher_count && !trainer->teachers)
        return dime_error_set(DIME_ERROR_CONFIG, "teacher is given, but no model was loaded for it");
    int code = dime_trainer_run_steps(trainer, watch, &totals);
    if (!code) code = check_finite(trainer, &totals);
    if (code) return code;
    *report = (struct dime_epoch_report){.epoch = trainer->epochs_done + 1, .epochs = trainer->config.epochs};
    report->seconds = now() - start;
    report->images_per_second = trainer->samples_per_epoch / report->seconds;
    report->train_loss = totals.loss / trainer->samples_per_epoch;
    report->train_accuracy = 100.0 * (double)totals.correct / trainer->samples_per_epoch;
    report->active_fraction = totals.activations ? (double)totals.active / (double)totals.activations : 0;
    report->learning_rate = dime_schedule_rate(&trainer->config, trainer->epochs_done) *
                            dime_schedule_warmup(&trainer->config, trainer->epochs_done,
                                                 trainer->steps_per_epoch - 1, trainer->steps_per_epoch);
    describe_layers(trainer, report);
    code = validate(trainer, report);
    return code ? code : finish_epoch(trainer);
}

struct dime_phases dime_trainer_phases(const struct dime_trainer *trainer) {
    struct dime_phases total = {{0}};
    for (uint32_t t = 0; t < trainer->threads; t++) dime_phases_add(&total, &trainer->phases[t]);
    for (uint32_t c = 0; c < trainer->chunk_most; c++) dime_phases_add(&total, &trainer->chunks[c].phases);
    return total;
}

uint32_t dime_trainer_chosen_epoch(const struct dime_trainer *trainer) {
    return trainer->chosen_epoch;
}

int dime_trainer_store(const struct dime_trainer *trainer, enum dime_trainer_network which,
                       struct dime_model *model) {
    return dime_network_store(which == DIME_TRAINER_CHOSEN ? &trainer->chosen : &trainer->candidate, model);
}
