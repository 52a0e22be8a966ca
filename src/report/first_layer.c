/* SPDX-License-Identifier: MIT */
#include "report/first_layer.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "report/figure.h"
#include "report/plot.h"

int dime_first_layer_of(const struct dime_model *model, struct dime_first_layer *first) {
    const struct dime_model_layer *layer = &model->layers[0];
    int is_fully_connected = layer->shape.kind == DIME_LAYER_FC;
    uint32_t size = is_fully_connected ? model->config.input_size : layer->shape.kernel;
    if (size * size != layer->inputs || (!layer->value && !layer->weight)) return 0;
    *first = (struct dime_first_layer){layer, is_fully_connected ? "units" : "kernels", layer->outputs, size,
                                       size};
    return 1;
}

double dime_first_layer_weight(const struct dime_first_layer *first, uint32_t picture, uint32_t place) {
    uint64_t index = (uint64_t)picture * first->height * first->width + place;
    return first->layer->value ? (double)first->layer->value[index] : (double)first->layer->weight[index];
}

double dime_first_layer_most(const struct dime_first_layer *first) {
    double most = DBL_MIN;
    for (uint32_t picture = 0; picture < first->count; picture++)
        for (uint32_t place = 0; place < first->height * first->width; place++)
            most = fmax(most, fabs(dime_first_layer_weight(first, picture, place)));
    return most;
}

/* ---- mosaic ---- */

struct field {
    uint32_t *pixels;
    uint32_t rows, columns;
};

static void draw_field(cairo_t *cairo, const void *data) {
    const struct field *field = data;
    dime_plot_pixels(cairo, 0, 0, field->pixels, field->rows, field->columns, 1);
}

static void paint(const struct dime_first_layer *first, uint32_t across, struct field *field) {
    double most = dime_first_layer_most(first);
    for (uint32_t i = 0; i < field->rows * field->columns; i++) field->pixels[i] = 0xFFFFFF;
    for (uint32_t picture = 0; picture < first->count; picture++) {
        uint32_t top = picture / across * (first->height + 1), left = picture % across * (first->width + 1);
        for (uint32_t i = 0; i < first->height * first->width; i++)
            field->pixels[(top + i / first->width) * field->columns + left + i % first->width] =
                dime_plot_colour(0.5 + 0.5 * dime_first_layer_weight(first, picture, i) / most);
    }
}

int dime_first_layer_mosaic(const struct dime_first_layer *first, struct dime_mosaic *mosaic) {
    uint32_t across = (uint32_t)ceil(sqrt(first->count)), down = (first->count + across - 1) / across;
    struct field field = {NULL, down * (first->height + 1) - 1, across * (first->width + 1) - 1};
    field.pixels = malloc((size_t)field.rows * field.columns * sizeof *field.pixels);
    if (!field.pixels) return dime_error_set(DIME_ERROR_MEMORY, "out of memory for a picture of weights");
    paint(first, across, &field);
    const struct dime_figure figure = {"mosaic", "weights", field.columns, field.rows, draw_field, &field};
    mosaic->height = DIME_FIGURE_PNG_SCALE * field.rows;
    mosaic->width = DIME_FIGURE_PNG_SCALE * field.columns;
    int code = dime_figure_png(&figure, &mosaic->png, &mosaic->size);
    free(field.pixels);
    return code;
}
