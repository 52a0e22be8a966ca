/* SPDX-License-Identifier: MIT */
/* Distillation (Hinton and others 2015, "Distilling the knowledge in a neural network"): for each picture of
   a batch, distorted like the student's own, the teachers' mean probabilities. With p the student's softmax,
   p' and q' its and the teachers' at logits / T, the loss is (1 - weight) cross-entropy(label, p) + weight
   T^2 cross-entropy(q', p'). */
#ifndef DIME_TRAIN_TEACHER_H
#define DIME_TRAIN_TEACHER_H

#include "model/model.h"
#include "train/train_data.h"

struct dime_teachers;

/* models: config->teacher_count of them, read only here. config: the student's; dataset is borrowed, as is
   `data`, the student's. Errors: CONFIG (other classes, no float part), MEMORY. */
int dime_teachers_create(struct dime_teachers **teachers, const struct dime_model *models,
                         const struct dime_config *config, const struct dime_train_data *data,
                         uint32_t threads);
void dime_teachers_free(struct dime_teachers *teachers);
/* Fills chunk->soft for samples whose input the chunk has. member: 0 .. threads-1. */
void dime_teachers_answer(struct dime_teachers *teachers, uint32_t member, uint32_t epoch,
                          const uint32_t *samples, struct dime_chunk *chunk, uint32_t padded_inputs);
/* Of all their weights: which teachers a run began with. */
uint32_t dime_teachers_checksum(const struct dime_teachers *teachers);

/* chunk->tempered: softmax of the logits / temperature. */
void dime_chunk_temper(const struct dime_network_state *network, struct dime_chunk *chunk);
/* gradient: d cross-entropy(label) / d logits of image n; becomes that of the whole loss. */
void dime_distil_gradient(const struct dime_network_state *network, const struct dime_chunk *chunk,
                          uint32_t n, float *gradient);

#endif
