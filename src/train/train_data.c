/* SPDX-License-Identifier: MIT */
#include "train/train_data.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/large.h"
#include "base/random.h"
#include "base/team.h"
#include "train/photo_sample.h"
#include "train/random_purpose.h"

/* Bytes of prepared pictures that are kept: MNIST takes 61 million. */
#define MOST_PREPARED ((size_t)1 << 28)

static void shuffle(struct dime_random random, uint32_t *items, uint32_t count) {
    for (uint32_t i = count; i > 1; i--) {
        uint32_t j = dime_random_below(&random, i), kept = items[i - 1];
        items[i - 1] = items[j];
        items[j] = kept;
    }
}

struct dime_input_format dime_config_input(const struct dime_config *config) {
    return (struct dime_input_format){config->input_size, config->input_encoding, config->input_threshold};
}

static void copy_settings(struct dime_train_data *data, const struct dime_config *config,
                          const struct dime_dataset *dataset) {
    data->input = dime_config_input(config);
    data->inputs = config->input_size * config->input_size;
    data->augmentation = config->augmentation;
    data->keep_original = config->keep_original;
    data->seed = config->seed;
    data->photos = config->photos;
    float pixel = (float)dataset->height / 28; /* elastic settings count pixels of a 28-pixel picture */
    data->augment = (struct dime_augment_settings){
        .rotation1 = config->rotation1,
        .rotation2 = config->rotation2,
        .translation = config->translation,
        .scale = config->scale,
        .shear = config->shear,
        .bilinear = config->bilinear,
        .elastic_probability = config->elastic_probability,
        .elastic_alpha = config->elastic_alpha * pixel,
        .elastic_sigma = config->elastic_sigma * pixel,
    };
}

int dime_train_data_create(struct dime_train_data *data, const struct dime_config *config,
                           const struct dime_dataset *dataset, uint32_t threads) {
    memset(data, 0, sizeof *data);
    if (config->validation_size >= dataset->count)
        return dime_error_set(
            DIME_ERROR_CONFIG,
            "validation_size is %u, but there are only %u training pictures; choose a smaller one",
            config->validation_size, dataset->count);
    data->dataset = dataset;
    copy_settings(data, config, dataset);
    data->validation_count = config->validation_size;
    data->train_count = dataset->count - config->validation_size;
    data->order = malloc(dataset->count * sizeof *data->order);
    if (!data->order) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for the order of pictures");
    for (uint32_t i = 0; i < dataset->count; i++) data->order[i] = i;
    shuffle(dime_random_stream(config->seed, DIME_RANDOM_VALIDATION, 0), data->order, dataset->count);
    int code = dime_encode_dataset(&data->input, dataset, threads, &data->encoded);
    if (code) dime_train_data_free(data);
    return code;
}

/* Pictures that the threads have prepared so far. */
#define RUN 500u
struct preparation {
    struct dime_train_data *data;
    struct dime_ticket ticket;
    atomic_int failed;
};

static void prepare_runs(void *context, struct dime_team *team, uint32_t member) {
    (void)team, (void)member;
    struct preparation *job = context;
    struct dime_train_data *data = job->data;
    const struct dime_dataset *dataset = data->dataset;
    size_t pixels = (size_t)dataset->height * dataset->width;
    struct dime_augmenter *augmenter;
    if (dime_augmenter_create(&augmenter, dataset->height, dataset->width, data->input.size,
                              &data->augment)) {
        atomic_store(&job->failed, 1);
        return;
    }
    for (uint32_t first; (first = RUN * dime_ticket_take(&job->ticket)) < dataset->count;)
        for (uint32_t i = first; i < first + RUN && i < dataset->count; i++)
            dime_augment_prepare(augmenter, dataset->pixels + i * pixels,
                                 data->prepared + i * data->prepared_bytes);
    dime_augmenter_free(augmenter);
}

/* Takes at most `most` bytes. */
static int prepare_all(struct dime_train_data *data, uint32_t threads, size_t most) {
    const struct dime_dataset *dataset = data->dataset;
    struct preparation job = {.data = data};
    struct dime_augmenter *augmenter;
    if (!data->augmentation) return 0;
    int code =
        dime_augmenter_create(&augmenter, dataset->height, dataset->width, data->input.size, &data->augment);
    if (code) return code;
    data->prepared_bytes = dime_augment_prepared_bytes(augmenter);
    dime_augmenter_free(augmenter);
    size_t bytes = dataset->count * data->prepared_bytes;
    if (bytes <= most) data->prepared = aligned_alloc(64, bytes);
    if (!data->prepared) { /* each when it is needed, then */
        dime_large_pages(dataset->pixels, (size_t)dataset->count * dataset->height * dataset->width);
        return 0;
    }
    dime_large_pages(data->prepared, bytes);
    dime_team_run(threads, prepare_runs, &job);
    return atomic_load(&job.failed) ? dime_error_set(DIME_ERROR_MEMORY, "out of memory for augmentation") : 0;
}

int dime_train_data_prepare(struct dime_train_data *data, uint32_t threads) {
    return prepare_all(data, threads, MOST_PREPARED);
}

void dime_train_data_free(struct dime_train_data *data) {
    if (!data->borrows_order) free(data->order);
    free(data->encoded);
    if (!data->borrows_prepared) free(data->prepared);
    memset(data, 0, sizeof *data);
}

/* Sample s is training picture s, untouched, below `plain`, and training picture s - plain, augmented, above.
 */
static uint32_t plain_count(const struct dime_train_data *data) {
    return data->augmentation && !data->keep_original ? 0 : data->train_count;
}

int dime_train_data_view(struct dime_train_data *data, const struct dime_train_data *of,
                         const struct dime_input_format *input, uint32_t threads, size_t *room) {
    *data = *of;
    data->input = *input;
    data->inputs = input->size * input->size;
    data->encoded = NULL;
    data->borrows_order = 1;
    data->borrows_prepared = input->size == of->input.size;
    if (!data->borrows_prepared) data->prepared = NULL;
    int code = plain_count(data) ? dime_encode_dataset(input, data->dataset, threads, &data->encoded) : 0;
    if (!code && !data->borrows_prepared) {
        code = prepare_all(data, threads, *room);
        if (data->prepared) *room -= data->dataset->count * data->prepared_bytes;
    }
    if (code) dime_train_data_free(data);
    return code;
}

uint32_t dime_train_data_epoch_size(const struct dime_train_data *data) {
    return plain_count(data) + (data->augmentation ? data->train_count : 0);
}

void dime_train_data_shuffle(const struct dime_train_data *data, uint32_t epoch, uint32_t *samples) {
    uint32_t count = dime_train_data_epoch_size(data);
    for (uint32_t i = 0; i < count; i++) samples[i] = i;
    shuffle(dime_random_stream(data->seed, DIME_RANDOM_SHUFFLE, epoch), samples, count);
}

int dime_batch_maker_create(struct dime_batch_maker *maker, const struct dime_train_data *data) {
    const struct dime_dataset *dataset = data->dataset;
    maker->pictures = dime_picture_kernels_get();
    maker->kernels = dime_kernels_get();
    maker->augmenter = NULL;
    maker->viewer = NULL;
    maker->picture = malloc(data->inputs + DIME_AUGMENT_ROOM);
    int code = maker->picture ? dime_augmenter_create(&maker->augmenter, dataset->height, dataset->width,
                                                      data->input.size, &data->augment)
                              : dime_error_set(DIME_ERROR_MEMORY, "out of memory for batches");
    if (!code) code = dime_photo_sample_create(&maker->viewer, data);
    if (code) dime_batch_maker_free(maker);
    return code;
}

void dime_batch_maker_free(struct dime_batch_maker *maker) {
    dime_augmenter_free(maker->augmenter);
    dime_photo_viewer_free(maker->viewer);
    free(maker->picture);
    memset(maker, 0, sizeof *maker);
}

/* Samples of a chunk that are made in the same way: their pictures, and the rows of the input they are for.
 */
struct kind {
    uint32_t count;
    uint32_t pictures[DIME_CHUNK_MOST];
    uint8_t rows[DIME_CHUNK_MOST];
};

/* The rows of a chunk, the augmented ones first: while one of them is made, there is time for the memory of
   others to come. */
struct filling {
    const struct dime_train_data *data;
    struct dime_batch_maker *maker;
    uint32_t epoch;
    struct kind plain, augmented;
    float *input;
    size_t input_row;
};

/* Reads the order and the labels of all samples at once, whose places in memory are as random as theirs. */
static void sort_samples(struct filling *filling, const uint32_t *samples, uint32_t count, uint8_t *labels) {
    const struct dime_train_data *data = filling->data;
    uint32_t plain = plain_count(data);
    for (uint32_t n = 0; n < count; n++) {
        int is_plain = samples[n] < plain;
        struct kind *kind = is_plain ? &filling->plain : &filling->augmented;
        uint32_t picture = data->order[is_plain ? samples[n] : samples[n] - plain];
        kind->pictures[kind->count] = picture;
        kind->rows[kind->count++] = (uint8_t)n;
        labels[n] = data->dataset->labels[picture];
    }
}

static const uint8_t *plain_pixels(const struct dime_train_data *data, size_t picture) {
    return (const uint8_t *)data->encoded + picture * data->inputs;
}

/* What a picture is augmented from. */
static size_t source_bytes(const struct dime_train_data *data) {
    return data->prepared ? data->prepared_bytes : (size_t)data->dataset->height * data->dataset->width;
}

static const uint8_t *source_pixels(const struct dime_train_data *data, size_t picture) {
    return (data->prepared ? data->prepared : data->dataset->pixels) + picture * source_bytes(data);
}

/* Asks for memory before it is needed: samples are strewn over all of it. */
static void prefetch(const uint8_t *from, size_t bytes) {
    for (size_t i = 0; i < bytes; i += 64) __builtin_prefetch(from + i);
}

static void augment(const struct filling *filling, uint32_t picture, const uint8_t *soon) {
    const struct dime_train_data *data = filling->data;
    struct dime_batch_maker *maker = filling->maker;
    uint64_t index = ((uint64_t)filling->epoch << 32) + picture;
    struct dime_random random = dime_random_stream(data->seed, DIME_RANDOM_AUGMENT, index);
    if (dime_photo_sample(data, maker->viewer, index, picture, maker->picture)) return;
    if (data->prepared)
        dime_augment_prepared(maker->augmenter, source_pixels(data, picture), soon, random, maker->picture);
    else
        dime_augment(maker->augmenter, source_pixels(data, picture), random, maker->picture);
}

#define AHEAD 3u

static void fill_augmented(const struct filling *filling) {
    const struct dime_train_data *data = filling->data;
    const struct kind *kind = &filling->augmented, *plain = &filling->plain;
    for (uint32_t i = 0; i < AHEAD && i < kind->count; i++)
        prefetch(source_pixels(data, kind->pictures[i]), source_bytes(data));
    for (uint32_t i = 0; i < kind->count; i++) {
        int more = i + AHEAD < kind->count;
        augment(filling, kind->pictures[i], more ? source_pixels(data, kind->pictures[i + AHEAD]) : NULL);
        filling->maker->pictures->encode_floats(data->input.encoding, data->input.threshold,
                                                filling->maker->picture, data->inputs,
                                                filling->input + kind->rows[i] * filling->input_row);
        if (i < plain->count) prefetch(plain_pixels(data, plain->pictures[i]), data->inputs);
    }
}

static void fill_plain(const struct filling *filling) {
    const struct dime_train_data *data = filling->data;
    const struct kind *kind = &filling->plain;
    uint32_t asked = filling->augmented.count; /* by fill_augmented */
    for (uint32_t i = 0; i < kind->count; i++) {
        for (; asked <= i + AHEAD && asked < kind->count; asked++)
            prefetch(plain_pixels(data, kind->pictures[asked]), data->inputs);
        filling->maker->kernels->widen((const int8_t *)plain_pixels(data, kind->pictures[i]), data->inputs,
                                       filling->input + kind->rows[i] * filling->input_row);
    }
}

void dime_batch_fill(const struct dime_train_data *data, struct dime_batch_maker *maker, uint32_t epoch,
                     const uint32_t *samples, uint32_t count, struct dime_chunk *chunk,
                     uint32_t padded_inputs) {
    struct filling filling = {.data = data,
                              .maker = maker,
                              .epoch = epoch,
                              .input = chunk->layers[0].input,
                              .input_row = padded_inputs};
    chunk->count = count;
    sort_samples(&filling, samples, count, chunk->labels);
    fill_augmented(&filling);
    fill_plain(&filling);
}
