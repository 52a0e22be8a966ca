/* SPDX-License-Identifier: MIT */
/* Private to src/train: what trainer.c, step.c and checkpoint.c share. */
#ifndef DIME_TRAIN_TRAINER_STATE_H
#define DIME_TRAIN_TRAINER_STATE_H

#include <stdatomic.h>

#include "train/network.h"
#include "train/teacher.h"
#include "train/train_data.h"
#include "train/trainer.h"

/* A piece of a weight matrix that one thread updates at a time: at most DIME_BLOCK_ROWS rows. */
#define DIME_BLOCK_ROWS 32u
struct dime_update_block {
    uint32_t layer, first, last; /* input rows first .. last-1 */
    uint64_t place;              /* weights before its middle */
};

struct dime_trainer {
    struct dime_config config;
    struct dime_network_state network;   /* being trained */
    struct dime_network_state candidate; /* what an epoch's end validates: the same, or its moving average */
    struct dime_network_state chosen;    /* the result so far */
    uint32_t chosen_epoch, chosen_correct;
    struct dime_train_data data;
    struct dime_teachers *teachers; /* NULL: none */
    uint32_t threads, epochs_done;
    uint64_t steps_done; /* Adam's step count */

    uint32_t samples_per_epoch, steps_per_epoch, chunk_most;
    uint32_t *samples;               /* shuffled sample numbers of the epoch */
    struct dime_chunk *chunks;       /* chunk_most of them */
    atomic_uint *taken;              /* one a chunk: the last step of the epoch that a member took it in */
    struct dime_batch_maker *makers; /* one a thread */
    struct dime_phases *phases;      /* one a thread; the chunks have their own */
    float **sums;                    /* one a thread: room for the gradient of a block, and a page more */
    const float *
        *gradients; /* layer_count x 3 x chunk_most: weight, gain and offset gradients of each chunk */
    uint8_t *seen[DIME_MAX_LAYERS]; /* M: the epoch has activated this hidden unit */
    struct dime_update_block *blocks;
    uint32_t block_count;
    uint64_t block_weights; /* of all of them */
    float *magnitudes;      /* block_count x widest Mp: sums of |weight| over a block's rows */
    float *slopes;     /* block_count x widest Mp: d loss / d log(scale) of a block's rows, where learned */
    double *magnitude; /* widest Mp: one of the two of one layer */
    uint32_t widest;   /* Mp of any layer */
};

/* Part `which` (0 .. parts-1) of `count` things cut into near-equal runs: start of the run. */
static inline uint32_t dime_cut(uint32_t count, uint32_t parts, uint32_t which) {
    return (uint32_t)((uint64_t)count * which / parts);
}

/* Chunks of a batch of `count` images. */
static inline uint32_t dime_chunk_count(uint32_t count) {
    uint32_t chunks = (count + DIME_CHUNK / 2) / DIME_CHUNK;
    return chunks ? chunks : 1;
}

/* Draws hidden units anew that the epoch never activated: without a bias, such a unit has no gradient and
   stays dead for good. Its weights get the size of the layer's, its moments start again. Call before
   epochs_done moves on. */
void dime_trainer_revive(struct dime_trainer *trainer);

/* Makes the candidate from the network in training: its parameters or their moving average, and its
   statistics or those of `batchnorm_images`. Errors: MEMORY. */
int dime_trainer_make_candidate(struct dime_trainer *trainer);

/* 1 while this layer's scales are learned. */
int dime_trainer_learns_scale(const struct dime_trainer *trainer, uint32_t layer);
/* d loss / d log(scale) of a block's weights into its part of `slopes`; before they are updated. */
void dime_trainer_scale_slope(struct dime_trainer *trainer, uint32_t block, const struct dime_adam *adam);
/* One step of Adam on log(scale) of a layer, from the slopes of its blocks, and of its average. */
void dime_trainer_move_scale(struct dime_trainer *trainer, uint32_t layer, const struct dime_adam *adam);

struct dime_epoch_totals {
    double loss;
    uint64_t correct, active, activations;
};

/* Runs every step of the coming epoch. Errors: INTERRUPTED, MEMORY. */
int dime_trainer_run_steps(struct dime_trainer *trainer, const struct dime_train_watch *watch,
                           struct dime_epoch_totals *totals);

#endif
