/* SPDX-License-Identifier: MIT */
/* Where the trainer's batches come from. */
#ifndef DIME_TRAIN_TRAIN_DATA_H
#define DIME_TRAIN_TRAIN_DATA_H

#include "data/augment.h"
#include "data/dataset.h"
#include "data/encoded.h"
#include "data/photo_view.h"
#include "data/picture_kernels.h"
#include "model/config.h"
#include "train/network.h"

struct dime_train_data {
    const struct dime_dataset *dataset; /* borrowed */
    struct dime_input_format input;
    uint32_t inputs;   /* K of the first layer */
    int8_t *encoded;   /* every picture of the dataset, untouched; NULL in a view that shows none of them */
    uint8_t *prepared; /* every training picture made ready for distortion; NULL: each when it is needed */
    size_t prepared_bytes; /* of one picture */
    uint32_t *order;       /* seeded shuffle: training pictures, then validation pictures */
    uint32_t train_count, validation_count;
    int augmentation, keep_original;
    struct dime_augment_settings augment;
    float photos; /* share of the augmented samples that are camera pictures */
    uint64_t seed;
    int borrows_order, borrows_prepared; /* a view's, from what it is a view of */
};

/* Resizes, encodes and splits, on `threads` threads. Errors: CONFIG (validation_size leaves nothing to train
 * on), MEMORY. */
int dime_train_data_create(struct dime_train_data *data, const struct dime_config *config,
                           const struct dime_dataset *dataset, uint32_t threads);
/* Before training with augmentation: makes ready what all distortions of a picture have in common, on
   `threads` threads. Errors: MEMORY. */
int dime_train_data_prepare(struct dime_train_data *data, uint32_t threads);
/* The same samples with the same distortions in another input format, for a teacher. `of` is prepared already
   and outlives the view. room: bytes that the view may take for prepared pictures of its own; what it took is
   subtracted. Errors: MEMORY. */
int dime_train_data_view(struct dime_train_data *data, const struct dime_train_data *of,
                         const struct dime_input_format *input, uint32_t threads, size_t *room);
void dime_train_data_free(struct dime_train_data *data);
struct dime_input_format dime_config_input(const struct dime_config *config);

/* Samples of one epoch: every training picture once, or once as it is and once augmented. */
uint32_t dime_train_data_epoch_size(const struct dime_train_data *data);
/* Shuffled sample numbers of an epoch into `samples`, dime_train_data_epoch_size entries. */
void dime_train_data_shuffle(const struct dime_train_data *data, uint32_t epoch, uint32_t *samples);

/* Working memory for filling chunks; one for each thread. */
struct dime_batch_maker {
    const struct dime_picture_kernels *pictures;
    const struct dime_kernels *kernels;
    struct dime_augmenter *augmenter;
    struct dime_photo_viewer *viewer; /* NULL: no camera pictures */
    uint8_t *picture;                 /* one augmented picture of the input's size */
};
int dime_batch_maker_create(struct dime_batch_maker *maker, const struct dime_train_data *data);
void dime_batch_maker_free(struct dime_batch_maker *maker);

/* Fills chunk->count, labels and the first layer's input with `count` samples (<= DIME_CHUNK_MOST). */
void dime_batch_fill(const struct dime_train_data *data, struct dime_batch_maker *maker, uint32_t epoch,
                     const uint32_t *samples, uint32_t count, struct dime_chunk *chunk,
                     uint32_t padded_inputs);

#endif
