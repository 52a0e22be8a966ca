/* SPDX-License-Identifier: MIT */
/* Accuracy against bytes and cycles, a point for each run. */
#include <stdio.h>

#include "report/pictures.h"
#include "report/plot.h"

#define PANEL_WIDTH 330.0
#define PANEL_HEIGHT 230.0
#define LEFT 62.0
#define TOP 44.0
#define BESIDE 90.0
#define KEY_HEIGHT 20.0

static double bytes_of(const struct dime_run_facts *run) {
    return (double)dime_model_bytes(run->model);
}

static double cycles_of(const struct dime_run_facts *run) {
    return run->chip.has_cycles ? (double)run->chip.cycles : 0;
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
        char number[24];
        if (value(run) <= 0) continue;
        dime_plot_marker(&plot, value(run), run->test.accuracy, (uint32_t)i);
        snprintf(number, sizeof number, "%zu", i + 1);
        dime_plot_text(cairo, dime_plot_x(&plot, value(run)) + 7, dime_plot_y(&plot, run->test.accuracy) - 5,
                       DIME_PLOT_FONT - 1, DIME_ALIGN_LEFT, number);
    }
}

static void draw(cairo_t *cairo, const void *data) {
    const struct dime_comparison *comparison = data;
    draw_panel(cairo, LEFT, comparison, "Accuracy against size", "weights (bytes)", bytes_of);
    draw_panel(cairo, LEFT + PANEL_WIDTH + BESIDE, comparison, "Accuracy against time",
               "one picture on the chip (cycles)", cycles_of);
    for (size_t i = 0; i < comparison->count; i++) {
        char text[256];
        snprintf(text, sizeof text, "%zu  %.180s", i + 1, comparison->runs[i].name);
        dime_plot_text(cairo, LEFT, TOP + PANEL_HEIGHT + 66 + (double)i * KEY_HEIGHT, DIME_PLOT_FONT,
                       DIME_ALIGN_LEFT, text);
    }
}

int dime_figure_comparison(const struct dime_comparison *comparison, struct dime_figure *figure) {
    if (comparison->count < 2) return 0;
    *figure = (struct dime_figure){
        .name = "comparison",
        .title = "Test accuracy of several runs against bytes of weights and cycles on the chip",
        .width = LEFT + 2 * PANEL_WIDTH + BESIDE + 18,
        .height = TOP + PANEL_HEIGHT + 60 + (double)comparison->count * KEY_HEIGHT,
        .draw = draw,
        .data = comparison,
    };
    return 1;
}
