/* SPDX-License-Identifier: MIT */
#include "data/encoded.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/large.h"
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

int dime_encode_dataset(const struct dime_input_format *format, const struct dime_dataset *dataset,
                        int8_t **encoded) {
    *encoded = malloc((size_t)dataset->count * format->size * format->size + 1);
    if (!*encoded) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for %u pictures", dataset->count);
    dime_large_pages(*encoded, (size_t)dataset->count * format->size * format->size);
    int code = dime_encode_pictures(format, dataset->pixels, dataset->count, dataset->height, dataset->width,
                                    *encoded);
    if (!code) return 0;
    free(*encoded);
    *encoded = NULL;
    return code;
}
