/* SPDX-License-Identifier: MIT */
#include "report/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define TICK_DISTANCE 60.0 /* pixels between two numbers of an axis, about */
#define MARKER 3.2
#define MOST_TICKS 64

/* Okabe, Ito: Color Universal Design, 2008. The lightest are left out: they are faint on paper. */
static const uint32_t colours[] = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0x000000, 0xE69F00};
enum { COLOURS = sizeof colours / sizeof *colours, SHAPES = 5 };

static void set_colour(cairo_t *cairo, uint32_t rgb) {
    cairo_set_source_rgb(cairo, (rgb >> 16 & 255) / 255.0, (rgb >> 8 & 255) / 255.0, (rgb & 255) / 255.0);
}

void dime_plot_grey(cairo_t *cairo, double level) {
    cairo_set_source_rgb(cairo, level, level, level);
}

uint32_t dime_plot_colour(double position) {
    static const double stops[5][3] = {
        {0, 32, 76}, {65, 77, 107}, {124, 123, 120}, {187, 175, 113}, {255, 234, 70}};
    double place = 4 * fmin(fmax(position, 0), 1);
    int stop = place < 3 ? (int)place : 3;
    uint32_t rgb = 0;
    for (int i = 0; i < 3; i++)
        rgb = rgb << 8 |
              (uint32_t)lround(stops[stop][i] + (place - stop) * (stops[stop + 1][i] - stops[stop][i]));
    return rgb;
}

/* ---- text ---- */

static void text_in(cairo_t *cairo, double x, double y, double size, enum dime_align align, const char *text,
                    cairo_font_weight_t weight) {
    cairo_text_extents_t extents;
    cairo_select_font_face(cairo, "sans-serif", CAIRO_FONT_SLANT_NORMAL, weight);
    cairo_set_font_size(cairo, size);
    cairo_text_extents(cairo, text, &extents);
    static const double before[] = {[DIME_ALIGN_LEFT] = 0, [DIME_ALIGN_CENTRE] = 0.5, [DIME_ALIGN_RIGHT] = 1};
    cairo_move_to(cairo, x - extents.x_advance * before[align], y);
    cairo_show_text(cairo, text);
}

void dime_plot_text(cairo_t *cairo, double x, double y, double size, enum dime_align align,
                    const char *text) {
    dime_plot_grey(cairo, 0);
    text_in(cairo, x, y, size, align, text, CAIRO_FONT_WEIGHT_NORMAL);
}

void dime_plot_bold(cairo_t *cairo, double x, double y, double size, enum dime_align align,
                    const char *text) {
    dime_plot_grey(cairo, 0);
    text_in(cairo, x, y, size, align, text, CAIRO_FONT_WEIGHT_BOLD);
}

void dime_plot_ink(cairo_t *cairo, double grey, double x, double y, double size, const char *text) {
    dime_plot_grey(cairo, grey);
    text_in(cairo, x, y, size, DIME_ALIGN_CENTRE, text, CAIRO_FONT_WEIGHT_NORMAL);
}

/* ---- axes ---- */

void dime_axis_include(struct dime_axis *axis, const double *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]) || (axis->logarithmic && values[i] <= 0)) continue;
        if (axis->high < axis->low) axis->low = axis->high = values[i];
        axis->low = fmin(axis->low, values[i]);
        axis->high = fmax(axis->high, values[i]);
    }
}

/* 1, 2 or 5 times a power of ten, so that `range` has about `ticks` steps. */
static double nice_step(double range, double ticks) {
    double rough = range / fmax(ticks, 1), power = pow(10, floor(log10(rough)));
    double ratio = rough / power;
    return power * (ratio < 1.5 ? 1 : ratio < 3.5 ? 2 : ratio < 7.5 ? 5 : 10);
}

/* The next of 1, 2, 5, 10 ... at or below (above) a number. */
static double log_step(double value, int up) {
    static const double marks[] = {1, 2, 5, 10};
    double power = pow(10, floor(log10(value)));
    if (up) {
        for (int i = 0; i < 4; i++)
            if (marks[i] * power >= value * (1 - 1e-9)) return marks[i] * power;
        return 10 * power;
    }
    for (int i = 3; i > 0; i--)
        if (marks[i] * power <= value * (1 + 1e-9)) return marks[i] * power;
    return power;
}

void dime_axis_round(struct dime_axis *axis) {
    if (axis->high < axis->low) {
        axis->low = axis->logarithmic ? 1 : 0;
        axis->high = axis->logarithmic ? 10 : 1;
    }
    if (axis->logarithmic) {
        axis->low = log_step(axis->low, 0);
        axis->high = log_step(axis->high, 1);
        if (axis->high <= axis->low) axis->high = 2 * axis->low;
        return;
    }
    if (axis->high <= axis->low) axis->high = axis->low + fmax(fabs(axis->low) * 0.01, 1e-6);
    double step = nice_step(axis->high - axis->low, 5);
    axis->low = step * floor(axis->low / step + 1e-9);
    axis->high = step * ceil(axis->high / step - 1e-9);
}

static double place_of(const struct dime_axis *axis, double value) {
    if (axis->logarithmic) return (log10(value) - log10(axis->low)) / (log10(axis->high) - log10(axis->low));
    return (value - axis->low) / (axis->high - axis->low);
}

double dime_plot_x(const struct dime_plot *plot, double value) {
    return plot->left + plot->width * place_of(&plot->horizontal, value);
}

double dime_plot_y(const struct dime_plot *plot, double value) {
    return plot->top + plot->height * (1 - place_of(&plot->vertical, value));
}

static int log_ticks(const struct dime_axis *axis, double length, double *ticks) {
    int count = 0, dense = log10(axis->high / axis->low) * TICK_DISTANCE * 3 < length * 1.5;
    double tick = log_step(axis->low, 1);
    while (tick <= axis->high * (1 + 1e-9) && count < MOST_TICKS) {
        int decade = fabs(log10(tick) - round(log10(tick))) < 1e-9;
        if (dense || decade) ticks[count++] = tick;
        tick = log_step(tick * 1.0001, 1);
    }
    return count;
}

static int make_ticks(const struct dime_axis *axis, double length, double *ticks) {
    if (axis->logarithmic) return log_ticks(axis, length, ticks);
    double step = nice_step(axis->high - axis->low, length / TICK_DISTANCE);
    int count = 0;
    double first = ceil(axis->low / step - 1e-9);
    for (int i = 0; count < MOST_TICKS && (first + i) * step <= axis->high + 1e-9 * step; i++)
        ticks[count++] = (first + i) * step;
    return count;
}

static void format_tick(double value, char text[24]) {
    if (fabs(value) < 1e-12) value = 0;
    if (fabs(value) >= 1e6)
        snprintf(text, 24, "%.4g M", value / 1e6);
    else if (fabs(value) >= 1e4)
        snprintf(text, 24, "%.4g k", value / 1e3);
    else
        snprintf(text, 24, "%.5g", value);
}

static void rule(const struct dime_plot *plot, double x0, double y0, double x1, double y1, double grey) {
    dime_plot_grey(plot->cairo, grey);
    cairo_set_dash(plot->cairo, NULL, 0, 0);
    cairo_set_line_width(plot->cairo, 1);
    cairo_move_to(plot->cairo, x0, y0);
    cairo_line_to(plot->cairo, x1, y1);
    cairo_stroke(plot->cairo);
}

static void horizontal_ticks(const struct dime_plot *plot) {
    double ticks[MOST_TICKS], bottom = plot->top + plot->height;
    int count = make_ticks(&plot->horizontal, plot->width, ticks);
    for (int i = 0; i < count; i++) {
        char text[24];
        double x = dime_plot_x(plot, ticks[i]);
        format_tick(ticks[i], text);
        rule(plot, x, plot->top, x, bottom, 0.88);
        rule(plot, x, bottom, x, bottom + 4, 0.2);
        dime_plot_text(plot->cairo, x, bottom + 17, DIME_PLOT_FONT - 1, DIME_ALIGN_CENTRE, text);
    }
}

static void vertical_ticks(const struct dime_plot *plot) {
    double ticks[MOST_TICKS];
    int count = make_ticks(&plot->vertical, plot->height * 1.6, ticks);
    for (int i = 0; i < count; i++) {
        char text[24];
        double y = dime_plot_y(plot, ticks[i]);
        format_tick(ticks[i], text);
        rule(plot, plot->left, y, plot->left + plot->width, y, 0.88);
        rule(plot, plot->left - 4, y, plot->left, y, 0.2);
        dime_plot_text(plot->cairo, plot->left - 7, y + 4, DIME_PLOT_FONT - 1, DIME_ALIGN_RIGHT, text);
    }
}

static void axis_labels(const struct dime_plot *plot) {
    cairo_t *cairo = plot->cairo;
    dime_plot_text(cairo, plot->left + plot->width / 2, plot->top + plot->height + 35, DIME_PLOT_FONT,
                   DIME_ALIGN_CENTRE, plot->horizontal.label);
    cairo_save(cairo);
    cairo_translate(cairo, plot->left - 42, plot->top + plot->height / 2);
    cairo_rotate(cairo, -acos(0));
    dime_plot_text(cairo, 0, 0, DIME_PLOT_FONT, DIME_ALIGN_CENTRE, plot->vertical.label);
    cairo_restore(cairo);
}

static void frame(const struct dime_plot *plot) {
    dime_plot_grey(plot->cairo, 0.2);
    cairo_set_dash(plot->cairo, NULL, 0, 0);
    cairo_set_line_width(plot->cairo, 1);
    cairo_rectangle(plot->cairo, plot->left, plot->top, plot->width, plot->height);
    cairo_stroke(plot->cairo);
}

void dime_plot_axes_without_ticks(const struct dime_plot *plot) {
    vertical_ticks(plot);
    frame(plot);
    axis_labels(plot);
}

void dime_plot_axes(const struct dime_plot *plot) {
    horizontal_ticks(plot);
    dime_plot_axes_without_ticks(plot);
}

/* ---- series ---- */

static void set_dashes(cairo_t *cairo, uint32_t series) {
    static const double dashes[4][4] = {{0}, {7, 4, 7, 4}, {2, 3, 2, 3}, {9, 3, 2, 3}};
    cairo_set_dash(cairo, dashes[series % 4], series % 4 ? 4 : 0, 0);
}

/* Circle, square, triangle, diamond, triangle on its tip; in MARKER from the middle. */
static void marker_path(cairo_t *cairo, double x, double y, uint32_t shape) {
    static const double corners[][4][2] = {{{-1, -1}, {1, -1}, {1, 1}, {-1, 1}},
                                           {{0, -1.3}, {1.2, 1}, {-1.2, 1}, {0, -1.3}},
                                           {{0, -1.3}, {1.2, 0}, {0, 1.3}, {-1.2, 0}},
                                           {{0, 1.3}, {1.2, -1}, {-1.2, -1}, {0, 1.3}}};
    cairo_new_sub_path(cairo);
    if (shape == 0) cairo_arc(cairo, x, y, MARKER, 0, 4 * acos(0));
    for (int i = 0; shape > 0 && i < 4; i++)
        cairo_line_to(cairo, x + corners[shape - 1][i][0] * MARKER, y + corners[shape - 1][i][1] * MARKER);
    cairo_close_path(cairo);
}

/* Even series filled, odd ones hollow: with five shapes, ten that differ without colour. */
static void draw_marker(cairo_t *cairo, double x, double y, uint32_t series) {
    marker_path(cairo, x, y, series % SHAPES);
    if (series % 2)
        dime_plot_grey(cairo, 1);
    else
        set_colour(cairo, colours[series % COLOURS]);
    cairo_fill_preserve(cairo);
    set_colour(cairo, colours[series % COLOURS]);
    cairo_set_dash(cairo, NULL, 0, 0);
    cairo_set_line_width(cairo, 1.4);
    cairo_stroke(cairo);
}

void dime_plot_marker(const struct dime_plot *plot, double x, double y, uint32_t series) {
    draw_marker(plot->cairo, dime_plot_x(plot, x), dime_plot_y(plot, y), series);
}

void dime_plot_key(cairo_t *cairo, double x, double y, uint32_t series) {
    draw_marker(cairo, x, y, series);
}

/* Values outside the axis would leave the frame. */
static int is_drawable(const struct dime_plot *plot, double x, double y) {
    return isfinite(x) && isfinite(y) && x >= plot->horizontal.low && x <= plot->horizontal.high &&
           y >= plot->vertical.low && y <= plot->vertical.high;
}

static void draw_markers(const struct dime_plot *plot, const double *x, const double *y, size_t count,
                         uint32_t series) {
    size_t every = count / 12 + 1; /* a line of many points has a few markers */
    for (size_t i = 0; i < count; i++)
        if (is_drawable(plot, x[i], y[i]) && (i % every == 0 || i + 1 == count))
            dime_plot_marker(plot, x[i], y[i], series);
}

void dime_plot_line(const struct dime_plot *plot, const double *x, const double *y, size_t count,
                    uint32_t series) {
    cairo_t *cairo = plot->cairo;
    int drawing = 0;
    set_colour(cairo, colours[series % COLOURS]);
    set_dashes(cairo, series);
    cairo_set_line_width(cairo, 1.8);
    for (size_t i = 0; i < count; i++) {
        if (!is_drawable(plot, x[i], y[i])) {
            drawing = 0;
            continue;
        }
        if (drawing)
            cairo_line_to(cairo, dime_plot_x(plot, x[i]), dime_plot_y(plot, y[i]));
        else
            cairo_move_to(cairo, dime_plot_x(plot, x[i]), dime_plot_y(plot, y[i]));
        drawing = 1;
    }
    cairo_stroke(cairo);
    draw_markers(plot, x, y, count, series);
}

void dime_plot_bar(const struct dime_plot *plot, double from, double to, double value, uint32_t series) {
    double x = dime_plot_x(plot, from), y = dime_plot_y(plot, value);
    set_colour(plot->cairo, colours[series % COLOURS]);
    cairo_rectangle(plot->cairo, x, y, dime_plot_x(plot, to) - x, plot->top + plot->height - y);
    cairo_fill(plot->cairo);
}

void dime_plot_legend(const struct dime_plot *plot, const char *const *names, uint32_t count) {
    cairo_t *cairo = plot->cairo;
    double x = plot->left, y = plot->top - 12;
    for (uint32_t i = 0; i < count; i++) {
        set_colour(cairo, colours[i % COLOURS]);
        set_dashes(cairo, i);
        cairo_set_line_width(cairo, 1.8);
        cairo_move_to(cairo, x, y - 4);
        cairo_line_to(cairo, x + 30, y - 4);
        cairo_stroke(cairo);
        draw_marker(cairo, x + 15, y - 4, i);
        dime_plot_text(cairo, x + 36, y, DIME_PLOT_FONT, DIME_ALIGN_LEFT, names[i]);
        cairo_text_extents_t extents;
        cairo_text_extents(cairo, names[i], &extents);
        x += 36 + extents.x_advance + 18;
    }
}

void dime_plot_pixels(cairo_t *cairo, double x, double y, const uint32_t *pixels, uint32_t rows,
                      uint32_t columns, double cell) {
    cairo_surface_t *image =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)(columns * 4), (int)(rows * 4));
    if (cairo_surface_status(image) == CAIRO_STATUS_SUCCESS) {
        unsigned char *bytes = cairo_image_surface_get_data(image);
        size_t stride = (size_t)cairo_image_surface_get_stride(image);
        for (uint32_t r = 0; r < rows * 4; r++)
            for (uint32_t c = 0; c < columns * 4; c++)
                memcpy(bytes + r * stride + c * 4, &pixels[(r / 4) * columns + c / 4], 4);
        cairo_surface_mark_dirty(image);
    }
    cairo_save(cairo);
    cairo_translate(cairo, x, y);
    cairo_scale(cairo, cell / 4, cell / 4);
    cairo_set_source_surface(cairo, image, 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo), CAIRO_FILTER_NEAREST);
    cairo_paint(cairo);
    cairo_restore(cairo);
    cairo_surface_destroy(image);
}
