/* SPDX-License-Identifier: MIT */
#include "report/figure.h"

#include <cairo/cairo-svg.h>
#include <fontconfig/fontconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

/* What a surface has written so far. */
struct output {
    char *bytes;
    size_t size, capacity;
};

static cairo_status_t append(void *closure, const unsigned char *bytes, unsigned int size) {
    struct output *output = closure;
    if (output->size + size + 1 > output->capacity) {
        size_t capacity = 2 * output->capacity + size + 4096;
        char *larger = realloc(output->bytes, capacity);
        if (!larger) return CAIRO_STATUS_NO_MEMORY;
        output->bytes = larger;
        output->capacity = capacity;
    }
    memcpy(output->bytes + output->size, bytes, size);
    output->size += size;
    output->bytes[output->size] = 0;
    return CAIRO_STATUS_SUCCESS;
}

static int check_status(const struct dime_figure *figure, cairo_status_t status) {
    if (status == CAIRO_STATUS_SUCCESS) return 0;
    return dime_error_set(status == CAIRO_STATUS_NO_MEMORY ? DIME_ERROR_MEMORY : DIME_ERROR_IO,
                          "figure %s: cannot be drawn: %s", figure->name, cairo_status_to_string(status));
}

/* White paper, so that a figure is the same on a dark page. */
static cairo_status_t draw_on(const struct dime_figure *figure, cairo_surface_t *surface, double scale) {
    cairo_t *cairo = cairo_create(surface);
    cairo_scale(cairo, scale, scale);
    cairo_set_source_rgb(cairo, 1, 1, 1);
    cairo_paint(cairo);
    figure->draw(cairo, figure->data);
    cairo_status_t status = cairo_status(cairo);
    cairo_destroy(cairo);
    return status;
}

static int finish(const struct dime_figure *figure, cairo_status_t status, struct output *output) {
    int code = check_status(figure, status);
    if (!code && !output->bytes) code = check_status(figure, CAIRO_STATUS_NO_MEMORY);
    if (!code) return 0;
    free(output->bytes);
    return code;
}

int dime_figure_svg(const struct dime_figure *figure, char **text, size_t *size) {
    struct output output = {0};
    cairo_surface_t *surface =
        cairo_svg_surface_create_for_stream(append, &output, figure->width, figure->height);
    cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
    cairo_status_t status = draw_on(figure, surface, 1);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    int code = finish(figure, status, &output);
    if (code) return code;
    *text = output.bytes;
    *size = output.size;
    return 0;
}

int dime_figure_png(const struct dime_figure *figure, char **bytes, size_t *size) {
    const int scale = DIME_FIGURE_PNG_SCALE;
    struct output output = {0};
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(scale * figure->width),
                                                          (int)(scale * figure->height));
    cairo_status_t status = draw_on(figure, surface, scale);
    if (status == CAIRO_STATUS_SUCCESS) status = cairo_surface_write_to_png_stream(surface, append, &output);
    cairo_surface_destroy(surface);
    int code = finish(figure, status, &output);
    if (code) return code;
    *bytes = output.bytes;
    *size = output.size;
    return 0;
}

static int write_file(const struct dime_figure *figure, const char *folder, const char *ending,
                      const struct output *output) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", figure->name, ending);
    char *path = dime_path_join(folder, name);
    int code = path ? dime_file_write(path, output->bytes, output->size)
                    : dime_error_set(DIME_ERROR_MEMORY, "%s: out of memory", folder);
    free(path);
    return code;
}

int dime_figure_write(const struct dime_figure *figure, const char *folder) {
    struct output output = {0};
    int code = dime_figure_svg(figure, &output.bytes, &output.size);
    if (code) return code;
    code = write_file(figure, folder, "svg", &output);
    free(output.bytes);
    output = (struct output){0};
    if (!code) code = dime_figure_png(figure, &output.bytes, &output.size);
    if (code) return code;
    code = write_file(figure, folder, "png", &output);
    free(output.bytes);
    return code;
}

void dime_figure_forget_fonts(void) {
    cairo_debug_reset_static_data();
    FcFini();
}
