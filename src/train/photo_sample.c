/* SPDX-License-Identifier: MIT */
#include "train/photo_sample.h"

#include "train/random_purpose.h"

int dime_photo_sample_create(struct dime_photo_viewer **viewer, const struct dime_train_data *data) {
    const struct dime_dataset *dataset = data->dataset;
    *viewer = NULL;
    if (!(data->photos > 0)) return 0;
    return dime_photo_viewer_create(viewer, dataset->height, dataset->width, DIME_PHOTO_TRAINING_HEIGHT,
                                    DIME_PHOTO_TRAINING_WIDTH, data->input.size, &dime_photo_training);
}

/* What the vision does not take for a digit teaches nothing: such a picture is augmented as usual. */
int dime_photo_sample(const struct dime_train_data *data, struct dime_photo_viewer *viewer, uint64_t index,
                      uint32_t picture, uint8_t *grey) {
    const struct dime_dataset *dataset = data->dataset;
    if (!viewer) return 0;
    struct dime_random random = dime_random_stream(data->seed, DIME_RANDOM_PHOTO, index);
    if (dime_random_unit(&random) >= data->photos) return 0;
    const uint8_t *digit = dataset->pixels + (size_t)picture * dataset->height * dataset->width;
    return dime_photo_view(viewer, digit, random, grey) == DIME_VISION_DIGIT;
}
