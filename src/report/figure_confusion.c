/* SPDX-License-Identifier: MIT */
/* What the network reads (columns) where the label says what it is (rows). */
#include <math.h>
#include <stdio.h>

#include "report/pictures.h"
#include "report/plot.h"

#define LEFT 96.0
#define TOP 86.0
#define LEAST_WIDTH 330.0 /* that the title takes */
#define MOST_NUMBERED 26  /* classes; with more, cells are too small for numbers */

struct layout {
    const struct dime_run_facts *facts;
    uint32_t classes;
    double cell;
    uint32_t most; /* mistakes in one cell */
};

static struct layout layout_of(const struct dime_run_facts *facts) {
    struct layout layout = {facts, facts->model->classes, 0, 1};
    layout.cell = layout.classes <= 12 ? 40 : layout.classes <= MOST_NUMBERED ? 30 : 6;
    for (uint32_t i = 0; i < layout.classes * layout.classes; i++)
        if (i / layout.classes != i % layout.classes && facts->test.confusion[i] > layout.most)
            layout.most = facts->test.confusion[i];
    return layout;
}

static void draw_cell(cairo_t *cairo, const struct layout *layout, uint32_t row, uint32_t column) {
    uint32_t count = layout->facts->test.confusion[row * layout->classes + column];
    double x = LEFT + column * layout->cell, y = TOP + row * layout->cell, cell = layout->cell;
    double ink = row == column ? 0 : 0.85 * sqrt((double)count / layout->most);
    dime_plot_grey(cairo, 1 - ink);
    cairo_rectangle(cairo, x, y, cell, cell);
    cairo_fill(cairo);
    dime_plot_grey(cairo, 0.75);
    cairo_set_line_width(cairo, layout->classes <= MOST_NUMBERED ? 1 : 0.25);
    cairo_rectangle(cairo, x, y, cell, cell);
    cairo_stroke(cairo);
    if (count == 0 || layout->classes > MOST_NUMBERED) return;
    char text[16];
    snprintf(text, sizeof text, "%u", count);
    if (row == column) {
        dime_plot_bold(cairo, x + cell / 2, y + cell / 2 + 4, DIME_PLOT_FONT, DIME_ALIGN_CENTRE, text);
        return;
    }
    dime_plot_ink(cairo, ink > 0.45 ? 1 : 0, x + cell / 2, y + cell / 2 + 4, DIME_PLOT_FONT, text);
}

static void draw_diagonal(cairo_t *cairo, const struct layout *layout) {
    dime_plot_grey(cairo, 0);
    cairo_set_line_width(cairo, 1.5);
    for (uint32_t i = 0; i < layout->classes; i++)
        cairo_rectangle(cairo, LEFT + i * layout->cell, TOP + i * layout->cell, layout->cell, layout->cell);
    cairo_stroke(cairo);
}

static void class_label(const struct layout *layout, uint32_t class, char text[16]) {
    char name[128];
    dime_facts_class(layout->facts, class, name, sizeof name);
    snprintf(text, 16, "%.9s", name);
}

/* Right of each row: how many of that class were read as such. */
static void draw_recall(cairo_t *cairo, const struct layout *layout, uint32_t row) {
    const uint32_t *counts = layout->facts->test.confusion + row * layout->classes;
    uint32_t sum = 0;
    char text[16];
    for (uint32_t i = 0; i < layout->classes; i++) sum += counts[i];
    if (sum == 0) return;
    snprintf(text, sizeof text, "%.1f %%", 100.0 * counts[row] / sum);
    dime_plot_text(cairo, LEFT + layout->classes * layout->cell + 56, TOP + (row + 0.5) * layout->cell + 4,
                   DIME_PLOT_FONT, DIME_ALIGN_RIGHT, text);
}

static void draw_names(cairo_t *cairo, const struct layout *layout) {
    for (uint32_t i = 0; i < layout->classes && layout->classes <= MOST_NUMBERED; i++) {
        char text[16];
        class_label(layout, i, text);
        double middle = (i + 0.5) * layout->cell;
        dime_plot_text(cairo, LEFT - 8, TOP + middle + 4, DIME_PLOT_FONT, DIME_ALIGN_RIGHT, text);
        cairo_save(cairo);
        cairo_translate(cairo, LEFT + middle, TOP - 8);
        if (text[1]) cairo_rotate(cairo, -0.6);
        dime_plot_text(cairo, 0, 0, DIME_PLOT_FONT, text[1] ? DIME_ALIGN_LEFT : DIME_ALIGN_CENTRE, text);
        cairo_restore(cairo);
        draw_recall(cairo, layout, i);
    }
}

static void draw_headings(cairo_t *cairo, const struct layout *layout) {
    char text[160];
    const struct dime_test_facts *test = &layout->facts->test;
    double size = layout->classes * layout->cell;
    snprintf(text, sizeof text, "%u test images, %.2f %% right", test->images, test->accuracy);
    dime_plot_bold(cairo, 16, 24, DIME_PLOT_FONT + 2, DIME_ALIGN_LEFT, text);
    dime_plot_text(cairo, 16, 42, DIME_PLOT_FONT, DIME_ALIGN_LEFT, "the darker a field, the more mistakes");
    dime_plot_text(cairo, LEFT + size / 2, TOP + size + 22, DIME_PLOT_FONT, DIME_ALIGN_CENTRE,
                   "read as (images)");
    dime_plot_text(cairo, LEFT + size + 56, TOP - 8, DIME_PLOT_FONT, DIME_ALIGN_RIGHT, "right");
    cairo_save(cairo);
    cairo_translate(cairo, 24, TOP + size / 2);
    cairo_rotate(cairo, -acos(0));
    dime_plot_text(cairo, 0, 0, DIME_PLOT_FONT, DIME_ALIGN_CENTRE, "label (what it is)");
    cairo_restore(cairo);
}

static void draw(cairo_t *cairo, const void *data) {
    struct layout layout = layout_of(data);
    for (uint32_t row = 0; row < layout.classes; row++)
        for (uint32_t column = 0; column < layout.classes; column++) draw_cell(cairo, &layout, row, column);
    draw_diagonal(cairo, &layout);
    draw_names(cairo, &layout);
    draw_headings(cairo, &layout);
}

int dime_figure_confusion(const struct dime_run_facts *facts, struct dime_figure *figure) {
    if (!facts->test.images) return 0;
    struct layout layout = layout_of(facts);
    double size = layout.classes * layout.cell;
    *figure = (struct dime_figure){
        .name = "confusion",
        .title = "Confusion matrix of the test set: labels in rows, answers in columns",
        .width = fmax(LEFT + size + 74, LEAST_WIDTH),
        .height = TOP + size + 36,
        .draw = draw,
        .data = facts,
    };
    return 1;
}
