/* SPDX-License-Identifier: MIT */
/* Accuracy against bytes and cycles, a point for each run. */
#include <stdio.h>
#include <string.h>

#include "report/pictures.h"
#include "report/plot.h"

#define PANEL_WIDTH 330.0
#define PANEL_HEIGHT 230.0
#define LEFT 62.0
#define TOP 44.0
#define BESIDE 90.0
#define KEY_HEIGHT 20.0
#define KEY_LETTERS 40

static double bytes_of(const struct dime_run_facts *run) {
    return (double)dime_model_bytes(run->model);
}

static double cycles_of(const struct dime_run_facts *run) {
    return run->chip.has_cycles ? (double)run->chip.cycles : 0;
}

/* Its number stands in one of four places beside it, so that those of equal points do not hide each other. */
static void draw_point(const struct dime_plot *plot, double value, double accuracy, size_t run) {
    static const enum dime_align sides[] = {DIME_ALIGN_LEFT, DIME_ALIGN_RIGHT};
    double x = dime_plot_x(plot, value), y = dime_plot_y(plot, accuracy);
    char number[24];
    snprintf(number, sizeof number, "%zu", run + 1);
    dime_plot_marker(plot, value, accuracy, (uint32_t)run);
    dime_plot_text(plot->cairo, x + (run % 2 ? -8 : 8), y + (run / 2 % 2 ? 13 : -5), DIME_PLOT_FONT - 1,
                   sides[run % 2], number);
}

static void draw_panel(cairo_t *cairo, double left, const struct dime_comparison *comparison,
                       const char *title, const char *label, double (*value)(const struct dime_run_facts *)) {
    struct dime_plot plot = {
        cairo, left, TOP, PANEL_WIDTH, PANEL_HEIGHT, {1, 0, 1, label}, {1, 0, 0, "test accuracy (%)"}};
    for (size_t i = 0; i < comparison->count; i++) {
        double x = value(&comparison->runs[i]);
        if (x <= 0) continue;
        const double around[2] = {x / 1.15, x * 1.15}; /* no point lies on the frame */
        dime_axis_include(&plot.horizontal, around, 2);
        dime_axis_include(&plot.vertical, &comparison->runs[i].test.accuracy, 1);
    }
    const double room[2] = {plot.vertical.low - 0.05, plot.vertical.high + 0.05};
    if (plot.vertical.high >= plot.vertical.low) dime_axis_include(&plot.vertical, room, 2);
    dime_axis_round(&plot.horizontal);
    dime_axis_round(&plot.vertical);
    dime_plot_bold(cairo, left, 24, DIME_PLOT_FONT + 2, DIME_ALIGN_LEFT, title);
    dime_plot_axes(&plot);
    for (size_t i = 0; i < comparison->count; i++) {
        const struct dime_run_facts *run = &comparison->runs[i];
        if (value(run) > 0) draw_point(&plot, value(run), run->test.accuracy, i);
    }
}

/* "3  runs/first"; of a long name its end, which tells runs apart. */
static void key_of(const struct dime_comparison *comparison, size_t run, char *text, size_t size) {
    const char *name = comparison->runs[run].name;
    size_t length = strlen(name), most = KEY_LETTERS;
    if (length <= most)
        snprintf(text, size, "%zu  %s", run + 1, name);
    else
        snprintf(text, size, "%zu  ...%s", run + 1, name + length - most + 3);
}

static void draw(cairo_t *cairo, const void *data) {
    const struct dime_comparison *comparison = data;
    draw_panel(cairo, LEFT, comparison, "Accuracy against size", "weights (bytes)", bytes_of);
    draw_panel(cairo, LEFT + PANEL_WIDTH + BESIDE, comparison, "Accuracy against time",
               "one picture on the chip (cycles)", cycles_of);
    for (size_t i = 0; i < comparison->count; i++) {
        char text[128];
        key_of(comparison, i, text, sizeof text);
        dime_plot_text(cairo, LEFT + (double)(i % 2) * (PANEL_WIDTH + BESIDE),
                       TOP + PANEL_HEIGHT + 66 + (double)(i / 2) * KEY_HEIGHT, DIME_PLOT_FONT,
                       DIME_ALIGN_LEFT, text);
    }
}

int dime_figure_comparison(const struct dime_comparison *comparison, struct dime_figure *figure) {
    if (comparison->count < 2) return 0;
    *figure = (struct dime_figure){
        .name = "comparison",
        .title = "Test accuracy of several runs against bytes of weights and cycles on the chip",
        .width = LEFT + 2 * PANEL_WIDTH + BESIDE + 18,
        .height = TOP + PANEL_HEIGHT + 60 + (double)((comparison->count + 1) / 2) * KEY_HEIGHT,
        .draw = draw,
        .data = comparison,
    };
    return 1;
}
