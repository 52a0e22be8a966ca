/* SPDX-License-Identifier: MIT */
#include "data/encoded.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/large.h"
#include "base/team.h"
#include "data/picture_kernels.h"
#include "data/resize.h"

int dime_encode_pictures(const struct dime_input_format *format, const uint8_t *pixels, uint32_t count,
                         uint32_t height, uint32_t width, int8_t *encoded) {
    const struct dime_picture_kernels *kernels = dime_picture_kernels_get();
    uint32_t inputs = format->size * format->size;
    uint8_t *small = (uint8_t *)encoded; /* same size; encoding works in place */
    int code = dime_resize_many(pixels, count, height, width, small, format->size, format->size);
    if (code) return code;
    for (size_t i = 0; i < count; i++)
        kernels->encode(format->encoding, format->threshold, small + i * inputs, inputs,
                        encoded + i * inputs);
    return 0;
}

/* What the threads of one encoding share; pictures are handed out in runs. */
#define RUN 500u
struct job {
    const struct dime_input_format *format;
    const struct dime_dataset *dataset;
    int8_t *encoded;
    struct dime_ticket ticket;
    atomic_int code;
};

static void encode_runs(void *context, struct dime_team *team, uint32_t member) {
    (void)team, (void)member;
    struct job *job = context;
    const struct dime_dataset *dataset = job->dataset;
    size_t pixels = (size_t)dataset->height * dataset->width, inputs = job->format->size * job->format->size;
    for (uint32_t first; (first = RUN * dime_ticket_take(&job->ticket)) < dataset->count;) {
        uint32_t count = dataset->count - first < RUN ? dataset->count - first : RUN;
        int code = dime_encode_pictures(job->format, dataset->pixels + first * pixels, count, dataset->height,
                                        dataset->width, job->encoded + first * inputs);
        if (code) atomic_store(&job->code, code);
    }
}

int dime_encode_dataset(const struct dime_input_format *format, const struct dime_dataset *dataset,
                        uint32_t threads, int8_t **encoded) {
    struct job job = {.format = format, .dataset = dataset};
    *encoded = job.encoded =
        aligned_alloc(64, ((size_t)dataset->count * format->size * format->size + 64) / 64 * 64);
    if (!*encoded) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for %u pictures", dataset->count);
    dime_large_pages(*encoded, (size_t)dataset->count * format->size * format->size);
    dime_team_run(threads, encode_runs, &job);
    int code = atomic_load(&job.code);
    if (!code) return 0;
    free(*encoded);
    *encoded = NULL;
    return dime_error_set(
        code, "cannot resize pictures of %ux%u pixels to %ux%u: out of memory, or a side too long",
        dataset->width, dataset->height, format->size, format->size);
}
