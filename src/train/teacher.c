/* SPDX-License-Identifier: MIT */
#include "train/teacher.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/error.h"

/* Bytes of pictures that are prepared for teachers of other input sizes; MNIST takes 61 million for a size.
 */
#define MOST_PREPARED_FOR_ALL ((size_t)1 << 26)

/* What one thread needs for one teacher. */
struct pupil {
    struct dime_chunk chunk;
    struct dime_batch_maker maker; /* where the teacher's input differs from the student's */
};

struct teacher {
    struct dime_network_state network;
    int own_input; /* another size or encoding of pictures than the student's: `data` makes them */
    struct dime_train_data data;
    struct pupil *pupils; /* one a thread */
};

struct dime_teachers {
    struct teacher teachers[DIME_MAX_TEACHERS];
    uint32_t count, threads;
    float temperature;
};

static int out_of_memory(void) {
    return dime_error_set(DIME_ERROR_MEMORY, "out of memory for teachers");
}

static int check_model(const struct dime_model *model, const char *name, uint32_t classes) {
    if (model->classes != classes)
        return dime_error_set(DIME_ERROR_CONFIG,
                              "teacher %s has %u classes, the data has %u; choose a model of the same data",
                              name, model->classes, classes);
    if (!model->layers[model->layer_count - 1].weight)
        return dime_error_set(DIME_ERROR_CONFIG,
                              "teacher %s has no float part, so its logits have no scale; expected a model "
                              "that dime trained, not an imported one",
                              name);
    return 0;
}

/* The student's pictures as the teacher sees them: the same split, order and distortions. */
static int make_input(struct teacher *teacher, const struct dime_train_data *data, uint32_t threads,
                      size_t *room) {
    struct dime_input_format input = dime_config_input(&teacher->network.config);
    int same = input.size == data->input.size && input.encoding == data->input.encoding &&
               (input.encoding != DIME_INPUT_BINARY || input.threshold == data->input.threshold);
    if (same) return 0;
    teacher->own_input = 1;
    return dime_train_data_view(&teacher->data, data, &input, threads, room);
}

static int make_pupils(struct teacher *teacher, uint32_t threads) {
    int code = 0;
    teacher->pupils = calloc(threads, sizeof *teacher->pupils);
    if (!teacher->pupils) return out_of_memory();
    for (uint32_t t = 0; t < threads && !code; t++) {
        code = dime_chunk_create(&teacher->pupils[t].chunk, &teacher->network, 0);
        if (!code && teacher->own_input)
            code = dime_batch_maker_create(&teacher->pupils[t].maker, &teacher->data);
    }
    return code;
}

static int make_teacher(struct teacher *teacher, const struct dime_model *model, const char *name,
                        const struct dime_train_data *data, uint32_t threads, size_t *room) {
    int code = check_model(model, name, data->dataset->classes);
    if (!code) code = dime_network_load(&teacher->network, model);
    if (!code) code = make_input(teacher, data, threads, room);
    return code ? code : make_pupils(teacher, threads);
}

int dime_teachers_create(struct dime_teachers **teachers, const struct dime_model *models,
                         const struct dime_config *config, const struct dime_train_data *data,
                         uint32_t threads) {
    struct dime_teachers *made = *teachers = calloc(1, sizeof *made);
    int code = made ? 0 : out_of_memory();
    if (code) return code;
    made->count = config->teacher_count;
    made->threads = threads;
    made->temperature = config->teacher_temperature;
    size_t room = MOST_PREPARED_FOR_ALL;
    for (uint32_t i = 0; i < made->count && !code; i++)
        code = make_teacher(&made->teachers[i], &models[i], config->teacher[i], data, threads, &room);
    if (!code) return 0;
    dime_teachers_free(made);
    *teachers = NULL;
    return code;
}

void dime_teachers_free(struct dime_teachers *teachers) {
    if (!teachers) return;
    for (uint32_t i = 0; i < teachers->count; i++) {
        struct teacher *teacher = &teachers->teachers[i];
        for (uint32_t t = 0; teacher->pupils && t < teachers->threads; t++) {
            dime_chunk_free(&teacher->pupils[t].chunk);
            dime_batch_maker_free(&teacher->pupils[t].maker);
        }
        free(teacher->pupils);
        dime_train_data_free(&teacher->data);
        dime_network_free(&teacher->network);
    }
    free(teachers);
}

/* Softmax of `real` / temperature, N x Mp. scratch: N x Mp. */
static void soften(const struct dime_kernels *kernels, uint32_t count, uint32_t classes, float temperature,
                   const float *real, float *scratch, float *probability) {
    static const uint8_t labels[DIME_CHUNK_MOST] = {0}; /* for a loss that nobody wants */
    uint8_t predictions[DIME_CHUNK_MOST];
    uint32_t padded = dime_pad(classes);
    for (size_t i = 0; i < (size_t)count * padded; i++) scratch[i] = real[i] / temperature;
    kernels->score(&(struct dime_score_rows){
        .rows = count,
        .classes = classes,
        .padded = padded,
        .real = scratch,
        .labels = labels,
        .probability = probability,
        .predictions = predictions,
    });
}

/* The teacher's input: the student's own, or the same pictures made for it. */
static void fill_input(const struct teacher *teacher, struct pupil *pupil, uint32_t epoch,
                       const uint32_t *samples, const struct dime_chunk *student, uint32_t padded_inputs) {
    struct dime_chunk *chunk = &pupil->chunk;
    if (teacher->own_input) {
        dime_batch_fill(&teacher->data, &pupil->maker, epoch, samples, student->count, chunk,
                        teacher->network.padded_inputs);
        return;
    }
    chunk->count = student->count;
    memcpy(chunk->labels, student->labels, student->count);
    memcpy(chunk->layers[0].input, student->layers[0].input,
           (size_t)student->count * padded_inputs * sizeof(float));
}

void dime_teachers_answer(struct dime_teachers *teachers, uint32_t member, uint32_t epoch,
                          const uint32_t *samples, struct dime_chunk *chunk, uint32_t padded_inputs) {
    uint32_t classes = teachers->teachers[0].network.classes;
    size_t size = (size_t)chunk->count * dime_pad(classes);
    float *scratch = chunk->tempered, *answer = chunk->tempered + (size_t)DIME_CHUNK_MOST * dime_pad(classes);
    memset(chunk->soft, 0, size * sizeof *chunk->soft);
    for (uint32_t i = 0; i < teachers->count; i++) {
        struct teacher *teacher = &teachers->teachers[i];
        struct pupil *pupil = &teacher->pupils[member];
        fill_input(teacher, pupil, epoch, samples, chunk, padded_inputs);
        dime_chunk_forward(&teacher->network, &pupil->chunk, 0);
        soften(teacher->network.kernels, chunk->count, classes, teachers->temperature,
               pupil->chunk.real_logits, scratch, answer);
        for (size_t k = 0; k < size; k++) chunk->soft[k] += answer[k] / (float)teachers->count;
    }
}

uint32_t dime_teachers_checksum(const struct dime_teachers *teachers) {
    uLong checksum = 0;
    for (uint32_t i = 0; i < teachers->count; i++) {
        const struct dime_network_state *network = &teachers->teachers[i].network;
        for (uint32_t l = 0; l < network->layer_count; l++) {
            const struct dime_parameter *weight = &network->layers[l].weight;
            if (weight->count)
                checksum =
                    crc32_z(checksum, (const void *)weight->value, weight->count * sizeof *weight->value);
        }
    }
    return (uint32_t)checksum;
}

void dime_chunk_temper(const struct dime_network_state *network, struct dime_chunk *chunk) {
    size_t size = (size_t)DIME_CHUNK_MOST * dime_pad(network->classes);
    soften(network->kernels, chunk->count, network->classes, network->config.teacher_temperature,
           chunk->real_logits, chunk->tempered + size, chunk->tempered);
}

void dime_distil_gradient(const struct dime_network_state *network, const struct dime_chunk *chunk,
                          uint32_t n, float *gradient) {
    float weight = network->config.teacher_weight, slope = weight * network->config.teacher_temperature;
    size_t row = (size_t)n * dime_pad(network->classes);
    for (uint32_t m = 0; m < network->classes; m++)
        gradient[m] = (1 - weight) * gradient[m] + slope * (chunk->tempered[row + m] - chunk->soft[row + m]);
}
