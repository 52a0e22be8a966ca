/* SPDX-License-Identifier: MIT */
#include "data/photo_view.h"

#include <stdlib.h>

#include "base/error.h"

int dime_photo_viewer_create(struct dime_photo_viewer **viewer, uint32_t source_height, uint32_t source_width,
                             uint32_t height, uint32_t width, uint32_t size,
                             const struct dime_photo_settings *settings) {
    struct dime_photo_viewer *made = calloc(1, sizeof *made);
    *viewer = NULL;
    if (!made) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for camera pictures");
    made->height = height;
    made->width = width;
    made->size = size;
    made->picture = malloc((size_t)height * width);
    int code = made->picture ? dime_photographer_create(&made->photographer, source_height, source_width,
                                                        height, width, settings)
                             : dime_error_set(DIME_ERROR_MEMORY, "out of memory for camera pictures");
    if (code)
        dime_photo_viewer_free(made);
    else
        *viewer = made;
    return code;
}

void dime_photo_viewer_free(struct dime_photo_viewer *viewer) {
    if (!viewer) return;
    dime_photographer_free(viewer->photographer);
    free(viewer->picture);
    free(viewer);
}

enum dime_vision_finding dime_photo_view(struct dime_photo_viewer *viewer, const uint8_t *digit,
                                         struct dime_random random, uint8_t *output) {
    struct dime_vision vision;
    dime_photograph(viewer->photographer, digit, random, viewer->picture);
    dime_vision_begin(&vision, viewer->width, viewer->height, viewer->cells, sizeof viewer->cells);
    dime_vision_add(&vision, viewer->picture, viewer->height * viewer->width);
    return dime_vision_finish(&vision, DIME_VISION_AUTO, viewer->size, output, NULL);
}
