/* SPDX-License-Identifier: MIT */
/* Checkpoints: a safetensors file with every array that training carries from one epoch to the next. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"
#include "model/safetensors.h"
#include "train/trainer_state.h"

#define CHECKPOINT_FORMAT "dime-checkpoint-1"

/* One array of the trainer's state under its name in the file. */
struct state_array {
    char name[48];
    float *data;
    size_t count;
};

#define ARRAYS_PER_LAYER 24

/* Arrays in the order of listing. prefix: "" or "chosen.". */
struct state_list {
    struct state_array *arrays;
    uint32_t used;
    const char *prefix;
};

static void add_array(struct state_list *list, uint32_t layer, const char *what, float *data, size_t count) {
    if (!data || !count) return;
    struct state_array *array = &list->arrays[list->used++];
    snprintf(array->name, sizeof array->name, "%slayers.%u.%s", list->prefix, layer, what);
    array->data = data;
    array->count = count;
}

/* What only the network in training has: moments, and the average where there is one. */
static void add_moments(struct state_list *list, uint32_t layer, const char *what,
                        const struct dime_parameter *parameter, int averaged) {
    char name[32];
    snprintf(name, sizeof name, "%s.moment1", what);
    add_array(list, layer, name, parameter->moment1, parameter->count);
    snprintf(name, sizeof name, "%s.moment2", what);
    add_array(list, layer, name, parameter->moment2, parameter->count);
    snprintf(name, sizeof name, "%s.average", what);
    if (averaged) add_array(list, layer, name, parameter->average, parameter->count);
}

static void add_network(struct state_list *list, const struct dime_network_state *network) {
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct dime_train_layer *layer = &network->layers[i];
        add_array(list, i, "weight", layer->weight.value, layer->weight.count);
        add_array(list, i, "clip", layer->clip.value, layer->clip.count);
        add_array(list, i, "norm.weight", layer->gain.value, layer->gain.count);
        add_array(list, i, "norm.bias", layer->offset.value, layer->offset.count);
        add_array(list, i, "norm.running_mean", layer->mean, layer->padded_outputs);
        add_array(list, i, "norm.running_var", layer->variance, layer->padded_outputs);
    }
}

/* Every array in a fixed order; returns how many. */
static uint32_t list_state(const struct dime_trainer *trainer, struct state_array *arrays) {
    struct state_list list = {arrays, 0, ""};
    add_network(&list, &trainer->network);
    for (uint32_t i = 0; i < trainer->network.layer_count; i++) {
        const struct dime_train_layer *layer = &trainer->network.layers[i];
        int averaged = trainer->config.weight_averaging > 0;
        add_moments(&list, i, "weight", &layer->weight, averaged);
        add_moments(&list, i, "norm.weight", &layer->gain, averaged);
        add_moments(&list, i, "norm.bias", &layer->offset, averaged);
        if (trainer->config.clip_update == DIME_CLIP_LEARNED)
            add_moments(&list, i, "clip", &layer->clip, averaged);
    }
    list.prefix = "chosen.";
    add_network(&list, &trainer->chosen);
    return list.used;
}

static uint32_t add_checksum(uint32_t checksum, const void *data, size_t bytes) {
    return (uint32_t)crc32_z(checksum, data, bytes);
}

static uint32_t state_checksum(const struct state_array *arrays, uint32_t count) {
    uint32_t checksum = 0;
    for (uint32_t i = 0; i < count; i++)
        checksum = add_checksum(checksum, arrays[i].data, arrays[i].count * sizeof(float));
    return checksum;
}

static void add_number(struct dime_safetensors_writer *writer, const char *key, uint64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    dime_safetensors_add_meta(writer, key, text);
}

int dime_trainer_save(const struct dime_trainer *trainer, const char *path) {
    struct state_array arrays[DIME_MAX_LAYERS * ARRAYS_PER_LAYER];
    uint32_t count = list_state(trainer, arrays);
    char *config = dime_config_format(&trainer->config);
    struct dime_safetensors_writer *writer = dime_safetensors_writer_new();
    if (!config || !writer) {
        free(config);
        dime_safetensors_writer_free(writer);
        return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    }
    dime_safetensors_add_meta(writer, "format", CHECKPOINT_FORMAT);
    dime_safetensors_add_meta(writer, "config", config);
    add_number(writer, "epochs_done", trainer->epochs_done);
    add_number(writer, "steps_done", trainer->steps_done);
    add_number(writer, "chosen_epoch", trainer->chosen_epoch);
    add_number(writer, "chosen_correct", trainer->chosen_correct);
    if (trainer->teachers) add_number(writer, "teachers", dime_teachers_checksum(trainer->teachers));
    add_number(writer, "checksum", state_checksum(arrays, count));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t shape[1] = {arrays[i].count};
        dime_safetensors_add(writer, arrays[i].name, DIME_F32, 1, shape, arrays[i].data);
    }
    free(config);
    return dime_safetensors_write(writer, path);
}

static int malformed(const char *path, const char *what) {
    return dime_error_set(
        DIME_ERROR_MALFORMED,
        "%s: %s; it cannot be resumed from: delete the file to start again, or restore a copy", path, what);
}

static int read_number(const struct dime_safetensors *file, const char *key, uint64_t *number) {
    const char *text = dime_safetensors_meta(file, key);
    char *end;
    if (!text || *text < '0' || *text > '9') return DIME_ERROR_MALFORMED;
    *number = strtoull(text, &end, 10);
    return *end ? DIME_ERROR_MALFORMED : 0;
}

static int check_config(const char *path, const struct dime_safetensors *file,
                        const struct dime_trainer *trainer) {
    const char *format = dime_safetensors_meta(file, "format"),
               *saved = dime_safetensors_meta(file, "config");
    if (!format || strcmp(format, CHECKPOINT_FORMAT) != 0 || !saved)
        return malformed(path, "not a checkpoint (no format \"" CHECKPOINT_FORMAT "\")");
    char *config = dime_config_format(&trainer->config);
    if (!config) return dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", path);
    int differs = strcmp(config, saved) != 0;
    free(config);
    return differs
               ? dime_error_set(DIME_ERROR_CONFIG,
                                "%s: made with another configuration; resume with the config.yaml of its own "
                                "run folder, or train into another folder",
                                path)
               : 0;
}

/* Other teachers would go on to another model. */
static int check_teachers(const char *path, const struct dime_safetensors *file,
                          const struct dime_trainer *trainer) {
    uint64_t found;
    if (!trainer->teachers) return 0;
    if (!read_number(file, "teachers", &found) && found == dime_teachers_checksum(trainer->teachers))
        return 0;
    return dime_error_set(
        DIME_ERROR_CONFIG,
        "%s: made with teachers of other weights; resume with the same model files, or train "
        "into another folder",
        path);
}

static int check_arrays(const char *path, const struct dime_safetensors *file,
                        const struct state_array *arrays, uint32_t count) {
    uint32_t checksum = 0;
    uint64_t expected;
    if (file->tensor_count != count) return malformed(path, "another number of arrays than this network has");
    for (uint32_t i = 0; i < count; i++) {
        const struct dime_tensor *tensor = dime_safetensors_find(file, arrays[i].name);
        if (!tensor || tensor->type != DIME_F32 || tensor->size != arrays[i].count * sizeof(float))
            return malformed(path, "an array is missing or has another size than this network's");
        checksum = add_checksum(checksum, tensor->data, tensor->size);
    }
    if (read_number(file, "checksum", &expected) || expected != checksum)
        return malformed(path, "damaged (its checksum differs)");
    return 0;
}

static int restore_from(const char *path, const struct dime_safetensors *file, struct dime_trainer *trainer) {
    struct state_array arrays[DIME_MAX_LAYERS * ARRAYS_PER_LAYER];
    uint32_t count = list_state(trainer, arrays);
    uint64_t epochs, steps, chosen, correct;
    int code = check_config(path, file, trainer);
    if (!code) code = check_teachers(path, file, trainer);
    if (!code) code = check_arrays(path, file, arrays, count);
    if (code) return code;
    if (read_number(file, "epochs_done", &epochs) || read_number(file, "steps_done", &steps) ||
        read_number(file, "chosen_epoch", &chosen) || read_number(file, "chosen_correct", &correct) ||
        epochs > trainer->config.epochs || steps != epochs * trainer->steps_per_epoch || chosen > epochs ||
        correct > trainer->data.validation_count)
        return malformed(path, "its epoch and step numbers do not fit the configuration and data");
    for (uint32_t i = 0; i < count; i++)
        memcpy(arrays[i].data, dime_safetensors_find(file, arrays[i].name)->data,
               arrays[i].count * sizeof(float));
    trainer->epochs_done = (uint32_t)epochs;
    trainer->steps_done = steps;
    trainer->chosen_epoch = (uint32_t)chosen;
    trainer->chosen_correct = (uint32_t)correct;
    code = dime_network_refresh(&trainer->network);
    if (!code) code = dime_network_refresh(&trainer->chosen);
    if (!code) code = dime_trainer_make_candidate(trainer);
    return code;
}

int dime_trainer_restore(struct dime_trainer *trainer, const char *path) {
    struct dime_safetensors file;
    int code = dime_safetensors_read(path, &file);
    if (code) return code;
    code = restore_from(path, &file, trainer);
    dime_safetensors_free(&file);
    return code;
}
