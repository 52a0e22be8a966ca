/* SPDX-License-Identifier: MIT */
#include "cli/typical.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "data/encoded.h"
#include "train/train_data.h"

enum { PICTURES = 500 };

static int encode_some(const struct dime_model *model, const struct dime_dataset *data, uint32_t count,
                       int8_t *encoded) {
    struct dime_input_format input = dime_config_input(&model->config);
    size_t area = (size_t)data->height * data->width, inputs = dime_model_input_count(model);
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *pixels = data->pixels + (uint64_t)i * data->count / count * area;
        int code = dime_encode_pictures(&input, pixels, 1, data->height, data->width, encoded + i * inputs);
        if (code) return code;
    }
    return 0;
}

int cli_typical_count(const struct dime_model *model, const struct dime_dataset *data,
                      struct dime_activity *activity) {
    uint32_t count = data->count < PICTURES ? data->count : PICTURES;
    if (!count) return dime_error_set(DIME_ERROR_CONFIG, "a dataset without pictures tells no activity");
    int8_t *encoded = malloc((size_t)count * dime_model_input_count(model));
    if (!encoded) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for pictures");
    int code = encode_some(model, data, count, encoded);
    if (!code) code = dime_activity_count(model, encoded, count, activity);
    free(encoded);
    return code;
}

const char *cli_typical_origin_text(enum cli_typical_origin origin) {
    static const char *const texts[] = {
        "activations counted on training pictures", "activations as counted when it was trained",
        "activations assumed: the model's file does not tell them; --data counts them on pictures"};
    return texts[origin];
}

static int count_on(const struct dime_model *model, const char *data, const char *folder,
                    struct dime_activity *activity) {
    struct dime_dataset_pair pair;
    int code = dime_dataset_open(data, folder, &pair);
    if (code) return code;
    code = cli_typical_count(model, &pair.train, activity);
    dime_dataset_close(&pair);
    return code;
}

int cli_typical_find(const struct dime_model *model, const char *data, const char *folder,
                     struct dime_activity *activity, enum cli_typical_origin *origin) {
    *origin = CLI_TYPICAL_DATA;
    if (data) return count_on(model, data, folder, activity);
    *origin = CLI_TYPICAL_MODEL;
    if (dime_activity_read(model, activity)) return 0;
    *origin = CLI_TYPICAL_DATA;
    if (!count_on(model, model->config.dataset, folder, activity)) return 0;
    *origin = CLI_TYPICAL_ASSUMED;
    dime_activity_assume(model, activity);
    return 0;
}
