/* SPDX-License-Identifier: MIT */
/* The training loop. The same configuration, seed and data give the same bytes of model for any number of
   threads, and for any number of interruptions between epochs. */
#ifndef DIME_TRAIN_TRAINER_H
#define DIME_TRAIN_TRAINER_H

#include "data/dataset.h"
#include "model/epoch_report.h"
#include "model/model.h"
#include "train/phases.h"

struct dime_trainer;

struct dime_train_watch {
    void (*progress)(void *context, uint32_t epoch, uint64_t done, uint64_t total); /* images; may be NULL */
    int (*stop)(void *context); /* polled in every step; non-zero ends the epoch; may be NULL */
    void *context;
};

/* dataset is borrowed and must outlive the trainer. threads: 1..256. Errors: CONFIG, MEMORY. */
int dime_trainer_create(struct dime_trainer **trainer, const struct dime_config *config,
                        const struct dime_dataset *dataset, uint32_t threads);
/* The models that the configuration's `teacher` stands for, before the first epoch or restoring; read only
   here. Errors: CONFIG, MEMORY. */
int dime_trainer_teach(struct dime_trainer *trainer, const struct dime_model *models);
void dime_trainer_free(struct dime_trainer *trainer);
uint32_t dime_trainer_epochs_done(const struct dime_trainer *trainer);

/* Trains one epoch and validates. After INTERRUPTED the trainer holds a half-trained epoch: restore or free
 * it. */
int dime_trainer_epoch(struct dime_trainer *trainer, const struct dime_train_watch *watch,
                       struct dime_epoch_report *report);

/* Where the time of all epochs so far went, summed over threads. */
struct dime_phases dime_trainer_phases(const struct dime_trainer *trainer);

/* The epoch whose network is the result so far, see `selection` in the configuration; 0 before the first. */
uint32_t dime_trainer_chosen_epoch(const struct dime_trainer *trainer);
enum dime_trainer_network {
    DIME_TRAINER_LATEST, /* as validated after the latest epoch */
    DIME_TRAINER_CHOSEN, /* the result so far */
};
/* A network as a model, integer part included. Errors: MEMORY. */
int dime_trainer_store(const struct dime_trainer *trainer, enum dime_trainer_network which,
                       struct dime_model *model);

/* A checkpoint holds parameters, optimizer moments and clipping values after a whole epoch; it is written
   whole or not at all. Restore checks that it belongs to the same configuration. Errors: IO, MALFORMED,
   CONFIG, MEMORY. */
int dime_trainer_save(const struct dime_trainer *trainer, const char *path);
int dime_trainer_restore(struct dime_trainer *trainer, const char *path);

#endif
