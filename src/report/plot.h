/* SPDX-License-Identifier: MIT */
/* Axes, lines, bars and text on a figure. Series differ in colour (the eight of Okabe and Ito, which the
   colour-blind can tell apart), in dashes and in marker, so that they also differ in black and white. */
#ifndef DIME_REPORT_PLOT_H
#define DIME_REPORT_PLOT_H

#include <cairo/cairo.h>
#include <stddef.h>
#include <stdint.h>

#define DIME_PLOT_FONT 12.0 /* pixels; titles are larger */

struct dime_axis {
    double low, high; /* high > low; above 0 on a logarithmic axis */
    int logarithmic;
    const char *label; /* what and its unit: "loss (nats)" */
};

/* A frame on a figure: its inner rectangle, axes outside. */
struct dime_plot {
    cairo_t *cairo;
    double left, top, width, height;
    struct dime_axis horizontal, vertical;
};

/* Frame, grid, ticks with numbers, labels. */
void dime_plot_axes(const struct dime_plot *plot);
/* The same without ticks on the horizontal axis, for bars that are labelled one by one. */
void dime_plot_axes_without_ticks(const struct dime_plot *plot);
double dime_plot_x(const struct dime_plot *plot, double value);
double dime_plot_y(const struct dime_plot *plot, double value);
/* Points that are not finite interrupt the line; a point between two of them gets a marker. */
void dime_plot_line(const struct dime_plot *plot, const double *x, const double *y, size_t count,
                    uint32_t series);
void dime_plot_bar(const struct dime_plot *plot, double from, double to, double value, uint32_t series);
void dime_plot_marker(const struct dime_plot *plot, double x, double y, uint32_t series);
/* The same marker anywhere on the figure, for a list of what they mean. */
void dime_plot_key(cairo_t *cairo, double x, double y, uint32_t series);
/* A row of keys above the frame. */
void dime_plot_legend(const struct dime_plot *plot, const char *const *names, uint32_t count);

/* Widens the axis to the finite ones of `values`; one with high < low has nothing yet. */
void dime_axis_include(struct dime_axis *axis, const double *values, size_t count);
/* Widens it to round numbers; 0..1 (1..10) where it has nothing. */
void dime_axis_round(struct dime_axis *axis);

enum dime_align { DIME_ALIGN_LEFT, DIME_ALIGN_CENTRE, DIME_ALIGN_RIGHT };
/* Black text with its base line at y. */
void dime_plot_text(cairo_t *cairo, double x, double y, double size, enum dime_align align, const char *text);
void dime_plot_bold(cairo_t *cairo, double x, double y, double size, enum dime_align align, const char *text);
/* Centred text of another grey. */
void dime_plot_ink(cairo_t *cairo, double grey, double x, double y, double size, const char *text);
void dime_plot_grey(cairo_t *cairo, double level); /* 0 black .. 1 white as the source */
/* From `position` 0 (dark blue) over 0.5 (grey) to 1 (light yellow), ever lighter: after cividis (Nunez,
   Anderton, Renslow, 2018, doi 10.1371/journal.pone.0199239). 0xRRGGBB. */
uint32_t dime_plot_colour(double position);
/* Paints `rows` x `columns` pixels 0xRRGGBB as squares of `cell` pixels. */
void dime_plot_pixels(cairo_t *cairo, double x, double y, const uint32_t *pixels, uint32_t rows,
                      uint32_t columns, double cell);

#endif
