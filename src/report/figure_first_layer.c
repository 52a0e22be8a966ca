/* SPDX-License-Identifier: MIT */
/* The weights of each unit of the first layer as a picture of what it looks for. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/first_layer.h"
#include "report/pictures.h"
#include "report/plot.h"

#define LEFT 16.0
#define TOP 84.0
#define GAP 8.0
#define PAGE 830.0
#define BAR_WIDTH 160.0

struct layout {
    struct dime_first_layer layer;
    double cell;
    uint32_t columns, rows;
};

static int layout_of(const struct dime_model *model, struct layout *layout) {
    if (!dime_first_layer_of(model, &layout->layer)) return 0;
    const struct dime_first_layer *layer = &layout->layer;
    double tile = layer->width <= 8 ? 48 : layer->width <= 20 ? 80 : 112;
    layout->columns = (uint32_t)((PAGE - 2 * LEFT + GAP) / (tile + GAP));
    if (layout->columns > layer->count) layout->columns = layer->count;
    while (layout->columns > 6 && layer->count % layout->columns && layer->count % (layout->columns - 1) == 0)
        layout->columns--; /* whole rows, where one column less gives them */
    double fitting =
        (PAGE - 2 * LEFT + GAP) / layout->columns - GAP; /* the rows as long as the page is wide */
    layout->cell = fmin(fitting, 1.2 * tile) / layer->width;
    layout->rows = (layer->count + layout->columns - 1) / layout->columns;
    return 1;
}

/* The weights' range: the colour is grey at 0. */
static void draw_scale(cairo_t *cairo, double most) {
    uint32_t colours[64];
    char text[24];
    for (uint32_t i = 0; i < 64; i++) colours[i] = dime_plot_colour(i / 63.0);
    for (uint32_t i = 0; i < 12; i++) dime_plot_pixels(cairo, LEFT, 52 + i, colours, 1, 64, BAR_WIDTH / 64);
    snprintf(text, sizeof text, "-%.3g", most);
    dime_plot_text(cairo, LEFT, 48, DIME_PLOT_FONT - 1, DIME_ALIGN_LEFT, text);
    dime_plot_text(cairo, LEFT + BAR_WIDTH / 2, 48, DIME_PLOT_FONT - 1, DIME_ALIGN_CENTRE, "0");
    dime_plot_text(cairo, LEFT + BAR_WIDTH, 48, DIME_PLOT_FONT - 1, DIME_ALIGN_RIGHT, text + 1);
    dime_plot_text(cairo, LEFT + BAR_WIDTH + 12, 62, DIME_PLOT_FONT, DIME_ALIGN_LEFT,
                   "weight: dark where the unit wants background, light where it wants ink");
}

static void draw_unit(cairo_t *cairo, const struct layout *layout, uint32_t unit, double most) {
    const struct dime_first_layer *layer = &layout->layer;
    uint32_t count = layer->width * layer->height, *pixels = malloc(count * sizeof *pixels);
    double wide = layer->width * layout->cell + GAP, high = layer->height * layout->cell + GAP;
    if (!pixels) return;
    for (uint32_t i = 0; i < count; i++)
        pixels[i] = dime_plot_colour(0.5 + 0.5 * dime_first_layer_weight(layer, unit, i) / most);
    dime_plot_pixels(cairo, LEFT + (unit % layout->columns) * wide,
                     TOP + (double)(unit / layout->columns) * high, pixels, layer->height, layer->width,
                     layout->cell);
    free(pixels);
}

static void draw(cairo_t *cairo, const void *data) {
    struct layout layout;
    char text[96];
    if (!layout_of(data, &layout)) return;
    double most = dime_first_layer_most(&layout.layer);
    snprintf(text, sizeof text, "What the %u %s of the first layer look for, %ux%u weights each",
             layout.layer.count, layout.layer.what, layout.layer.width, layout.layer.height);
    dime_plot_bold(cairo, LEFT, 24, DIME_PLOT_FONT + 2, DIME_ALIGN_LEFT, text);
    draw_scale(cairo, most);
    for (uint32_t unit = 0; unit < layout.layer.count; unit++) draw_unit(cairo, &layout, unit, most);
}

int dime_figure_first_layer(const struct dime_run_facts *facts, struct dime_figure *figure) {
    struct layout layout;
    if (!layout_of(facts->model, &layout)) return 0;
    *figure = (struct dime_figure){
        .name = "first-layer",
        .title = "The weights of each unit of the first layer as a picture of what it looks for",
        .width = PAGE,
        .height = TOP + layout.rows * (layout.layer.height * layout.cell + GAP) + 8,
        .draw = draw,
        .data = facts->model,
    };
    return 1;
}
