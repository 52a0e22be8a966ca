/* SPDX-License-Identifier: MIT */
/* Loss and accuracy of each epoch. */
#include <math.h>

#include "report/pictures.h"
#include "report/plot.h"

#define PANEL_WIDTH 330.0
#define PANEL_HEIGHT 230.0
#define LEFT 62.0
#define TOP 62.0
#define BESIDE 90.0

static const char *const names[2] = {"training", "validation"};

static int has_values(const double *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (isfinite(values[i])) return 1;
    return 0;
}

static void draw_panel(cairo_t *cairo, double left, const char *title, const char *label,
                       const struct dime_metrics *metrics, const double *const series[2]) {
    struct dime_plot plot = {cairo,           left, TOP, PANEL_WIDTH, PANEL_HEIGHT, {1, 0, 0, "epoch"},
                             {1, 0, 0, label}};
    dime_axis_include(&plot.horizontal, metrics->epoch, metrics->count);
    if (plot.horizontal.high <= plot.horizontal.low) plot.horizontal.high = plot.horizontal.low + 1;
    uint32_t shown = has_values(series[1], metrics->count) ? 2 : 1;
    for (uint32_t i = 0; i < shown; i++) dime_axis_include(&plot.vertical, series[i], metrics->count);
    dime_axis_round(&plot.vertical);
    dime_plot_bold(cairo, left, 24, DIME_PLOT_FONT + 2, DIME_ALIGN_LEFT, title);
    dime_plot_legend(&plot, names, shown);
    dime_plot_axes(&plot);
    for (uint32_t i = 0; i < shown; i++) dime_plot_line(&plot, metrics->epoch, series[i], metrics->count, i);
}

static void draw(cairo_t *cairo, const void *data) {
    const struct dime_metrics *metrics = data;
    const double *const loss[2] = {metrics->train_loss, metrics->validation_loss};
    const double *const accuracy[2] = {metrics->train_accuracy, metrics->validation_accuracy};
    draw_panel(cairo, LEFT, "Loss", "mean cross-entropy (nats)", metrics, loss);
    draw_panel(cairo, LEFT + PANEL_WIDTH + BESIDE, "Accuracy", "right answers (%)", metrics, accuracy);
}

int dime_figure_curves(const struct dime_run_facts *facts, struct dime_figure *figure) {
    if (!facts->metrics || facts->metrics->count == 0) return 0;
    *figure = (struct dime_figure){
        .name = "curves",
        .title = "Loss and accuracy of training and validation over the epochs",
        .width = LEFT + 2 * PANEL_WIDTH + BESIDE + 18,
        .height = TOP + PANEL_HEIGHT + 48,
        .draw = draw,
        .data = facts->metrics,
    };
    return 1;
}
