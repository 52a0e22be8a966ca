/* SPDX-License-Identifier: MIT */
/* How often each weight value occurs, layer by layer. */
#include <math.h>
#include <stdio.h>

#include "model/statistics.h"
#include "report/pictures.h"
#include "report/plot.h"

#define PANEL_WIDTH 330.0
#define PANEL_HEIGHT 170.0
#define LEFT 62.0
#define TOP 52.0
#define BESIDE 90.0
#define BELOW 105.0
#define LABEL_WIDTH 30.0 /* pixels that a number under a bar needs */

static double share(const struct dime_layer_statistics *statistics, uint32_t bin) {
    return 100.0 * (double)statistics->bins[bin].count / (double)statistics->weights;
}

static void draw_title(const struct dime_plot *plot, const struct dime_model_layer *layer, uint32_t number,
                       const struct dime_layer_statistics *statistics) {
    char text[160], below[128], kind[64];
    dime_facts_layer(layer, kind, sizeof kind);
    snprintf(text, sizeof text, "Layer %u: %s, %s", number, kind, dime_format_name(layer->format));
    if (statistics->codes)
        snprintf(below, sizeof below, "%llu weights, entropy %.2f of %.2f bits",
                 (unsigned long long)statistics->weights, statistics->entropy, log2(statistics->codes));
    else
        snprintf(below, sizeof below, "%llu weights", (unsigned long long)statistics->weights);
    dime_plot_bold(plot->cairo, plot->left, plot->top - 26, DIME_PLOT_FONT + 2, DIME_ALIGN_LEFT, text);
    dime_plot_text(plot->cairo, plot->left, plot->top - 9, DIME_PLOT_FONT, DIME_ALIGN_LEFT, below);
}

/* Levels of a format can be far from even (FP130), so each has a bar of the same width and its own number. */
static void draw_bars(const struct dime_plot *plot, const struct dime_layer_statistics *statistics) {
    double width = plot->width / statistics->bin_count;
    uint32_t every = (uint32_t)ceil(LABEL_WIDTH / width);
    for (uint32_t i = 0; i < statistics->bin_count; i++) {
        char text[24];
        double y = plot->top + plot->height;
        dime_plot_bar(plot, i + (width > 3 ? 0.1 : 0), i + (width > 3 ? 0.9 : 1), share(statistics, i), 0);
        if (i % every) continue;
        snprintf(text, sizeof text, "%.3g", statistics->bins[i].low);
        dime_plot_text(plot->cairo, dime_plot_x(plot, i + (statistics->codes ? 0.5 : 0)), y + 17,
                       DIME_PLOT_FONT - 1, DIME_ALIGN_CENTRE, text);
    }
}

static void draw_panel(cairo_t *cairo, double left, double top, const struct dime_model_layer *layer,
                       uint32_t number) {
    struct dime_layer_statistics statistics;
    dime_layer_statistics(layer, &statistics);
    struct dime_plot plot = {cairo,
                             left,
                             top,
                             PANEL_WIDTH,
                             PANEL_HEIGHT,
                             {0, statistics.bin_count, 0, "value of the weight"},
                             {0, 0, 0, "share of the weights (%)"}};
    if (!statistics.codes) plot.horizontal.label = "value of the weight (lower end of each bar)";
    for (uint32_t i = 0; i < statistics.bin_count; i++) {
        double value = share(&statistics, i);
        dime_axis_include(&plot.vertical, &value, 1);
    }
    dime_axis_round(&plot.vertical);
    draw_title(&plot, layer, number, &statistics);
    dime_plot_axes_without_ticks(&plot);
    draw_bars(&plot, &statistics);
}

static void draw(cairo_t *cairo, const void *data) {
    const struct dime_model *model = data;
    uint32_t place = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        if (dime_layer_is_pool(&model->layers[i])) continue;
        draw_panel(cairo, LEFT + (place % 2) * (PANEL_WIDTH + BESIDE),
                   TOP + (double)(place / 2) * (PANEL_HEIGHT + BELOW), &model->layers[i], i + 1);
        place++;
    }
}

int dime_figure_weights(const struct dime_run_facts *facts, struct dime_figure *figure) {
    uint32_t layers = 0;
    for (uint32_t i = 0; i < facts->model->layer_count; i++)
        layers += !dime_layer_is_pool(&facts->model->layers[i]);
    uint32_t rows = (layers + 1) / 2;
    *figure = (struct dime_figure){
        .name = "weights",
        .title = "How often each weight value occurs, one histogram for each layer",
        .width = LEFT + (layers > 1 ? 2 * PANEL_WIDTH + BESIDE : PANEL_WIDTH) + 18,
        .height = TOP + rows * PANEL_HEIGHT + (rows - 1) * BELOW + 48,
        .draw = draw,
        .data = facts->model,
    };
    return 1;
}
